"""What training needs of Keras's backend beyond Keras's own operations."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

import keras
import numpy as np

from study.datasets.base import Images
from study.errors import ConfigError
from study.training.fit import FitConfig

State = Mapping[str, Sequence[np.ndarray]]
"""All arrays that training changes, by what they are, as "momenta"."""


class Steps(Protocol):
    """Trains one model, many steps a call; between calls the model holds averaged weights."""

    def use_images(self, images: np.ndarray) -> None:
        """Train on these images from now on: uint8, of the former shape and with its labels."""
        ...

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

    def state(self) -> dict[str, list[np.ndarray]]:
        """Return all arrays that training changes: equal names and shapes on every backend."""
        ...

    def load(self, state: State) -> None:
        """Go on from a state of this model; the model then holds its averaged weights."""
        ...


class Backend(Protocol):
    """One backend: the modules `tensorflow_backend` and `jax_backend` are the two there are."""

    def make_steps(
        self,
        model: keras.Model,
        train: Images,
        config: FitConfig,
        *,
        n_steps: int,
        averaging: float,
    ) -> Steps:
        """Return what trains a model.

        Args:
            model: What to train; its weights are where training begins.
            train: Images to learn from.
            config: How to train.
            n_steps: Steps of the whole run, at least 1.
            averaging: Share of the new weights in the average of all, at each step, in (0, 1].
        """
        ...

    def compiled_model(self, model: keras.Model) -> Callable[[np.ndarray], np.ndarray]:
        """Return the model's predictions as a function, compiled once for each shape of images."""
        ...

    def compiled_gradient(self, loss: Callable[[Any], Any]) -> Callable[[np.ndarray], np.ndarray]:
        """Return a scalar function's gradient as a function of the same array."""
        ...

    def memory_errors(self) -> AbstractContextManager[None]:
        """Turn the backend's own error for too little memory into Python's `MemoryError`."""
        ...


@functools.cache
def active_backend() -> Backend:
    """Return the backend that Keras runs on.

    Raises:
        ConfigError: If it is one that cannot train here.
    """
    match keras.backend.backend():
        case "tensorflow":
            from study.training import tensorflow_backend

            return tensorflow_backend
        case "jax":
            from study.training import jax_backend

            return jax_backend
        case other:
            raise ConfigError(
                f"KERAS_BACKEND is {other!r}, which cannot train here; use tensorflow or jax."
            )
