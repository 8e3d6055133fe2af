"""Functional analysis of variance of a random forest over a search space.

Hutter, Hoos and Leyton-Brown 2014, "An efficient approach for assessing hyperparameter importance":
a tree divides the space into boxes of one accuracy each, so the mean accuracy at one value of a
hyperparameter, over all values of the others, is a sum over boxes. The result is that of
`optuna.importance.FanovaImportanceEvaluator`, which walks down each tree in Python and takes many
times as long; with resampled trials that was the longest part of a report. Here the boxes of all
trees of a forest are summed up at once.
"""

from __future__ import annotations

import itertools
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
from optuna.search_space import intersection_search_space
from optuna.trial import FrozenTrial
from sklearn.ensemble import RandomForestRegressor


class Fanova:
    """Trials as a random forest sees them; asked again and again for some of them.

    Args:
        trials: Each with a finite value, and with ranges that a float of 32 bits holds, as the
            forest does. Hyperparameters that not all of them have are left out.
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
            By hyperparameter, in [0, 1]; all 0 where nothing makes a difference. NaN where the
            square of an accuracy is beyond what a float holds.
        """
        found = dict.fromkeys((*self._varied, *self._constant), 0.0)
        if not self._varied:
            return found
        forest = RandomForestRegressor(n_estimators=n_trees, max_depth=64, random_state=seed)
        forest.fit(self._rows[chosen], self._accuracies[chosen])
        with np.errstate(all="ignore"):  # Of accuracies that overflow nothing can be said.
            shares = _mean_shares(_boxes(forest, self._bounds), self._columns)
        return found | dict(zip(self._varied, shares.tolist(), strict=True))


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


@dataclass(frozen=True, kw_only=True)
class _Boxes:
    """The leaves of all trees of a forest, one tree after another.

    Attributes:
        lows: Where each begins along each column, in [0, 1] of the column's range, shape
            (n_leaves, n_columns).
        highs: Where each ends.
        accuracies: Of each, shape (n_leaves,).
        trees: Number of each one's tree, ascending, shape (n_leaves,).
        starts: First leaf of each tree, shape (n_trees,).
    """

    lows: np.ndarray
    highs: np.ndarray
    accuracies: np.ndarray
    trees: np.ndarray
    starts: np.ndarray


def _boxes(forest: RandomForestRegressor, bounds: np.ndarray) -> _Boxes:
    trees = [tree.tree_ for tree in forest]
    n_nodes = [tree.node_count for tree in trees]
    roots = np.cumsum([0, *n_nodes[:-1]])
    offsets = np.repeat(roots, n_nodes)
    left = offsets + np.concatenate([tree.children_left for tree in trees])
    right = offsets + np.concatenate([tree.children_right for tree in trees])
    feature = np.concatenate([tree.feature for tree in trees])
    threshold = np.concatenate([tree.threshold for tree in trees])
    is_leaf = feature < 0
    low, high = bounds[np.maximum(0, feature)].T  # A leaf has no column; its threshold is not used.
    # Rounded to 32 bits, one may lie a little outside of the range.
    threshold = ((threshold - low) / (high - low)).clip(0, 1)
    lows, highs = np.zeros((len(offsets), len(bounds))), np.ones((len(offsets), len(bounds)))
    nodes = roots
    while (nodes := nodes[~is_leaf[nodes]]).size:  # Level by level.
        for children in (left[nodes], right[nodes]):
            lows[children], highs[children] = lows[nodes], highs[nodes]
        highs[left[nodes], feature[nodes]] = threshold[nodes]
        lows[right[nodes], feature[nodes]] = threshold[nodes]
        nodes = np.concatenate([left[nodes], right[nodes]])
    numbers = np.repeat(np.arange(len(trees)), n_nodes)[is_leaf]
    return _Boxes(
        lows=lows[is_leaf],
        highs=highs[is_leaf],
        accuracies=np.concatenate([tree.value[:, 0, 0] for tree in trees])[is_leaf],
        trees=numbers,
        starts=np.searchsorted(numbers, np.arange(len(trees))),
    )


