"""PED-ANOVA over a search space, for all resamples of the trials at once.

Watanabe, Bansal and Hutter 2023, "PED-ANOVA: efficiently quantifying hyperparameter importance in
arbitrary subspaces": a hyperparameter matters as far as the density of its values among the best
trials differs from that among all, by Pearson's divergence. One that only some trials have, or
that has another range in some, counts for the trials alike in that ("Conditional PED-ANOVA" 2026,
Theorem 4.2). The result is that of `optuna.importance.PedAnovaImportanceEvaluator`, which builds
two density estimators a hyperparameter anew for every resample and takes many times as long.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.trial import FrozenTrial
from scipy.special import ndtr

MAX_CELLS = 50
"""A range is divided into so many cells at most."""

MIN_TRIALS_ALIKE = 2
MIN_BANDWIDTH = 0.5 / 1.64
"""In cells: 90 % of a kernel then lie within its own cell."""

TINY = 1e-12
"""Added to every density, so that none is divided by zero."""


@dataclass(frozen=True, kw_only=True)
class _Alike:
    """The trials in which a hyperparameter has the same distribution.

    Attributes:
        members: Their indices, shape (n_members,).
        cells: One row a member, 1 in the cell that its value lies in, shape (n_members, n_cells).
        is_ordered: Whether near cells are alike, as those of numbers are and choices are not.
    """

    members: np.ndarray
    cells: np.ndarray
    is_ordered: bool

    def density(self, counts: np.ndarray) -> np.ndarray:
        """Return the probability of each cell; arrays are of shape (n_resamples, n_cells)."""
        return TINY + (_ordered(counts) if self.is_ordered else _choices(counts))


class PedAnova:
    """Trials by the cells that their hyperparameters lie in; asked for resamples of them.

    Args:
        trials: Each with a finite value; higher is better.
        quantile: Share of the trials that are the best ones, in (0, 1].
    """

    def __init__(self, trials: Sequence[FrozenTrial], *, quantile: float) -> None:
        self._accuracies = np.array([trial.value for trial in trials])
        self._n_best = math.ceil(quantile * len(trials))
        names = dict.fromkeys(name for trial in trials for name in trial.distributions)
        self._alike = {name: _groups(name, trials) for name in names}

    def importances(self, draws: np.ndarray) -> list[dict[str, float]]:
        """Return the importance of each hyperparameter in each resample.

        Args:
            draws: Indices of trials, each as often as it is to count; a row a resample, shape
                (n_resamples, n_trials).

        Returns:
            By hyperparameter, 0 or more, where only their ratios mean something; all 0 where the
            best trials are like all of them.
        """
        n_trials = len(self._accuracies)
        times = np.stack([np.bincount(draw, minlength=n_trials) for draw in draws]).astype(float)
        drawn = np.partition(self._accuracies[draws], n_trials - self._n_best, axis=1)
        is_best = self._accuracies >= drawn[:, n_trials - self._n_best, None]
        found = {
            name: sum(
                (_importance(one, times, times * is_best) for one in groups),
                start=np.zeros(len(draws)),
            )
            for name, groups in self._alike.items()
        }
        return [{name: float(found[name][i]) for name in found} for i in range(len(draws))]


def _groups(name: str, trials: Sequence[FrozenTrial]) -> list[_Alike]:
    by_distribution: dict[BaseDistribution, list[int]] = {}
    for i, trial in enumerate(trials):
        if name in trial.distributions:
            by_distribution.setdefault(trial.distributions[name], []).append(i)
    return [
        _Alike(
            members=np.array(members),
            cells=_cells(distribution, [trials[i].params[name] for i in members]),
            is_ordered=not isinstance(distribution, CategoricalDistribution),
        )
        for distribution, members in by_distribution.items()
        if not distribution.single()
    ]


def _cells(distribution: BaseDistribution, values: Sequence[object]) -> np.ndarray:
    internal = np.array([distribution.to_internal_repr(value) for value in values])
    if isinstance(distribution, CategoricalDistribution):
        return _indicators(internal, n_cells=len(distribution.choices))
    if not isinstance(distribution, (FloatDistribution, IntDistribution)):
        raise TypeError(f"Unknown distribution {distribution!r}.")
    n_cells = _n_cells(distribution)
    low, high = float(distribution.low), float(distribution.high)
    if distribution.log:
        low, high, internal = math.log(low), math.log(high), np.log(internal)
    # A value midway between two cells belongs to the lower one.
    places = np.ceil((internal - low) / ((high - low) / (n_cells - 1)) - 0.5)
    return _indicators(np.clip(places, 0, n_cells - 1), n_cells=n_cells)


def _indicators(places: np.ndarray, *, n_cells: int) -> np.ndarray:
    return np.asarray(np.eye(n_cells)[places.astype(int)])


def _n_cells(distribution: FloatDistribution | IntDistribution) -> int:
    span = distribution.high - distribution.low
    if isinstance(distribution, IntDistribution) and distribution.log:
        return min(math.ceil(math.log(span + 1) / math.log(2)) + 1, MAX_CELLS)
    if distribution.step is None:
        return MAX_CELLS
    return min(round(span / distribution.step) + 1, MAX_CELLS)


def _importance(alike: _Alike, times: np.ndarray, times_best: np.ndarray) -> np.ndarray:
    """Return what trials alike add to an importance, shape (n_resamples,)."""
    counts = times[:, alike.members] @ alike.cells
    best_counts = times_best[:, alike.members] @ alike.cells
    n, n_best = counts.sum(axis=1), best_counts.sum(axis=1)
    found = np.zeros(len(times))
    told = (n >= MIN_TRIALS_ALIKE) & (n_best > 0)
    if not told.any():
        return found
    everywhere, among_best = alike.density(counts[told]), alike.density(best_counts[told])
    divergence = (everywhere * (among_best / everywhere - 1) ** 2).sum(axis=1)
    share, best_share = (
        part[told] / whole.sum(axis=1)[told] for part, whole in ((n, times), (n_best, times_best))
    )
    found[told] = best_share**2 / share * divergence
    return found


def _choices(counts: np.ndarray) -> np.ndarray:
    """Return each choice's probability: a kernel on each choice taken, and a uniform one."""
    n_choices = counts.shape[1]
    total = counts.sum(axis=1, keepdims=True)
    n_kernels = 1 + (counts > 0).sum(axis=1, keepdims=True)
    taken = (counts + total / n_kernels) / (1 + n_choices / n_kernels)
    return np.asarray((taken + 1 / n_choices) / (total + 1))


