"""Augmentation by Keras's classic tool, `ImageDataGenerator`: an epoch's images at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np

from study.config import AugmentationConfig
from study.interruption import stop_if_asked

BATCH_SIZE = 500
"""Images that are moved at a time: the tool takes and gives float32, four times as large."""


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

    def moved(self, images: np.ndarray, *, seed: Sequence[int]) -> np.ndarray:
        """Return the images moved, in their order.

        Args:
            images: uint8, shape (n, height, width, channels).
            seed: Equal seeds give equal transformations.

        Returns:
            uint8, shape of `images`.
        """
        (number,) = np.random.SeedSequence(seed).generate_state(1) // 2
        moved = np.empty_like(images)
        with _kept_numpy_state():
            for index, start in enumerate(range(0, len(images), BATCH_SIZE)):
                stop_if_asked()
                batch = slice(start, start + BATCH_SIZE)
                moved[batch] = self._batch(images[batch], seed=int(number) + index)
        return moved

    def _batch(self, images: np.ndarray, *, seed: int) -> np.ndarray:
        # Of all images at once the tool would keep a copy in float32 for the whole epoch.
        flow = self._generator.flow(images, batch_size=len(images), shuffle=False, seed=seed)
        batch: np.ndarray = np.clip(np.rint(flow[0]), 0, 255)
        return batch


@contextmanager
def _kept_numpy_state() -> Iterator[None]:
    # The tool seeds NumPy's global generator, which others may be using.
    before = np.random.get_state()
    try:
        yield
    finally:
        np.random.set_state(before)
