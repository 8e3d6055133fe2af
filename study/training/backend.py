"""What a backend must offer to train: steps, and predictions of a model traced once."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Protocol

import keras
import numpy as np

from study.datasets.base import Images
from study.errors import ConfigError
from study.training.fit import FitConfig

BACKENDS = ("tensorflow", "jax")


class Steps(Protocol):
    """Trains one model, many steps a call; between calls the model holds averaged weights."""

    def run(self, batches: np.ndarray, first_step: int) -> tuple[int, float]:
        """Train on batches of images in turn.

        Args:
            batches: Indexes of the training images, int32, shape (n_steps, batch_size).
            first_step: Number of the first step in the whole run, from 0.

        Returns:
            How many images were classified rightly while training, and the sum of the losses.
        """
        ...

    def unaveraged_weights(self) -> AbstractContextManager[None]:
        """Put the weights that are being trained into the model; `run` is called within."""
        ...

    def state(self) -> dict[str, np.ndarray]:
        """Return all arrays that training changes."""
        ...

    def load(self, state: Mapping[str, np.ndarray]) -> None:
        """Put the arrays of `state` back.

        Raises:
            ValueError: If they are those of another model.
        """
        ...


def make_steps(
    model: keras.Model, train: Images, config: FitConfig, *, n_steps: int, averaging: float
) -> Steps:
    """Return the steps of Keras's backend.

    Args:
        model: What to train; its weights are where training begins.
        train: Images to learn from.
        config: How to train.
        n_steps: Steps of the whole run, at least 1.
        averaging: Share of the new weights in the average of all, at each step, in (0, 1].

    Raises:
        ConfigError: If Keras runs on a backend that has no steps here.
    """
    match keras.backend.backend():
        case "tensorflow":
            from study.training.tensorflow_steps import TensorFlowSteps

            return TensorFlowSteps(model, train, config, n_steps=n_steps, averaging=averaging)
        case other:
            raise ConfigError(
                f"KERAS_BACKEND is {other!r}, which cannot train here; use {' or '.join(BACKENDS)}."
            )
