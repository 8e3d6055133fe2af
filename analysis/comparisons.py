"""What the study is asked: family against family, and augmented against not, judged by seeds."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from analysis.labels import augmentation_label, family_label
from analysis.statistics.crossed import (
    MIN_SEEDS,
    CrossedMean,
    crossed_mean,
    independent_difference,
)
from analysis.statistics.verdict import CONFIDENCE, Verdict, judge
from study.records import WINNER, RetrainedResult

_Runs = Sequence[RetrainedResult]


@dataclass(frozen=True, kw_only=True)
class Condition:
    """What the runs of a winner have in common."""

    family: str
    augmented: bool


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Two conditions that differ in one thing, and the verdict on them.

    Attributes:
        first: The one with the higher mean accuracy over the common seeds.
        second: The other one.
        seeds: Those that both were run with.
        differences: First less second, in [-1, 1], one a seed.
        verdict: On the first less the second.
        by_image: Whether it is known which images each model got right; otherwise the interval is
            wider than it need be.
    """

    first: Condition
    second: Condition
    seeds: tuple[int, ...]
    differences: tuple[float, ...]
    verdict: Verdict
    by_image: bool

    @property
    def is_of_families(self) -> bool:
        """Return whether two families are compared, rather than with and without augmentation."""
        return self.first.family != self.second.family

    def names(self) -> tuple[str, str]:
        """Return what tells the two apart, in words."""
        if self.is_of_families:
            return family_label(self.first.family), family_label(self.second.family)
        return augmentation_label(self.first.augmented), augmentation_label(self.second.augmented)

    def setting(self) -> str:
        """Return what the two have in common, in words."""
        if self.is_of_families:
            return augmentation_label(self.first.augmented)
        return family_label(self.first.family)


def compare(
    results: Iterable[RetrainedResult],
    *,
    families: Sequence[str],
    test_labels: bytes,
    n_test: int | None,
    margin: float,
) -> tuple[Comparison, ...]:
    """Return all comparisons for which there are runs, families under augmentation first.

    With more than two families the intervals of all their pairs hold together (Bonferroni).

    Args:
        results: Retrained models; only those of winners count.
        families: Which to compare.
        test_labels: True class of each test image, one byte each; may be empty.
        n_test: Number of test images, where that is known.
        margin: Differences of accuracy up to this do not matter.
    """
    runs = runs_of_winners(results)
    n_pairs = max(1, len(families) * (len(families) - 1) // 2)
    pairs = [
        (Condition(family=a, augmented=augmented), Condition(family=b, augmented=augmented))
        for augmented in (True, False)
        for a, b in itertools.combinations(families, 2)
    ]
    confidences = [1 - (1 - CONFIDENCE) / n_pairs] * len(pairs)
    pairs += [
        (Condition(family=family, augmented=True), Condition(family=family, augmented=False))
        for family in families
    ]
    confidences += [CONFIDENCE] * len(families)
    labels = np.frombuffer(test_labels, np.uint8)
    return tuple(
        _compared(
            *pair,
            runs=runs,
            difference=partial(_difference, labels=labels, n_test=n_test),
            judged=partial(judge, margin=margin, confidence=confidence),
        )
        for pair, confidence in zip(pairs, confidences, strict=True)
        if pair[0] in runs and pair[1] in runs
    )


def runs_of_winners(
    results: Iterable[RetrainedResult],
) -> dict[Condition, dict[int, RetrainedResult]]:
    """Return the winners' runs by seed, by what they have in common."""
    runs: dict[Condition, dict[int, RetrainedResult]] = {}
    for result in results:
        if result.configuration == WINNER:
            condition = Condition(family=result.family, augmented=result.augmented)
            runs.setdefault(condition, {})[result.seed] = result
    return runs


def predictions_of(results: Sequence[RetrainedResult], labels: np.ndarray) -> np.ndarray | None:
    """Return the predicted classes, one row a model; None where they are not recorded for all.

    Args:
        results: At least one.
        labels: True class of each test image.
    """
    if len(labels) < 2 or any(len(result.predictions) != len(labels) for result in results):
        return None
    return np.array([np.frombuffer(result.predictions, np.uint8) for result in results])


def _compared(
    first: Condition,
    second: Condition,
    *,
    runs: Mapping[Condition, Mapping[int, RetrainedResult]],
    difference: Callable[[_Runs, _Runs], tuple[CrossedMean | None, bool]],
    judged: Callable[[CrossedMean | None], Verdict],
) -> Comparison:
    seeds = tuple(sorted(runs[first].keys() & runs[second].keys()))
    a, b = ([runs[condition][seed] for seed in seeds] for condition in (first, second))
    differences = [one.test_accuracy - other.test_accuracy for one, other in zip(a, b, strict=True)]
    if sum(differences) < 0:
        first, second, a, b = second, first, b, a
        differences = [-difference for difference in differences]
    found, by_image = difference(a, b)
    return Comparison(
        first=first,
        second=second,
        seeds=seeds,
        differences=tuple(differences),
        verdict=judged(found),
        by_image=by_image,
    )


def _difference(
    a: _Runs, b: _Runs, *, labels: np.ndarray, n_test: int | None
) -> tuple[CrossedMean | None, bool]:
    """Return the mean difference of the same seeds, and whether it is known by image."""
    right, wrong = rights(a, labels), rights(b, labels)
    by_image = right is not None and wrong is not None
    if len(a) < MIN_SEEDS:
        return None, by_image
    if right is not None and wrong is not None:
        return crossed_mean(right - wrong), by_image
    if n_test is None or n_test < 2:
        return None, by_image
    scores = [np.array([result.test_accuracy for result in side]) for side in (a, b)]
    return independent_difference(*scores, n_images=n_test), by_image


def rights(results: Sequence[RetrainedResult], labels: np.ndarray) -> np.ndarray | None:
    """Return 1 where a model was right and 0 elsewhere; None where that is not recorded.

    Args:
        results: Retrained models, one a row.
        labels: True class of each test image, one a column.
    """
    predictions = predictions_of(results, labels) if results else None
    return None if predictions is None else (predictions == labels).astype(np.int8)
