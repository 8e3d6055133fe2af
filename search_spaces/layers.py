"""The layers that the families share, each with a seed of its own.

This file imports Keras; a family imports it when it builds.
"""

from __future__ import annotations

import random
from typing import Any

import keras

from search_spaces.batch_normalization import FusedBatchNormalization
from search_spaces.dropout import ByteDropout

BATCH_NORM_MOMENTUM = 0.9
"""Keras's 0.99 has barely left its initial statistics after an epoch of a hundred batches, so early
validation scores would be wrong and pruning would stop good trials."""


def scale_pixels(images: Any) -> Any:
    """Map pixel values from [0, 255] to [-1, 1]."""
    return keras.layers.Rescaling(1 / 127.5, offset=-1.0)(images)


class SeededLayers:
    """Makes layers whose initial weights and dropout follow from one seed and the calls' order."""

    def __init__(self, seed: int) -> None:
        self._rng = random.Random(seed)  # noqa: S311 - initial weights need no secrecy

    def _seed(self) -> int:
        return self._rng.getrandbits(31)

    def convolution(
        self, images: Any, filters: int, kernel_size: int, *, batch_normalization: bool
    ) -> Any:
        """Convolve with stride 1 and "same" padding, normalize if wanted, and apply ReLU."""
        images = keras.layers.Conv2D(
            filters,
            kernel_size,
            padding="same",
            use_bias=not batch_normalization,
            kernel_initializer=keras.initializers.HeNormal(seed=self._seed()),
        )(images)
        if batch_normalization:
            images = FusedBatchNormalization(momentum=BATCH_NORM_MOMENTUM)(images)
        return keras.layers.ReLU()(images)

    def dense(self, features: Any, units: int) -> Any:
        """Apply a dense layer and ReLU."""
        return keras.layers.Dense(
            units,
            activation="relu",
            kernel_initializer=keras.initializers.HeNormal(seed=self._seed()),
        )(features)

    def dropout(self, values: Any, rate: float) -> Any:
        """Drop a share `rate` of the values while training; none at a rate of 0."""
        return ByteDropout(rate, seed=self._seed())(values)

    def logits(self, features: Any, n_classes: int) -> Any:
        """Return one float32 score a class, whatever the precision of the layers before."""
        return keras.layers.Dense(
            n_classes,
            kernel_initializer=keras.initializers.GlorotUniform(seed=self._seed()),
            dtype="float32",
            name="logits",
        )(features)
