"""Augmentation by Keras's random layers, one after another: an epoch's images at a time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from study.config import AugmentationConfig
from study.interruption import stop_if_asked

BATCH_SIZE = 500
"""Images that are moved at a time: the layers take and give float32, four times as large."""


class ImageLayers:
    """Moves images on the processor, each in its own random way, with a resampling for each step.

    Args:
        config: Ranges of the transformation.
        flip: Whether mirroring keeps what these images show.
    """

    def __init__(self, config: AugmentationConfig, *, flip: bool) -> None:
        self._config = config
        self._flip = flip

    def moved(self, images: np.ndarray, *, seed: Sequence[int]) -> np.ndarray:
        """Return the images moved, in their order.

        Args:
            images: uint8, shape (n, height, width, channels).
            seed: Equal seeds give equal transformations.

        Returns:
            uint8, shape of `images`.
        """
        (number,) = np.random.SeedSequence(seed).generate_state(1) // 2
        # Made anew, as each counts how often it was called.
        layers = random_layers(self._config, flip=self._flip, seed=int(number), dtype="float32")
        moved = np.empty_like(images)
        for start in range(0, len(images), BATCH_SIZE):
            stop_if_asked()
            batch = slice(start, start + BATCH_SIZE)
            given: Any = images[batch].astype(np.float32)
            for layer in layers:
                given = layer(given, training=True)
            moved[batch] = np.clip(np.rint(keras.ops.convert_to_numpy(given)), 0, 255)
        return moved


def random_layers(
    config: AugmentationConfig, *, flip: bool, seed: int | None = None, dtype: str | None = None
) -> list[keras.layers.Layer]:
    """Return a layer each for rotation, shift and zoom, as far as they have a range, and a flip.

    Args:
        config: Ranges of the transformation.
        flip: Whether mirroring keeps what the images show.
        seed: Of all of them, each in its own way; None for one that nobody knows.
        dtype: That they compute in; None for that of Keras's policy.
    """
    turn, shift, zoom = (
        config.rotation_degrees / 360,
        config.shift_fraction,
        config.zoom_fraction,
    )
    kinds = [
        (keras.layers.RandomRotation, (turn,), turn),
        (keras.layers.RandomTranslation, (shift, shift), shift),
        (keras.layers.RandomZoom, (zoom, zoom), zoom),
    ]
    layers = [
        kind(*factors, fill_mode="nearest", seed=_next(seed, place), dtype=dtype)
        for place, (kind, factors, extent) in enumerate(kinds)
        if extent
    ]
    if flip and config.horizontal_flip:
        own = _next(seed, len(kinds))
        layers.append(keras.layers.RandomFlip("horizontal", seed=own, dtype=dtype))
    return layers


def _next(seed: int | None, place: int) -> int | None:
    # Layers of one seed would draw the same numbers.
    return None if seed is None else seed + place
