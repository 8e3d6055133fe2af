"""What each step from a named configuration to the winner was worth, with its interval."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

import numpy as np

from analysis.statistics.crossed import MIN_SEEDS, CrossedMean, crossed_mean
from study.records import AblationPath, StudyRecord, ValidatedResult, validation_key


@dataclass(frozen=True, kw_only=True)
class AblatedStep:
    """One configuration on the path, and what tells it from the one before.

    Attributes:
        changed: The hyperparameter that was changed; empty at the first.
        before: Its value before; None at the first.
        after: Its value from here on; None at the first.
        accuracies: Validation accuracy in [0, 1] of each seed.
        gain: Accuracy less that of the step before, over seeds and validation images; None at the
            first, below two seeds, or where predictions are not recorded.
    """

    changed: str
    before: object
    after: object
    accuracies: tuple[float, ...]
    gain: CrossedMean | None

    @property
    def mean(self) -> float:
        """Return the mean accuracy over seeds."""
        return fmean(self.accuracies)

    def is_beyond_noise(self) -> bool:
        """Return whether the interval of the gain holds no zero."""
        if self.gain is None:
            return False
        low, high = self.gain.interval()
        return low > 0 or high < 0


@dataclass(frozen=True, kw_only=True)
class Ablated:
    """A path as far as all of its steps were trained with the same seeds.

    Attributes:
        family: Whose.
        baseline: Name of the configuration where it begins.
        winner: Number of the trial where it ends.
        seeds: Those of all steps.
        steps: The first is the baseline.
        gain: Accuracy of the last step less that of the first, as of `AblatedStep`.
    """

    family: str
    baseline: str
    winner: int
    seeds: tuple[int, ...]
    steps: tuple[AblatedStep, ...]
    gain: CrossedMean | None


def ablated(study: StudyRecord, winners: Mapping[str, int]) -> tuple[Ablated, ...]:
    """Return the paths that end at the present winners and were trained with a common seed.

    Args:
        study: All records.
        winners: Number of the winning trial by family.
    """
    results = {one.key: one for one in study.validated}
    labels = np.frombuffer(study.validation_labels, np.uint8)
    paths = (
        _ablated(path, study.validated, results, labels)
        for path in study.ablations
        if winners.get(path.family) == path.winner
    )
    return tuple(path for path in paths if path is not None)


def _ablated(
    path: AblationPath,
    validated: Sequence[ValidatedResult],
    results: Mapping[tuple[str, str, int], ValidatedResult],
    labels: np.ndarray,
) -> Ablated | None:
    candidates = sorted({one.seed for one in validated if one.family == path.family})
    seeds = tuple(
        seed
        for seed in candidates
        if all(validation_key(path.family, step.params, seed) in results for step in path.steps)
    )
    if not seeds:
        return None
    runs = [
        [results[validation_key(path.family, step.params, seed)] for seed in seeds]
        for step in path.steps
    ]
    steps = []
    for place, (step, own) in enumerate(zip(path.steps, runs, strict=True)):
        earlier = path.steps[place - 1].params if place else {}
        steps.append(
            AblatedStep(
                changed=step.changed,
                before=earlier.get(step.changed),
                after=step.params.get(step.changed) if place else None,
                accuracies=tuple(run.validation_accuracy for run in own),
                gain=paired_difference(own, runs[place - 1], labels) if place else None,
            )
        )
    return Ablated(
        family=path.family,
        baseline=path.baseline,
        winner=path.winner,
        seeds=seeds,
        steps=tuple(steps),
        gain=paired_difference(runs[-1], runs[0], labels) if len(runs) > 1 else None,
    )


def paired_difference(
    after: Sequence[ValidatedResult], before: Sequence[ValidatedResult], labels: np.ndarray
) -> CrossedMean | None:
    """Return the mean difference of accuracy, over seeds and validation images.

    Args:
        after: One model a seed.
        before: What it is compared with, from the same seeds.
        labels: True class of each validation image.

    Returns:
        None below two seeds, or where predictions are not recorded.
    """
    known = all(len(run.predictions) == len(labels) for run in (*after, *before))
    if len(after) < MIN_SEEDS or len(labels) < MIN_SEEDS or not known:
        return None
    right, formerly = (
        np.array([np.frombuffer(run.predictions, np.uint8) == labels for run in side], np.int8)
        for side in (after, before)
    )
    return crossed_mean(right - formerly)
