"""The best score to expect of so many trials, from trials drawn independently of each other.

Dodge et al. (2019, "Show your work: improved reporting of experimental results", section 3) take
the expected maximum of n draws with replacement from the observed scores, which is too low.
Tang et al. (2020, "Showing your work doesn't always work", section 3.1) draw without replacement
instead: the mean over all subsets of n of the N scores is a U-statistic and so unbiased, for any
distribution of scores. What a sampler proposed after seeing other scores is not independent, and
none of this may be computed from it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import special

N_ORDERS = 2000
SEED = 0


def expected_best(scores: np.ndarray) -> np.ndarray:
    """Return the expected best score of 1, 2, ... N trials, shape (N,).

    Args:
        scores: Of N independently drawn configurations, in any order.
    """
    ordered = np.sort(np.asarray(scores, float))
    places = np.arange(1, len(ordered) + 1)
    # The share of the subsets of n whose best is the i-th from below: C(i - 1, n - 1) / C(N, n).
    n = places[:, None]
    return np.asarray(_subsets(places - 1, n - 1, len(ordered), n) @ ordered)


def best_quantiles(scores: np.ndarray, quantiles: Sequence[float]) -> np.ndarray:
    """Return quantiles of the best score of 1, 2, ... N trials, shape (quantiles, N).

    They say how much luck has to do with what a search of so many trials finds.

    Args:
        scores: Of N independently drawn configurations, in any order.
        quantiles: In (0, 1).
    """
    ordered = np.sort(np.asarray(scores, float))
    n = np.arange(1, len(ordered) + 1)[:, None]
    # The share of the subsets of n whose best is at most the i-th from below: C(i, n) / C(N, n).
    at_most = _subsets(np.arange(1, len(ordered) + 1), n, len(ordered), n)
    found = [(at_most < quantile - 1e-12).sum(axis=1) for quantile in quantiles]
    return np.asarray(ordered[np.minimum(found, len(ordered) - 1)])


def best_in_time(
    scores: np.ndarray, seconds: np.ndarray, at_seconds: np.ndarray, quantiles: Sequence[float]
) -> tuple[np.ndarray, np.ndarray]:
    """Return what is the best score after so much time, one trial following another.

    Over random orders of the trials; where a trial has not ended yet in some order, the score
    there is that of guessing, taken as the worst observed one.

    Args:
        scores: Of N independently drawn configurations.
        seconds: What each took.
        at_seconds: After which times; well below the sum of `seconds`, or all orders agree.
        quantiles: In (0, 1).

    Returns:
        The expected one, shape (n_times,), and the quantiles, shape (quantiles, n_times).
    """
    rng = np.random.default_rng(SEED)
    found = np.empty((N_ORDERS, len(at_seconds)))
    for row in found:
        order = rng.permutation(len(scores))
        best = np.maximum.accumulate(scores[order])
        n_ended = np.searchsorted(np.cumsum(seconds[order]), at_seconds, side="right")
        row[:] = np.where(n_ended > 0, best[np.maximum(n_ended - 1, 0)], scores.min())
    return found.mean(axis=0), np.quantile(found, quantiles, axis=0)


def _subsets(of: np.ndarray, chosen: np.ndarray, n_all: int, n: np.ndarray) -> np.ndarray:
    """Return C(of, chosen) / C(n_all, n), 0 where there are too few; by logarithms."""

    def log_choose(a: np.ndarray | int, b: np.ndarray) -> np.ndarray:
        return np.asarray(
            special.gammaln(np.add(a, 1.0))
            - special.gammaln(b + 1.0)
            - special.gammaln(np.maximum(np.subtract(a, b), 0) + 1.0)
        )

    return np.where(of >= chosen, np.exp(log_choose(of, chosen) - log_choose(n_all, n)), 0.0)
