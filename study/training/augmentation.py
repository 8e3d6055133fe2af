"""Random rotation, shift, flip and zoom of a batch of images, composed into one resampling."""

from __future__ import annotations

import math
from typing import Any

import keras

from study.config import AugmentationConfig

N_RANDOM_NUMBERS = 7
"""Random numbers that decide how one image is moved."""

FUSED_BY = ("tensorflow",)
"""Backends for which Keras resamples images in one kernel. What it does under JAX took thirty times
as long as gathering four neighbours (128 images of 32x32x3, JAX 0.10 on a CPU)."""


def random_affine(
    images: Any, *, config: AugmentationConfig, uniform: Any, flip: bool = True
) -> Any:
    """Return each image moved by its own random affine transformation.

    Rotation, shifts, zooms and the flip are one 3x3 matrix an image, so that pixels are
    interpolated once (bilinear) and not once per operation. Points outside the image take the
    nearest pixel of its border.

    Args:
        images: uint8 or float tensor, shape (n, height, width, channels).
        config: Ranges of the transformation.
        uniform: Random numbers in [0, 1), float tensor, shape (7, n).
        flip: Whether mirroring keeps what these images show.

    Returns:
        Tensor of the shape and dtype of `images`.
    """
    _, height, width, _ = images.shape
    transforms = affine_transforms(uniform, height=height, width=width, config=config, flip=flip)
    if keras.backend.backend() in FUSED_BY:
        return keras.ops.image.affine_transform(
            images,
            transforms,
            interpolation="bilinear",
            fill_mode="nearest",
            data_format="channels_last",
        )
    return _resampled(images, transforms)


def _resampled(images: Any, transforms: Any) -> Any:
    """Return what `keras.ops.image.affine_transform` does, bilinear, with the border repeated."""
    ops = keras.ops
    n, height, width, n_channels = images.shape
    a, b, offset_x, c, d, offset_y = (transforms[:, index, None, None] for index in range(6))
    x, y = ops.arange(width, dtype="float32"), ops.arange(height, dtype="float32")[:, None]
    from_x = ops.clip(a * x + b * y + offset_x, 0, width - 1)
    from_y = ops.clip(c * x + d * y + offset_y, 0, height - 1)
    left, top = ops.floor(from_x), ops.floor(from_y)
    right, bottom = ops.minimum(left + 1, width - 1), ops.minimum(top + 1, height - 1)
    share_right, share_bottom = (from_x - left)[..., None], (from_y - top)[..., None]
    pixels = ops.reshape(images, (n * height * width, n_channels))
    first_row = height * ops.arange(n, dtype="int32")[:, None, None]

    def at(row: Any, column: Any) -> Any:
        row, column = ops.cast(row, "int32"), ops.cast(column, "int32")
        return ops.cast(ops.take(pixels, (first_row + row) * width + column, axis=0), "float32")

    above = at(top, left) * (1 - share_right) + at(top, right) * share_right
    below = at(bottom, left) * (1 - share_right) + at(bottom, right) * share_right
    mixed = above * (1 - share_bottom) + below * share_bottom
    if not keras.backend.is_float_dtype(images.dtype):
        mixed = ops.round(mixed)
    return ops.cast(mixed, images.dtype)


def affine_transforms(
    uniform: Any, *, height: int, width: int, config: AugmentationConfig, flip: bool
) -> Any:
    """Return the transformations, from output pixels to input pixels, about the image's centre.

    With c the centre, an output point p is read from the input at
    c + R(angle) S(zoom, flip) (p - c) + shift.

    Args:
        uniform: Numbers in [0, 1), shape (7, n): angle, shifts (y, x), zooms (y, x), flip, and
            whether the image is resampled.
        height: Rows of the images.
        width: Columns of the images.
        config: Ranges of the transformation.
        flip: Whether images may be mirrored.

    Returns:
        float32 tensor of shape (n, 8): the first eight entries of each 3x3 matrix in (x, y) order.
    """
    ops = keras.ops
    symmetric = 2.0 * uniform - 1.0
    angle = symmetric[0] * (config.rotation_degrees * math.pi / 180.0)
    shift_y = symmetric[1] * config.shift_fraction * height
    shift_x = symmetric[2] * config.shift_fraction * width
    zoom_y = 1.0 + symmetric[3] * config.zoom_fraction
    zoom_x = 1.0 + symmetric[4] * config.zoom_fraction
    # Interpolation blurs. A network that sees blurred images alone misreads sharp ones, so some
    # images only move by whole pixels.
    sharp = uniform[6] >= config.resampled_fraction
    angle = ops.where(sharp, 0.0, angle)
    shift_y, shift_x = (ops.where(sharp, ops.round(shift), shift) for shift in (shift_y, shift_x))
    zoom_y, zoom_x = (ops.where(sharp, 1.0, zoom) for zoom in (zoom_y, zoom_x))
    if flip and config.horizontal_flip:
        zoom_x = ops.where(uniform[5] < 0.5, -zoom_x, zoom_x)
    cos, sin = ops.cos(angle), ops.sin(angle)
    a, b = zoom_x * cos, -zoom_y * sin
    c, d = zoom_x * sin, zoom_y * cos
    centre_x, centre_y = (width - 1) / 2, (height - 1) / 2
    offset_x = centre_x - a * centre_x - b * centre_y + shift_x
    offset_y = centre_y - c * centre_x - d * centre_y + shift_y
    zeros = ops.zeros_like(a)
    return ops.stack([a, b, offset_x, c, d, offset_y, zeros, zeros], axis=1)
