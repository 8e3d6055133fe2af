"""What every contender trains: a named configuration on images of CIFAR-10's shape.

Speed depends on the number and shape of the images, not on what they show, so they are random.
This file imports neither Keras nor PyTorch; both kinds of contender read it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from search_spaces import SPACES
from search_spaces.base import Params

IMAGE_SHAPE = (32, 32, 3)
N_CLASSES = 10
CONFIGURATIONS = {"custom_cnn": "V3", "alexnet_lite": "AlexNet"}
"""The named configuration that stands for each family."""

MAX_EPOCHS = 100
"""Epochs that the learning-rate schedules are laid over; no benchmark runs so many."""


@dataclass(frozen=True, kw_only=True)
class Workload:
    """A family and how many images an epoch visits.

    Attributes:
        family: Key of `CONFIGURATIONS`.
        n_images: Rounded down to whole batches, so that every contender takes equally many steps.
    """

    family: str
    n_images: int

    @classmethod
    def of(cls, spec: Mapping[str, Any]) -> Self:
        """Return the workload that `as_spec` described."""
        return cls(family=spec["family"], n_images=spec["n_images"])

    def as_spec(self) -> dict[str, Any]:
        """Return the workload in JSON's terms."""
        return asdict(self)

    @property
    def params(self) -> Params:
        """The configuration's hyperparameters."""
        return SPACES[self.family].baselines[CONFIGURATIONS[self.family]]

    @property
    def batch_size(self) -> int:
        """Images a step."""
        return int(self.params["batch_size"])

    @property
    def n_steps(self) -> int:
        """Steps an epoch, at least 1."""
        return max(1, self.n_images // self.batch_size)

    def images(self) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
        """Return random images, uint8, shape (n, 32, 32, 3), and random labels, uint8."""
        rng = np.random.default_rng(0)
        n = self.n_steps * self.batch_size
        pixels = rng.integers(0, 256, size=(n, *IMAGE_SHAPE), dtype=np.uint8)
        return pixels, rng.integers(0, N_CLASSES, size=n, dtype=np.uint8)
