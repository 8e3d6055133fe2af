"""What a training run is asked for and what an epoch of it gives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from study.config import AugmentationConfig


class DivergedError(Exception):
    """The training loss is no longer a number."""


@dataclass(frozen=True, kw_only=True)
class FitConfig:
    """How one model is trained.

    Attributes:
        epochs: Length of the run; the learning-rate schedule is laid over all of it.
        batch_size: Images a step.
        learning_rate: Peak of the triangular schedule.
        weight_decay: Decoupled, on kernels only (Loshchilov and Hutter 2019, "AdamW").
        label_smoothing: Share of the target spread over all classes, in [0, 1).
        seed: Of the order of the images and of augmentation.
        augmentation: None for the images as they are.
        flip: Whether augmentation may mirror these images.
    """

    epochs: int
    batch_size: int
    learning_rate: float
    weight_decay: float
    label_smoothing: float
    seed: int
    augmentation: AugmentationConfig | None = None
    flip: bool = False

    @classmethod
    def of(
        cls,
        params: Mapping[str, Any],
        *,
        epochs: int,
        seed: int,
        augmentation: AugmentationConfig | None = None,
        flip: bool = False,
    ) -> Self:
        """Return how to train a configuration: its nuisance parameters and what is given here."""
        return cls(
            epochs=epochs,
            batch_size=params["batch_size"],
            learning_rate=params["learning_rate"],
            weight_decay=params["weight_decay"],
            label_smoothing=params["label_smoothing"],
            seed=seed,
            augmentation=augmentation,
            flip=flip,
        )


@dataclass(frozen=True, kw_only=True)
class EpochScores:
    """What one epoch gave; validation scores are None where no validation images were given.

    Attributes:
        epoch: From 1.
        training_accuracy: In [0, 1], measured while training.
        training_loss: Mean smoothed cross-entropy, in nats.
        validation_accuracy: In [0, 1], after the epoch.
        validation_loss: Mean smoothed cross-entropy, in nats.
        seconds: Wall time of training and validating.
    """

    epoch: int
    training_accuracy: float
    training_loss: float
    validation_accuracy: float | None
    validation_loss: float | None
    seconds: float
