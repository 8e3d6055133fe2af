"""Which classes augmentation helped or hurt, beyond what seeds and test images explain."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from analysis.comparisons import Condition, predictions_of, runs_of_winners
from analysis.evidence import Evidence
from analysis.statistics.crossed import MIN_SEEDS, crossed_mean
from analysis.statistics.f1 import f1_by_image
from analysis.statistics.moderated import moderated
from analysis.statistics.verdict import CONFIDENCE
from study.records import RetrainedResult


@dataclass(frozen=True, kw_only=True)
class ClassChange:
    """By how much the F1 score of a class rose with augmentation, in [-1, 1].

    Attributes:
        family: Whose winner.
        label: The class.
        change: With less without, mean over seeds.
        low: Lower end of its interval.
        high: Upper end. The intervals of all classes of a family hold together.
    """

    family: str
    label: str
    change: float
    low: float
    high: float

    @property
    def is_beyond_noise(self) -> bool:
        """Return whether the interval holds no zero."""
        return self.low > 0 or self.high < 0


def class_changes(evidence: Evidence) -> tuple[ClassChange, ...]:
    """Return the change of every class of every winner that was trained both ways.

    F1 is taken as a mean over images, paired by seed, so that its interval covers seeds and test
    images (see `analysis.statistics`); the seeds' variance is moderated over the classes, and the
    level of the intervals is Bonferroni's for as many classes as there are.
    """
    runs = runs_of_winners(evidence.results)
    return tuple(
        change for family in evidence.families for change in _of_family(family, runs, evidence)
    )


def _of_family(
    family: str, runs: Mapping[Condition, Mapping[int, RetrainedResult]], evidence: Evidence
) -> list[ClassChange]:
    labels = np.frombuffer(evidence.study.test_labels, np.uint8)
    classes = evidence.study.dataset.classes
    after, before = (
        runs.get(Condition(family=family, augmented=augmented), {}) for augmented in (True, False)
    )
    seeds = sorted(after.keys() & before.keys())
    if len(seeds) < MIN_SEEDS or not classes:
        return []
    predicted = [predictions_of([side[seed] for seed in seeds], labels) for side in (after, before)]
    scores = [
        np.array([f1_by_image(labels, one, len(classes)) for one in predictions])
        for predictions in predicted
        if predictions is not None
    ]
    if len(scores) < 2:
        return []
    # Shape (seeds, classes, images).
    change = scores[0] - scores[1]
    means = moderated([crossed_mean(change[:, place]) for place in range(len(classes))])
    confidence = 1 - (1 - CONFIDENCE) / len(classes)
    return [
        ClassChange(family=family, label=label, change=mean.mean, low=low, high=high)
        for label, mean in zip(classes, means, strict=True)
        for low, high in (mean.interval(confidence),)
    ]
