"""How much of a score's variance is the sample's, the seed's and the test images'.

A model's value on a test image (right or wrong) is taken as

    mean + draw of the sample + seed within the draw + image + draw x image + seed x image,

images being crossed with draws, seeds nested in them (Searle, Casella and McCulloch 1992, "Variance
Components"; for machine learning Bouthillier et al. 2021, "Accounting for variance in machine
learning benchmarks"). The score of one model on n images then varies by three independent parts,
which add up to what one new draw, one new seed and n new images would change:

- seed: var(seed) + var(seed x image) / n. Models of one draw differ by just that, as all have the
  same images; what looks like chance on single images (the binomial part) is in here.
- draw: var(draw) + var(draw x image) / n. The means of draws differ by that and by their seeds.
- images: var(image) / n, how unequally hard images are for all models alike. Counting the binomial
  variance p (1 - p) / n here would count its rest twice.

Estimates are by moments, so those of the last two can come out below zero; they are set to 0 then.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import special

CONFIDENCE = 0.9
LOW, HIGH = (1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2

MIN_FREEDOM = 2
"""With one degree of freedom, an interval for a standard deviation spans a factor of thirty."""

MIN_DRAWS = MIN_FREEDOM + 1


@dataclass(frozen=True, kw_only=True)
class Component:
    """What one source contributes to the variance of a score.

    Attributes:
        variance: In the unit of the score squared, at least 0.
        low: Lower end of its 90 % interval, at least 0.
        high: Upper end.
        was_negative: Whether the estimate was below zero, and is set to 0.
    """

    variance: float
    low: float
    high: float
    was_negative: bool = False

    @property
    def deviation(self) -> float:
        """Return the standard deviation, in the unit of the score."""
        return math.sqrt(self.variance)

    @property
    def deviations(self) -> tuple[float, float]:
        """Return the ends of the interval of the standard deviation."""
        return math.sqrt(self.low), math.sqrt(self.high)


def seed_component(scores: Sequence[np.ndarray]) -> Component | None:
    """Return the variance between seeds of one draw, with the interval of the chi-squared.

    Args:
        scores: Accuracies by seed, shape (n_seeds,), one array a draw; numbers of seeds may differ.

    Returns:
        None below two degrees of freedom.
    """
    freedom = _freedom(scores)
    if freedom < MIN_FREEDOM:
        return None
    squares = freedom * _within(scores)
    return Component(
        variance=squares / freedom,
        low=squares / _chi_squared(freedom, HIGH),
        high=squares / _chi_squared(freedom, LOW),
    )


def draw_component(scores: Sequence[np.ndarray]) -> Component | None:
    """Return the variance between draws beyond what their seeds explain.

    The variance of the draws' means less what seeds add to these; with equal numbers of seeds that
    is the estimate of the analysis of variance. The lower end of the interval is that of Williams
    and Tukey, for unequal numbers as in Thomas and Hultquist (1978, "Interval estimation for the
    unbalanced case of the one-way random effects model", Annals of Statistics 6); the upper end is
    that of the variance of the means as they are, seeds included, and so never too low.

    Args:
        scores: As of `seed_component`.

    Returns:
        None below three draws, or two degrees of freedom of the seeds.
    """
    freedom, of_draws = _freedom(scores), len(scores) - 1
    if freedom < MIN_FREEDOM or len(scores) < MIN_DRAWS:
        return None
    between = float(np.var([one.mean() for one in scores], ddof=1))
    of_seeds = _within(scores) * float(np.mean([1 / len(one) for one in scores]))
    ratio = float(special.fdtri(of_draws, freedom, HIGH))
    return _component(
        between - of_seeds,
        low=of_draws * (between - ratio * of_seeds) / _chi_squared(of_draws, HIGH),
        # Nothing is taken off for seeds here, or draws that happen to agree would pass for equal.
        high=of_draws * between / _chi_squared(of_draws, LOW),
    )


def image_component(rights: Sequence[np.ndarray]) -> Component | None:
    """Return what other test images would change: the shared difficulty, divided by their number.

    Two models of different draws have nothing but the image in common, so the covariance of their
    hits over the images estimates its variance without bias; it is averaged over all pairs of
    draws, or of seeds where there is a single draw (whose own interaction with images it then
    holds, too). The interval is the normal one of a mean over images.

    Args:
        rights: 1 where a model was right, else 0, shape (n_seeds, n_images), one array a draw.

    Returns:
        None below two models or two images.
    """
    units = rights[0] if len(rights) == 1 else np.array([one.mean(axis=0) for one in rights])
    n_units, n_images = units.shape
    if n_units < 2 or n_images < 2:
        return None
    centred = units - units.mean(axis=1, keepdims=True)
    # Of each image: the mean over all pairs of the product of their deviations.
    products = np.square(centred.sum(axis=0)) - np.square(centred).sum(axis=0)
    products = products / (n_units * (n_units - 1)) * n_images / (n_images - 1)
    variance, error = float(products.mean()), float(products.std(ddof=1)) / math.sqrt(n_images)
    half = float(special.ndtri(HIGH)) * error
    ends = {"low": (variance - half) / n_images, "high": (variance + half) / n_images}
    return _component(variance / n_images, **ends)


def _component(variance: float, *, low: float, high: float) -> Component:
    return Component(
        variance=max(variance, 0.0),
        low=max(low, 0.0),
        high=max(high, 0.0),
        was_negative=variance < 0,
    )


def _freedom(scores: Sequence[np.ndarray]) -> int:
    return sum(len(one) - 1 for one in scores)


def _within(scores: Sequence[np.ndarray]) -> float:
    squares = sum(float(np.square(one - one.mean()).sum()) for one in scores)
    return squares / _freedom(scores)


def _chi_squared(freedom: int, quantile: float) -> float:
    return float(special.chdtri(freedom, 1 - quantile))