def _mean_shares(boxes: _Boxes, columns: Sequence[np.ndarray]) -> np.ndarray:
    """Return each hyperparameter's share of a tree's variance, the mean over trees that have any.

    Returns:
        In [0, 1], shape (n_hyperparameters,); 0 where no tree divides the space.
    """
    highest = np.maximum.reduceat(boxes.accuracies, boxes.starts)
    is_split = highest > np.minimum.reduceat(boxes.accuracies, boxes.starts)
    if not is_split.any():
        return np.zeros(len(columns))
    volumes = (boxes.highs - boxes.lows).prod(axis=1)
    means = np.bincount(boxes.trees, volumes * boxes.accuracies)
    deviations = boxes.accuracies - means[boxes.trees]
    variances = np.bincount(boxes.trees, volumes * deviations**2)[is_split]
    marginal = [_marginal_variances(boxes, volumes * deviations, own)[is_split] for own in columns]
    return np.array([(one / variances).mean() for one in marginal])


def _marginal_variances(boxes: _Boxes, deviations: np.ndarray, own: np.ndarray) -> np.ndarray:
    """Return the variance, over a hyperparameter's values, of the mean over all others.

    Args:
        boxes: Of all trees.
        deviations: Each box's from its tree's mean, times its volume, shape (n_leaves,).
        own: The hyperparameter's columns.

    Returns:
        Of each tree, shape (n_trees,).
    """
    lows, highs = boxes.lows[:, own], boxes.highs[:, own]
    sizes = (highs - lows).prod(axis=1)
    # What a box adds to the mean over all other axes, wherever it lies along these.
    parts = np.divide(deviations, sizes, out=np.zeros_like(sizes), where=sizes > 0)
    if len(own) == 1:
        return _along_a_line(boxes, parts, lows[:, 0], highs[:, 0])
    return _in_several_columns(boxes, parts, lows, highs)


def _along_a_line(
    boxes: _Boxes, parts: np.ndarray, lows: np.ndarray, highs: np.ndarray
) -> np.ndarray:
    """Add the boxes up from one end of a column to the other, all trees side by side."""
    edges, places = np.unique(np.concatenate([lows, highs]), return_inverse=True)
    begins, ends = boxes.trees * len(edges) + places.reshape(2, -1)
    shape = len(boxes.starts), len(edges)
    n = math.prod(shape)
    changes = np.bincount(begins, parts, minlength=n) - np.bincount(ends, parts, minlength=n)
    means = changes.reshape(shape).cumsum(axis=1)[:, :-1]
    return np.asarray(means**2 @ np.diff(edges))


def _in_several_columns(
    boxes: _Boxes, parts: np.ndarray, lows: np.ndarray, highs: np.ndarray
) -> np.ndarray:
    # Boxes that lie alike count as one: however many leaves, choices leave few places.
    places, numbers = np.unique(
        np.column_stack([boxes.trees, lows, highs]), axis=0, return_inverse=True
    )
    parts = np.bincount(numbers.ravel(), parts)
    lows, highs = np.hsplit(places[:, 1:], 2)
    starts = np.searchsorted(places[:, 0], np.arange(len(boxes.starts) + 1))
    return np.array(
        [
            _by_pairs(parts[start:end], lows[start:end], highs[start:end])
            for start, end in itertools.pairwise(starts)
        ]
    )


def _by_pairs(parts: np.ndarray, lows: np.ndarray, highs: np.ndarray) -> float:
    """Square a sum over boxes in several columns: any two count where both lie."""
    overlap = np.minimum(highs[:, None], highs) - np.maximum(lows[:, None], lows)
    return max(0.0, float(parts @ overlap.clip(0).prod(axis=2) @ parts))  # Rounding may err below.
