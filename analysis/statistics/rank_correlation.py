"""Whether two scores put things into the same order, with an interval."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import rankdata

N_RESAMPLES = 400
QUANTILES = (0.05, 0.95)


@dataclass(frozen=True, kw_only=True)
class RankCorrelation:
    """Spearman's correlation in [-1, 1] with a 90 % bootstrap interval.

    All three are NaN where one of both scores is the same for all.
    """

    rho: float
    low: float
    high: float


def rank_correlations(
    scores: np.ndarray, final: np.ndarray, *, rng: np.random.Generator
) -> list[RankCorrelation]:
    """Return how each column of scores orders things as their final scores do.

    Spearman's correlation (1904, "The proof and measurement of association between two things") is
    Pearson's of the ranks, equal values sharing their mean rank. The interval is the percentile
    bootstrap's (Efron 1979) over things: the same resamples for all columns.

    Args:
        scores: One row a thing, one column an occasion, finite.
        final: One value a thing, finite.
        rng: Draws the resamples.
    """
    n = len(final)
    draws = rng.integers(n, size=(N_RESAMPLES, n))
    ranks, resampled = _centred_ranks(final), _centred_ranks(final[draws])
    return [
        _summary(
            float(_correlation(_centred_ranks(column), ranks)),
            _correlation(_centred_ranks(column[draws]), resampled),
        )
        for column in scores.T
    ]


def _centred_ranks(values: np.ndarray) -> np.ndarray:
    ranks = rankdata(values, axis=-1)
    return np.asarray(ranks - ranks.mean(axis=-1, keepdims=True))


def _correlation(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    size = np.square(first).sum(axis=-1) * np.square(second).sum(axis=-1)
    with np.errstate(invalid="ignore"):  # Without differences there is no order: NaN.
        return np.asarray((first * second).sum(axis=-1) / np.sqrt(size))


def _summary(rho: float, resampled: np.ndarray) -> RankCorrelation:
    if not np.isfinite(rho):
        return RankCorrelation(rho=np.nan, low=np.nan, high=np.nan)
    # A resample of one thing only has no order.
    low, high = np.nanquantile(resampled, QUANTILES)
    return RankCorrelation(rho=rho, low=float(low), high=float(high))
