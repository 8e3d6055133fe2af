"""A family's winner in one study against its winner in another, on the same test images."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import mean

import numpy as np

from analysis.comparisons import rights
from analysis.evidence import Evidence
from analysis.statistics.crossed import (
    MIN_SEEDS,
    CrossedMean,
    crossed_mean,
    independent_difference,
)
from analysis.statistics.estimate import Estimate
from analysis.statistics.unpaired import unpaired_difference, unpaired_totals
from analysis.statistics.verdict import Verdict, judge
from study.records import WINNER, RetrainedResult, StudyRecord

_Results = Sequence[RetrainedResult]


@dataclass(frozen=True, kw_only=True)
class Runs:
    """The retrained winners of one family in two studies, under one augmentation.

    Attributes:
        family: Which.
        augmented: Whether they were trained with augmentation.
        seeds: Of the first and of the second study; they are no pairs.
        accuracies: On the test split, in [0, 1], in the order of the seeds.
        verdict: On the first study less the second.
        by_image: Whether it is known which images each model got right; otherwise the interval is
            wider than it need be.
    """

    family: str
    augmented: bool
    seeds: tuple[tuple[int, ...], tuple[int, ...]]
    accuracies: tuple[tuple[float, ...], tuple[float, ...]]
    verdict: Verdict
    by_image: bool

    @property
    def difference(self) -> float:
        """Return the mean accuracy of the first study less that of the second."""
        return mean(self.accuracies[0]) - mean(self.accuracies[1])


def compare_runs(first: Evidence, second: Evidence, *, margin: float) -> tuple[Runs, ...]:
    """Return the comparisons of all winners that both studies have retrained in the same way.

    Args:
        first: One study.
        second: Another, tested on the same images.
        margin: Differences of accuracy up to this do not matter.
    """
    # Either may lack the labels or their number, which are the same.
    labels = np.frombuffer(first.study.test_labels or second.study.test_labels, np.uint8)
    n_test = first.study.dataset.n_test or second.study.dataset.n_test
    pairs = [
        (retrained(first, family, augmented), retrained(second, family, augmented))
        for family in first.families
        for augmented in (True, False)
    ]
    return tuple(
        _runs(a, b, difference=_difference(a, b, labels=labels, n_test=n_test), margin=margin)
        for a, b in pairs
        if a and b
    )


def retrained(known: Evidence, family: str, augmented: bool) -> _Results:
    """Return the retrained winner of a family, in the order of the seeds."""
    found = [
        result
        for result in known.results
        if (result.configuration, result.family, result.augmented) == (WINNER, family, augmented)
    ]
    return sorted(found, key=lambda result: result.seed)


def accuracy(results: _Results, study: StudyRecord) -> CrossedMean | None:
    """Return the mean test accuracy of a winner; None where its precision cannot be told."""
    if len(results) < MIN_SEEDS:
        return None
    right = rights(results, np.frombuffer(study.test_labels, np.uint8))
    if right is not None:
        return crossed_mean(right)
    n_test = study.dataset.n_test
    if n_test is None or n_test < 2:
        return None
    scores = np.array([result.test_accuracy for result in results])
    return independent_difference(scores, np.zeros_like(scores), n_images=n_test)


def count_same_models(first: Evidence, second: Evidence) -> int:
    """Return how many models of both made the same predictions after the same training."""
    return len(_trained(first.results) & _trained(second.results))


def _trained(results: Iterable[RetrainedResult]) -> set[tuple[str, bool, int, bytes]]:
    return {
        (result.family, result.augmented, result.seed, result.predictions)
        for result in results
        if result.configuration == WINNER and result.predictions
    }


def _runs(
    a: _Results, b: _Results, *, difference: tuple[Estimate | None, bool], margin: float
) -> Runs:
    found, by_image = difference
    return Runs(
        family=a[0].family,
        augmented=a[0].augmented,
        seeds=(_seeds(a), _seeds(b)),
        accuracies=(_accuracies(a), _accuracies(b)),
        verdict=judge(found, margin=margin),
        by_image=by_image,
    )


def _difference(
    a: _Results, b: _Results, *, labels: np.ndarray, n_test: int | None
) -> tuple[Estimate | None, bool]:
    """Return the difference of means, and whether it is known by image."""
    right, other = rights(a, labels), rights(b, labels)
    by_image = right is not None and other is not None
    if min(len(a), len(b)) < MIN_SEEDS:
        return None, by_image
    if right is not None and other is not None:
        return unpaired_difference(right, other), by_image
    if n_test is None or n_test < 2:
        return None, by_image
    scores = (np.array(_accuracies(a)), np.array(_accuracies(b)))
    return unpaired_totals(*scores, n_images=n_test), by_image


def _seeds(results: _Results) -> tuple[int, ...]:
    return tuple(result.seed for result in results)


def _accuracies(results: _Results) -> tuple[float, ...]:
    return tuple(result.test_accuracy for result in results)
