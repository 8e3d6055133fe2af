"""What moves a whole epoch's images before it, by the name of `--augmenter`.

To add one, write a class like these, a line here, and its name in `study.config.AUGMENTERS`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from study.config import IMAGE_DATA_GENERATOR, KERAS_LAYERS, AugmentationConfig
from study.interruption import stop_if_asked
from study.training.image_generator import ImageGenerator
from study.training.image_layers import ImageLayers

BATCH_SIZE = 500
"""Images that are moved at a time: tools take and give float32, four times as large."""

Tool = Callable[..., np.ndarray]
"""Called with uint8 images and `seed`, an integer; returns them moved, as floats."""

TOOLS: dict[str, Callable[..., Tool]] = {
    IMAGE_DATA_GENERATOR: ImageGenerator,
    KERAS_LAYERS: ImageLayers,
}


class Mover:
    """Moves images on the processor, each in its own random way, some at a time.

    Args:
        tool: That moves some.
    """

    def __init__(self, tool: Tool) -> None:
        self._tool = tool

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
        for index, start in enumerate(range(0, len(images), BATCH_SIZE)):
            stop_if_asked()
            batch = slice(start, start + BATCH_SIZE)
            floats = self._tool(images[batch], seed=int(number) + index)
            moved[batch] = np.clip(np.rint(floats), 0, 255)
        return moved


def mover_of(config: AugmentationConfig, *, flip: bool) -> Mover | None:
    """Return what moves the images before each epoch; None where the training step does.

    Args:
        config: Names the augmenter, and has its ranges.
        flip: Whether mirroring keeps what the images show.
    """
    tool = TOOLS.get(config.augmenter)
    return None if tool is None else Mover(tool(config, flip=flip))
