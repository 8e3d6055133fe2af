"""A model trained from scratch on training plus validation images and tested once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from study.records.mistake import Mistake

WINNER = "winner"
"""Configuration label of a family's best trial; named baselines use their own names."""


@dataclass(frozen=True, kw_only=True)
class RetrainedResult:
    """One model trained from scratch on training plus validation images and tested once.

    Attributes:
        number: Number of the trial in `{name}/retrained`.
        family: Architecture family.
        configuration: "winner", or the name of a baseline.
        source_trial: Number of the search trial it was taken from; None for a baseline.
        params: The hyperparameters it was built from.
        augmented: Whether it was trained with data augmentation.
        seed: Seed of this run.
        draw: Which sample it was trained on; 0 for the one that was searched with.
        epochs: Epochs trained.
        test_accuracy: Share of the whole test split classified rightly, in [0, 1].
        unflipped_test_accuracy: The same without test-time flip, where there was one.
        training_accuracy: The same on its own, unaugmented training images, after training.
        training_accuracy_by_epoch: Measured while training (dropout and augmentation on).
        training_loss_by_epoch: Mean cross-entropy (with label smoothing).
        precision: By class, in [0, 1].
        recall: By class, in [0, 1].
        f1: By class, in [0, 1].
        confusion_matrix: Counts; rows are true classes, columns predicted ones.
        predictions: Predicted class of each test image in order, one byte each.
        confidences: Probability of the predicted class of each test image in order, one byte each:
            255 times the probability, rounded.
        mistakes: Wrongly classified test images, the most confident first; only some.
        n_parameters: Trainable and other weights of the model.
        forward_flops: Floating-point operations of one forward pass of one image.
        model_bytes: Size of the saved `.keras` file.
        training_seconds: Wall time of fitting.
        milliseconds_per_image: Wall time of predicting the test split, per image.
        finished: When the run ended, in UTC.
    """

    number: int
    family: str
    configuration: str
    augmented: bool
    seed: int
    test_accuracy: float
    source_trial: int | None = None
    draw: int = 0
    params: Mapping[str, Any] = field(default_factory=dict)
    epochs: int | None = None
    unflipped_test_accuracy: float | None = None
    training_accuracy: float | None = None
    training_accuracy_by_epoch: tuple[float, ...] = ()
    training_loss_by_epoch: tuple[float, ...] = ()
    precision: tuple[float, ...] = ()
    recall: tuple[float, ...] = ()
    f1: tuple[float, ...] = ()
    confusion_matrix: tuple[tuple[int, ...], ...] = ()
    predictions: bytes = b""
    confidences: bytes = b""
    mistakes: tuple[Mistake, ...] = ()
    n_parameters: int | None = None
    forward_flops: int | None = None
    model_bytes: int | None = None
    training_seconds: float | None = None
    milliseconds_per_image: float | None = None
    finished: datetime | None = None
