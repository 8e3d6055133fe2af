"""A mean whose error has two independent parts: of a few seeds, and of many test images."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass

from scipy import optimize, special


@dataclass(frozen=True, kw_only=True)
class Estimate(ABC):
    """A mean over seeds and images, with what is known of its precision.

    The variance of the seeds' part is known from a few of them only, so that it follows Student's
    distribution; that of the many images is normal. The interval's half-width is the root of the
    squares of what each would have alone, as in Howe (1974, "Approximate confidence limits on the
    mean of X + Y", Journal of the American Statistical Association 69).

    Attributes:
        mean: The estimate, in the unit of the values.
        n_seeds: At least 2; of the side with fewer, where two sides have seeds of their own.
    """

    mean: float
    n_seeds: int

    @property
    @abstractmethod
    def seeds_variance(self) -> float:
        """Return the share of the mean's variance that more seeds would lower."""

    @property
    @abstractmethod
    def images_variance(self) -> float:
        """Return the share of the mean's variance that only more test images would lower."""

    @property
    @abstractmethod
    def degrees_of_freedom(self) -> float:
        """Return those of `seeds_variance`, at least 1."""

    @abstractmethod
    def with_seeds(self, n_seeds: int) -> Estimate:
        """Return what is to be expected of so many seeds, if estimates stay as they are."""

    @property
    def standard_error(self) -> float:
        """Return the standard deviation of the mean over repetitions of the whole study."""
        return math.sqrt(self.seeds_variance + self.images_variance)

    def interval(self, confidence: float = 0.95) -> tuple[float, float]:
        """Return the two-sided interval for the mean, at a confidence in (0, 1)."""
        half = self._half_width((1 + confidence) / 2)
        return self.mean - half, self.mean + half

    def probability_positive(self) -> float:
        """Return how surely the mean is above 0: one minus the one-sided p-value."""
        if self.standard_error == 0:
            return (1 + math.copysign(1, self.mean)) / 2 if self.mean else 0.5

        def distance(quantile: float) -> float:
            return self._half_width(quantile) - abs(self.mean)

        surest = 1 - 1e-12
        if distance(surest) <= 0:
            quantile = surest
        else:
            quantile = float(optimize.brentq(distance, 0.5, surest))
        return quantile if self.mean >= 0 else 1 - quantile

    def _half_width(self, quantile: float) -> float:
        of_seeds = special.stdtrit(self.degrees_of_freedom, quantile) ** 2 * self.seeds_variance
        of_images = special.ndtri(quantile) ** 2 * self.images_variance
        return math.sqrt(of_seeds + of_images)
