"""What a dataset is: uint8 images with their labels, and the plug-in that loads them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from study.config import RetrainConfig

UInt8Array = npt.NDArray[np.uint8]


@dataclass(frozen=True, kw_only=True, eq=False)
class Images:
    """Images and the class of each.

    Attributes:
        images: Pixels in [0, 255], uint8, shape (n, height, width, channels).
        labels: Class of each image in [0, n_classes), uint8, shape (n,).

    Raises:
        ValueError: If dtypes or shapes differ from these.
    """

    images: UInt8Array
    labels: UInt8Array

    def __post_init__(self) -> None:
        if self.images.dtype != np.uint8 or self.labels.dtype != np.uint8:
            raise ValueError(f"Expected uint8, got {self.images.dtype} and {self.labels.dtype}.")
        if self.images.ndim != 4 or self.labels.shape != self.images.shape[:1]:
            raise ValueError(
                "Expected images (n, height, width, channels) and labels (n,), "
                f"got {self.images.shape} and {self.labels.shape}."
            )

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """Height, width and channels of one image."""
        _, height, width, channels = self.images.shape
        return height, width, channels


@dataclass(frozen=True, kw_only=True)
class Dataset:
    """A dataset plug-in: what a model must know beforehand, and how to load each split.

    Attributes:
        name: As on the command line, "cifar10".
        classes: Name of each class, in label order.
        flips: Whether an image flipped left to right keeps its label.
        digests: SHA-256 by array name (x_train, y_train, x_test, y_test), of the official arrays.
        load_training: Loads the training split from, or into, a data folder.
        load_test: Loads the test split likewise; for retraining only, the search never calls it.
        image_shape: Height, width and channels of one loaded image.
        retrain_epochs: Epochs of a retraining run for which none were asked for.
    """

    name: str
    classes: tuple[str, ...]
    flips: bool
    digests: Mapping[str, str]
    load_training: Callable[[Path], Images]
    load_test: Callable[[Path], Images]
    image_shape: tuple[int, int, int]
    retrain_epochs: int = RetrainConfig.epochs

    @property
    def n_classes(self) -> int:
        """Number of classes."""
        return len(self.classes)
