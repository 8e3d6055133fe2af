"""Which of two is better: a difference with its interval, and one word that it allows."""

from __future__ import annotations

import math
from dataclasses import dataclass

from scipy import special

from analysis.statistics.estimate import Estimate

CONFIDENCE = 0.95

BETTER, EQUIVALENT, UNDECIDED = "BETTER", "EQUIVALENT", "UNDECIDED"

DEFAULT_MARGIN = 0.01
"""Differences of accuracy below one point do not matter to most."""

MAX_SEEDS = 100
"""More than anybody would train."""


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What may be said of a difference.

    Attributes:
        word: BETTER, if the interval holds no zero; EQUIVALENT, if all of it is within the margin,
            even if it holds no zero; UNDECIDED otherwise.
        difference: First less second; None where there are too few seeds to say anything.
        low: Lower end of the interval; -inf where there is none.
        high: Upper end; inf where there is none.
        margin: Differences up to this do not matter, above 0.
        confidence: Of the interval, in (0, 1).
    """

    word: str
    difference: Estimate | None
    low: float
    high: float
    margin: float
    confidence: float

    def probability(self) -> float:
        """Return how surely the first is the better one, in [0, 1]; 0.5 if nothing is known."""
        return 0.5 if self.difference is None else self.difference.probability_positive()

    def would_seeds_decide(self) -> bool:
        """Return whether any number of seeds would decide it, if the estimates stayed as they are.

        With so many the variance of the seeds' part is none, and the images' part is what it is.
        """
        if self.difference is None:
            return False
        quantile = float(special.ndtri((1 + self.confidence) / 2))
        half = quantile * math.sqrt(self.difference.images_variance)
        mean = abs(self.difference.mean)
        return mean > half or mean + half < self.margin

    def n_more_seeds(self) -> int | None:
        """Return how many more seeds would decide it, if the estimates stayed as they are.

        0 if it is decided; None if `MAX_SEEDS` in all would not do, or nothing can be said.
        """
        if self.difference is None:
            return None
        for n_seeds in range(self.difference.n_seeds, MAX_SEEDS + 1):
            expected = self.difference.with_seeds(n_seeds)
            if _word(expected, self.margin, self.confidence) != UNDECIDED:
                return n_seeds - self.difference.n_seeds
        return None


def judge(
    difference: Estimate | None,
    *,
    margin: float = DEFAULT_MARGIN,
    confidence: float = CONFIDENCE,
) -> Verdict:
    """Return what a difference of two families allows to say.

    Equivalence is an interval within the margin, as in Lakens (2017, "Equivalence tests"), at the
    full confidence rather than the 90 % of two one-sided tests.

    Args:
        difference: First less second; None if fewer than two seeds were run.
        margin: Differences up to this do not matter, above 0.
        confidence: Of the interval, in (0, 1).
    """
    if difference is None:
        return Verdict(
            word=UNDECIDED,
            difference=None,
            low=-math.inf,
            high=math.inf,
            margin=margin,
            confidence=confidence,
        )
    low, high = difference.interval(confidence)
    word = _word(difference, margin, confidence)
    return Verdict(
        word=word,
        difference=difference,
        low=low,
        high=high,
        margin=margin,
        confidence=confidence,
    )


def _word(difference: Estimate, margin: float, confidence: float) -> str:
    low, high = difference.interval(confidence)
    if -margin <= low and high <= margin:
        return EQUIVALENT
    return BETTER if low > 0 or high < 0 else UNDECIDED
