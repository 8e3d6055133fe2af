"""Draw a stratified sample of a training split and split it into training and validation images."""

from __future__ import annotations

import logging
import math
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from study.datasets.base import Images, UInt8Array
from study.errors import ConfigError

logger = logging.getLogger("study.datasets")

MIN_PER_CLASS = 2
"""One image to train on and one to validate with."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Sample:
    """A stratified sample: each class has as many images as any other, in both parts.

    Attributes:
        train: Images to fit models on while searching.
        validation: Images that score them.
    """

    train: Images
    validation: Images

    @property
    def whole(self) -> Images:
        """Training and then validation images, for retraining a winner."""
        return Images(
            images=np.concatenate([self.train.images, self.validation.images]),
            labels=np.concatenate([self.train.labels, self.validation.labels]),
        )


def draw_sample(
    images: Images, *, n_classes: int, fraction: float, seed: int, validation_fraction: float = 0.2
) -> Sample:
    """Draw the same number of images from each class, then split them, again class by class.

    A class gives floor(fraction * n / n_classes) images, or as many as the smallest class has, so
    a few of the training split's images may be left out even at a fraction of 1. Of these,
    round(validation_fraction * that number) are for validation, at least 1. The same seed draws
    the same sample on every machine and with every version of NumPy. Both parts keep the order of
    the training split.

    Args:
        images: The training split.
        n_classes: Number of classes; the labels are below it.
        fraction: Share of the training split, in (0, 1].
        seed: 0 or more.
        validation_fraction: Share of the sample that is for validation, in (0, 1).

    Raises:
        ConfigError: If a fraction or the seed is out of range, or a class would have no image in
            one of the parts.
    """
    if not 0 < fraction <= 1:
        raise ConfigError(f"fraction must be above 0 and at most 1, but got {fraction}.")
    if not 0 < validation_fraction < 1:
        raise ConfigError(
            f"validation_fraction must be between 0 and 1, but got {validation_fraction}."
        )
    if seed < 0:
        raise ConfigError(f"seed must be 0 or more, but got {seed}.")
    per_class = _images_per_class(images.labels, n_classes=n_classes, fraction=fraction)
    wanted = round(_exact(validation_fraction) * per_class)
    n_validation = min(max(wanted, 1), per_class - 1)

    rank = draw_ranks(images.labels, seed=seed)
    return Sample(
        train=_take(images, (rank >= n_validation) & (rank < per_class)),
        validation=_take(images, rank < n_validation),
    )


def draw_ranks(labels: UInt8Array, *, seed: int) -> npt.NDArray[np.intp]:
    """Put each class's images in a random order and return the place of each, from 0, shape (n,).

    NumPy keeps the raw output of a bit generator the same for ever, unlike that of the methods
    of a `Generator`, such as `permutation`.
    """
    order = np.argsort(np.random.PCG64(seed).random_raw(len(labels)), kind="stable")
    rank = np.empty(len(labels), dtype=np.intp)
    for label in np.unique(labels):
        members = order[labels[order] == label]
        rank[members] = np.arange(len(members))
    return rank


def _images_per_class(labels: UInt8Array, *, n_classes: int, fraction: float) -> int:
    smallest = int(np.bincount(labels, minlength=n_classes).min())
    asked = math.floor(_exact(fraction) * len(labels) / n_classes)
    per_class = min(asked, smallest)
    if smallest < MIN_PER_CLASS:
        raise ConfigError(
            f"A class has {smallest} training images, but a sample needs {MIN_PER_CLASS} of each. "
            "Choose another dataset."
        )
    if per_class < MIN_PER_CLASS:
        least = _round_up(Fraction(MIN_PER_CLASS * n_classes, len(labels)))
        raise ConfigError(
            f"fraction {fraction} of {len(labels):,} images leaves a class without images to train "
            f"on or to validate with. The smallest fraction that works is {least}."
        )
    left_out = math.floor(_exact(fraction) * len(labels)) - per_class * n_classes
    if left_out:
        logger.info(
            "sample: %d images of each class; %d of the fraction asked for are left out, so that "
            "all classes have the same number",
            per_class,
            left_out,
        )
    return per_class


def _exact(fraction: float) -> Fraction:
    """Return the decimal that was written: 0.29 * 50,000 is 14,500, where floats give less."""
    return Fraction(str(fraction))


def _round_up(fraction: Fraction, *, significant_digits: int = 3) -> float:
    scale: int = 10 ** (significant_digits - math.ceil(math.log10(fraction)))
    return math.ceil(fraction * scale) / scale


def _take(images: Images, chosen: npt.NDArray[np.bool_]) -> Images:
    return Images(images=images.images[chosen], labels=images.labels[chosen])
