"""Which cells of a confusion matrix changed by more than seeds explain.

With three seeds, a cell's own variance is hardly known, and a matrix of ten classes has a hundred
cells: Student's distribution with two degrees of freedom, corrected for a hundred questions, would
never call out any. So what seeds vary is pooled: a share's variance is taken as the binomial one
times a factor that all cells have in common, the dispersion of quasi-likelihood (McCullagh and
Nelder 1989, "Generalized Linear Models", section 4.5), which is below 1 where models err on the
same images whatever the seed. A cell that varied more than that counts with its own variance.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats

MIN_SEEDS = 3
"""With two, one cell in eight studies was called out by chance where cells vary unequally."""

FAMILY_WISE_ERROR = 0.05
"""How often seeds alone may make any cell of a matrix be called out."""


@dataclass(frozen=True, kw_only=True)
class CellChanges:
    """How shares of the true class changed, shape (n_classes, n_classes).

    Attributes:
        mean: After less before, over seeds, in [-1, 1].
        standard_error: What the seeds leave open of it; NaN with fewer than `MIN_SEEDS`.
        sure: Whether it is more than seeds explain.
    """

    mean: np.ndarray
    standard_error: np.ndarray
    sure: np.ndarray


def cell_changes(before: np.ndarray, after: np.ndarray) -> CellChanges:
    """Return what became of each cell, all of them judged together (Bonferroni).

    Args:
        before: Counts of images, shape (n_seeds, n_classes, n_classes), rows being true classes.
        after: The same of the same seeds.
    """
    n_seeds, n_classes, _ = before.shape
    totals = np.maximum(before.sum(axis=2, keepdims=True), 1)
    shares = before / totals, after / np.maximum(after.sum(axis=2, keepdims=True), 1)
    changes = shares[1] - shares[0]
    mean = changes.mean(axis=0)
    if n_seeds < MIN_SEEDS:
        nothing = np.zeros(mean.shape, dtype=bool)
        return CellChanges(mean=mean, standard_error=np.full_like(mean, np.nan), sure=nothing)
    own = changes.var(axis=0, ddof=1)
    variances = [_binomial_variance(side.mean(axis=0), totals[0]) for side in shares]
    binomial = variances[0] + variances[1]
    dispersion = own.sum() / binomial.sum()
    standard_error = np.sqrt(np.maximum(own, dispersion * binomial) / n_seeds)
    # Each row adds up to 1, so one of its cells is not free.
    freedom = (n_seeds - 1) * n_classes * (n_classes - 1)
    limit = stats.t.isf(FAMILY_WISE_ERROR / 2 / n_classes**2, freedom)
    sure = np.abs(mean) > limit * standard_error
    return CellChanges(mean=mean, standard_error=standard_error, sure=sure)


def _binomial_variance(shares: np.ndarray, totals: np.ndarray) -> np.ndarray:
    # Half an image more on either side, or what never happened would have no variance at all.
    likely = (shares * totals + 0.5) / (totals + 1)
    return np.asarray(likely * (1 - likely) / totals)
