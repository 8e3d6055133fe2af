"""Functional analysis of variance of a random forest over a search space.

Hutter, Hoos and Leyton-Brown 2014, "An efficient approach for assessing hyperparameter importance":
a tree divides the space into boxes of one accuracy each, so the mean accuracy at one value of a
hyperparameter, over all values of the others, is a sum over boxes. The result is that of
`optuna.importance.FanovaImportanceEvaluator`, which walks down each tree in Python and takes many
times as long; with resampled trials that was the longest part of a report.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.search_space import intersection_search_space
from optuna.trial import FrozenTrial
from sklearn.ensemble import RandomForestRegressor


class Fanova:
    """Trials as a random forest sees them; asked again and again for some of them.

    Args:
        trials: Each with a finite value. Hyperparameters that not all of them have are left out.
    """

    def __init__(self, trials: Sequence[FrozenTrial]) -> None:
        space = intersection_search_space(list(trials))
        self._varied = {name: one for name, one in space.items() if not one.single()}
        self._constant = [name for name, one in space.items() if one.single()]
        self._accuracies = np.array([trial.value for trial in trials])
        if not self._varied:
            return
        encoded = [_encoded(name, one, trials) for name, one in self._varied.items()]
        self._rows = np.hstack(encoded)
        widths = [one.shape[1] for one in encoded]
        ranges = np.array([_range(one) for one in self._varied.values()], dtype=float)
        self._bounds = np.repeat(ranges, widths, axis=0)
        self._columns = np.split(np.arange(sum(widths)), np.cumsum(widths)[:-1])

    def importances(self, chosen: np.ndarray, *, n_trees: int, seed: int) -> dict[str, float]:
        """Return the share of the variance of accuracy that each hyperparameter has by itself.

        Args:
            chosen: Indices of trials, each as often as it is to count.
            n_trees: Trees in the forest.
            seed: Of the forest.

        Returns:
            By hyperparameter, in [0, 1]; all 0 where nothing makes a difference.
        """
        found = dict.fromkeys((*self._varied, *self._constant), 0.0)
        if not self._varied:
            return found
        forest = RandomForestRegressor(n_estimators=n_trees, max_depth=64, random_state=seed)
        forest.fit(self._rows[chosen], self._accuracies[chosen])
        shares = [_shares_of_variance(tree.tree_, self._bounds, self._columns) for tree in forest]
        split = [share for share in shares if share is not None]
        if split:
            found |= dict(zip(self._varied, np.mean(split, axis=0).tolist(), strict=True))
        return found


def _range(distribution: BaseDistribution) -> tuple[float, float]:
    if isinstance(distribution, (FloatDistribution, IntDistribution)):
        return distribution.low, distribution.high
    return 0.0, 1.0


def _encoded(
    name: str, distribution: BaseDistribution, trials: Sequence[FrozenTrial]
) -> np.ndarray:
    values = [trial.params[name] for trial in trials]
    if not isinstance(distribution, CategoricalDistribution):
        return np.array(values, dtype=float)[:, None]
    indices = [int(distribution.to_internal_repr(value)) for value in values]
    return np.eye(len(distribution.choices))[indices]


class _Boxes(NamedTuple):
    """A tree's leaves: where each begins and ends, shape (n, n_columns), and its accuracy."""

    lows: np.ndarray
    highs: np.ndarray
    accuracies: np.ndarray


def _shares_of_variance(
    tree: Any, bounds: np.ndarray, columns: Sequence[np.ndarray]
) -> np.ndarray | None:
    """Return each hyperparameter's share of a tree's variance; None where it has none."""
    boxes = _boxes(tree, bounds)
    volumes = (boxes.highs - boxes.lows).prod(axis=1)
    if np.ptp(boxes.accuracies) == 0:
        return None  # Rounding would leave some.
    whole = _variance(boxes.accuracies, volumes)
    return np.array([_marginal_variance(boxes, volumes, own) / whole for own in columns])


def _boxes(tree: Any, bounds: np.ndarray) -> _Boxes:
    lows = np.tile(bounds[:, 0], (tree.node_count, 1))
    highs = np.tile(bounds[:, 1], (tree.node_count, 1))
    nodes = np.array([0])
    while nodes.size:  # Level by level.
        nodes = nodes[tree.children_left[nodes] >= 0]
        left, right = tree.children_left[nodes], tree.children_right[nodes]
        for children in (left, right):
            lows[children], highs[children] = lows[nodes], highs[nodes]
        highs[left, tree.feature[nodes]] = tree.threshold[nodes]
        lows[right, tree.feature[nodes]] = tree.threshold[nodes]
        nodes = np.concatenate([left, right])
    leaves = tree.children_left < 0
    return _Boxes(lows[leaves], highs[leaves], tree.value[leaves, 0, 0])


def _marginal_variance(boxes: _Boxes, volumes: np.ndarray, own: np.ndarray) -> float:
    """Return the variance, over a hyperparameter's values, of the mean over all others."""
    lows, highs = boxes.lows[:, own], boxes.highs[:, own]
    edges = [np.unique([low, high]) for low, high in zip(lows.T, highs.T, strict=True)]
    if all(len(one) == 2 for one in edges):
        return 0.0  # The tree does not ask for it.
    # Every combination of where the boxes begin and end along the hyperparameter's columns.
    middles = np.array(list(itertools.product(*((one[1:] + one[:-1]) / 2 for one in edges))))
    sizes = np.array(list(itertools.product(*map(np.diff, edges)))).prod(axis=1)
    inside = ((lows < middles[:, None]) & (middles[:, None] < highs)).all(axis=2)
    # Along all other axes the boxes at one place add up to the whole.
    others = volumes / (highs - lows).prod(axis=1)
    weights = inside * others
    return _variance(weights @ boxes.accuracies / weights.sum(axis=1), sizes)


def _variance(values: np.ndarray, weights: np.ndarray) -> float:
    mean = np.average(values, weights=weights)
    return float(np.average((values - mean) ** 2, weights=weights))