def _ordered(counts: np.ndarray) -> np.ndarray:
    """Return each cell's probability: a normal kernel on each cell taken, and a wide one.

    A kernel's mass is that within the cells' range. Its bandwidth follows Scott's rule (1992,
    "Multivariate density estimation").
    """
    n_cells = counts.shape[1]
    total = counts.sum(axis=1, keepdims=True)
    width = _bandwidth(counts)[:, None]
    edges = np.arange(-n_cells + 0.5, n_cells)  # Of cells, from a kernel's middle: 2 n_cells.
    below = ndtr(edges / width)
    cells = np.arange(n_cells)
    within = below[:, 2 * n_cells - 1 - cells] - below[:, n_cells - 1 - cells]
    mass = np.diff(below, axis=1)  # Of a cell, by its distance from a kernel's.
    distances = cells[:, None] - cells[None, :] + n_cells - 1
    kernels = np.einsum("rgk,rk->rg", mass[:, distances], counts / within)
    wide = ndtr((np.arange(n_cells + 1) - n_cells / 2) / n_cells)
    return np.asarray((kernels + np.diff(wide) / (wide[-1] - wide[0])) / (total + 1))


def _bandwidth(counts: np.ndarray) -> np.ndarray:
    """Return the kernels' standard deviation in cells, shape (n_resamples,)."""
    cells = np.arange(counts.shape[1])
    below = np.cumsum(counts, axis=1)
    total = below[:, -1]
    mean = counts @ cells / total
    squares = (counts * (cells - mean[:, None]) ** 2).sum(axis=1)
    deviation = np.sqrt(squares / np.maximum(1, total - 1))
    # Of n sorted values those numbered n/4, but at least the first, and 3n/4 + 1, rounded down.
    first = (below >= np.maximum(1, total // 4)[:, None]).argmax(axis=1)
    third = (below > (total * 3 // 4)[:, None]).argmax(axis=1)
    spread = np.minimum((third - first) / 1.34, deviation)
    return np.asarray(np.maximum(1.059 * spread * total**-0.2, MIN_BANDWIDTH))
