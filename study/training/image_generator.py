"""Augmentation by Keras's classic tool, `ImageDataGenerator`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from study.config import AugmentationConfig


class ImageGenerator:
    """Moves images on the processor, each in its own random way.

    Args:
        config: Ranges of the transformation.
        flip: Whether mirroring keeps what these images show.
    """

    def __init__(self, config: AugmentationConfig, *, flip: bool) -> None:
        # Keras itself no longer names it. TensorFlow, which is slow to import, still does.
        import tensorflow as tf

        self._generator = tf.keras.preprocessing.image.ImageDataGenerator(
            rotation_range=config.rotation_degrees,
            width_shift_range=config.shift_fraction,
            height_shift_range=config.shift_fraction,
            zoom_range=config.zoom_fraction,
            horizontal_flip=flip and config.horizontal_flip,
            fill_mode="nearest",
            data_format="channels_last",
        )

    def __call__(self, images: np.ndarray, *, seed: int) -> np.ndarray:
        """Return the images moved, as floats; see `study.training.movers.Tool`."""
        with _kept_numpy_state():
            flow = self._generator.flow(images, batch_size=len(images), shuffle=False, seed=seed)
            batch: np.ndarray = flow[0]
        return batch


@contextmanager
def _kept_numpy_state() -> Iterator[None]:
    # The tool seeds NumPy's global generator, which others may be using.
    before = np.random.get_state()
    try:
        yield
    finally:
        np.random.set_state(before)
