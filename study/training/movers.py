"""What moves a whole epoch's images before it, by the name of `--augmenter`.

To add one, write a class like these, a line here, and its name in `study.config.AUGMENTERS`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np

from study.config import IMAGE_DATA_GENERATOR, KERAS_LAYERS, AugmentationConfig
from study.training.image_generator import ImageGenerator
from study.training.image_layers import ImageLayers


class Mover(Protocol):
    """Moves images, each in its own random way."""

    def moved(self, images: np.ndarray, *, seed: Sequence[int]) -> np.ndarray:
        """Return uint8 images moved, in their order; equal seeds move them alike."""
        ...


MOVERS: dict[str, Callable[..., Mover]] = {
    IMAGE_DATA_GENERATOR: ImageGenerator,
    KERAS_LAYERS: ImageLayers,
}


def mover_of(config: AugmentationConfig, *, flip: bool) -> Mover | None:
    """Return what moves the images before each epoch; None where the training step does.

    Args:
        config: Names the augmenter, and has its ranges.
        flip: Whether mirroring keeps what the images show.
    """
    kind = MOVERS.get(config.augmenter)
    return None if kind is None else kind(config, flip=flip)
