"""Family by augmentation as a factorial: main effects and interaction, each with its interval.

Every winner is trained with and without augmentation over the same seeds, and all models classify
the same images. An effect is a contrast of the four means (Montgomery, "Design and Analysis of
Experiments", chapter 6), so for each seed and image the same contrast of four hits and misses is a
value whose mean is the effect; its interval covers seeds and test images as a verdict's does.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from analysis.comparisons import Condition, predictions_of, runs_of_winners
from analysis.statistics.crossed import MIN_SEEDS, CrossedMean, crossed_mean
from study.records import RetrainedResult

FAMILY, AUGMENTATION, INTERACTION = "family", "augmentation", "interaction"

# Of (first, with), (first, without), (second, with), (second, without).
CONTRASTS: dict[str, tuple[float, float, float, float]] = {
    FAMILY: (0.5, 0.5, -0.5, -0.5),
    AUGMENTATION: (0.5, -0.5, 0.5, -0.5),
    INTERACTION: (1.0, -1.0, -1.0, 1.0),
}


@dataclass(frozen=True, kw_only=True)
class Effects:
    """What family and augmentation do to test accuracy, for a pair of families.

    Attributes:
        first: The family that is counted positive.
        second: The other.
        seeds: Those that all four conditions were run with.
        by_name: An estimate for each of `CONTRASTS`, in [-2, 2]. The effect of the family is first
            less second, averaged over augmentation; that of augmentation is with less without,
            averaged over the families; the interaction is by how much more augmentation brings the
            first than the second.
    """

    first: str
    second: str
    seeds: tuple[int, ...]
    by_name: Mapping[str, CrossedMean]


def effects(
    results: Iterable[RetrainedResult], *, families: Sequence[str], test_labels: bytes
) -> tuple[Effects, ...]:
    """Return the effects for each pair of families that was run in all four ways.

    Pairs with fewer than two common seeds, or without recorded predictions, are left out.

    Args:
        results: Retrained models; only those of winners count.
        families: Which to compare.
        test_labels: True class of each test image, one byte each.
    """
    runs = runs_of_winners(results)
    labels = np.frombuffer(test_labels, np.uint8)
    found = (
        _effects(*pair, runs=runs, labels=labels) for pair in itertools.combinations(families, 2)
    )
    return tuple(one for one in found if one is not None)


def _effects(
    first: str,
    second: str,
    *,
    runs: Mapping[Condition, Mapping[int, RetrainedResult]],
    labels: np.ndarray,
) -> Effects | None:
    cells = [
        runs.get(Condition(family=family, augmented=augmented), {})
        for family in (first, second)
        for augmented in (True, False)
    ]
    seeds = tuple(sorted(set.intersection(*(set(cell) for cell in cells))))
    if len(seeds) < MIN_SEEDS:
        return None
    predicted = [predictions_of([cell[seed] for seed in seeds], labels) for cell in cells]
    known = [predictions == labels for predictions in predicted if predictions is not None]
    if len(known) < len(cells):
        return None
    return Effects(
        first=first,
        second=second,
        seeds=seeds,
        by_name={
            name: crossed_mean(np.tensordot(weights, np.array(known), axes=1))
            for name, weights in CONTRASTS.items()
        },
    )
