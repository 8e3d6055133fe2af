"""What retrained models took for something else, and whether they were less sure of that."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean
from typing import NamedTuple

import numpy as np

from analysis import pixels
from analysis.statistics.calibration import (
    chance_calibration_error,
    expected_calibration_error,
)
from study.records import WINNER, DatasetRecord, Mistake, RetrainedResult

N_SHOWN = 8


class Example(NamedTuple):
    """A misclassified test image: place in the test split, names of classes, and a data URI."""

    place: int
    true: str
    predicted: str
    confidence: float
    picture: str


class Trust(NamedTuple):
    """How sure a model is, on average over the test images; all in [0, 1].

    `when_right` and `when_wrong` are mean confidences, NaN where there is no such image;
    `calibration_error` is that of `expected_calibration_error`, `chance_error` what it would be on
    average if the model were right just as often as it is sure.
    """

    accuracy: float
    confidence: float
    when_right: float
    when_wrong: float
    calibration_error: float
    chance_error: float


class Examined(NamedTuple):
    """One model's most confident mistakes, surest first; `trust` is None where not recorded."""

    family: str
    augmented: bool
    seed: int
    accuracy: float
    examples: tuple[Example, ...]
    trust: Trust | None


def examined(
    result: RetrainedResult, *, dataset: DatasetRecord, test_labels: bytes
) -> Examined | None:
    """Return what is known of a model's mistakes; None where none can be shown."""
    found = (_example(mistake, dataset) for mistake in result.mistakes)
    examples = tuple(example for example in found if example is not None)[:N_SHOWN]
    if not examples:
        return None
    return Examined(
        family=result.family,
        augmented=result.augmented,
        seed=result.seed,
        accuracy=result.test_accuracy,
        examples=examples,
        trust=_trust(result, test_labels),
    )


def of_winner(
    results: Sequence[RetrainedResult], family: str, *, dataset: DatasetRecord, test_labels: bytes
) -> Examined | None:
    """Return one model of a family's winner; None where nothing is recorded of any.

    Of those of which mistakes are recorded: trained the way, with augmentation or without, that has
    the higher mean test accuracy, and from the lowest seed.
    """
    of_family = [one for one in results if (one.family, one.configuration) == (family, WINNER)]
    accuracies = {
        augmented: fmean(one.test_accuracy for one in of_family if one.augmented == augmented)
        for augmented in {one.augmented for one in of_family}
    }
    order = sorted(of_family, key=lambda one: (-accuracies[one.augmented], one.seed, one.number))
    found = (examined(one, dataset=dataset, test_labels=test_labels) for one in order)
    return next((one for one in found if one is not None), None)


def _example(mistake: Mistake, dataset: DatasetRecord) -> Example | None:
    picture = pixels.data_uri(mistake.pixels, dataset.image_shape)
    if picture is None or max(mistake.true, mistake.predicted) >= len(dataset.classes):
        return None
    return Example(
        place=mistake.index,
        true=dataset.classes[mistake.true],
        predicted=dataset.classes[mistake.predicted],
        confidence=mistake.confidence,
        picture=picture,
    )


def _trust(result: RetrainedResult, test_labels: bytes) -> Trust | None:
    if not len(result.confidences) == len(result.predictions) == len(test_labels) > 0:
        return None
    predictions, labels, coded = (
        np.frombuffer(values, dtype=np.uint8)
        for values in (result.predictions, test_labels, result.confidences)
    )
    right, confidences = predictions == labels, coded / 255
    return Trust(
        accuracy=float(right.mean()),
        confidence=float(confidences.mean()),
        when_right=_mean(confidences[right]),
        when_wrong=_mean(confidences[~right]),
        calibration_error=expected_calibration_error(right, confidences),
        chance_error=chance_calibration_error(confidences),
    )


def _mean(values: np.ndarray) -> float:
    return float(values.mean()) if values.size else float("nan")
