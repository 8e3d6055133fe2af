"""Augmentation by Keras's random layers, one after another."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from study.config import AugmentationConfig


class ImageLayers:
    """Moves images with a resampling for each step.

    Args:
        config: Ranges of the transformation.
        flip: Whether mirroring keeps what these images show.
    """

    def __init__(self, config: AugmentationConfig, *, flip: bool) -> None:
        self._config = config
        self._flip = flip

    def __call__(self, images: np.ndarray, *, seed: int) -> np.ndarray:
        """Return the images moved, as floats; see `study.training.movers.Tool`."""
        given: Any = images.astype(np.float32)
        # Made anew, as each counts how often it was called.
        for layer in random_layers(self._config, flip=self._flip, seed=seed, dtype="float32"):
            given = layer(given, training=True)
        moved: np.ndarray = keras.ops.convert_to_numpy(given)
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
    # Layers of one seed would draw the same numbers, and so would those of the next one.
    if seed is None:
        return None
    return int(np.random.SeedSequence((seed, place)).generate_state(1)[0] // 2)
