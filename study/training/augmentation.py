"""Random rotation, shift, flip and zoom of a batch of images, composed into one resampling."""

from __future__ import annotations

import math
from typing import Any

import tensorflow as tf

from study.config import AugmentationConfig


def random_affine(images: Any, *, config: AugmentationConfig, seed: Any, flip: bool = True) -> Any:
    """Return each image moved by its own random affine transformation.

    Rotation, shifts, zooms and the flip are one 3x3 matrix an image, so that pixels are
    interpolated once (bilinear) and not once per operation. Points outside the image take the
    nearest pixel of its border.

    Args:
        images: uint8 or float tensor, shape (n, height, width, channels).
        config: Ranges of the transformation.
        seed: Integer tensor of shape (2,); equal seeds give equal transformations.
        flip: Whether mirroring keeps what these images show.

    Returns:
        Tensor of the shape and dtype of `images`.
    """
    shape = tf.shape(images)
    height, width = shape[1], shape[2]
    transforms = affine_transforms(
        tf.random.stateless_uniform((7, shape[0]), seed=seed),
        height=tf.cast(height, tf.float32),
        width=tf.cast(width, tf.float32),
        config=config,
        flip=flip,
    )
    return tf.raw_ops.ImageProjectiveTransformV3(
        images=images,
        transforms=transforms,
        output_shape=tf.stack([height, width]),
        fill_value=0.0,
        interpolation="BILINEAR",
        fill_mode="NEAREST",
    )


def affine_transforms(
    uniform: Any, *, height: Any, width: Any, config: AugmentationConfig, flip: bool
) -> Any:
    """Return the transformations, from output pixels to input pixels, about the image's centre.

    With c the centre, an output point p is read from the input at
    c + R(angle) S(zoom, flip) (p - c) + shift.

    Args:
        uniform: Numbers in [0, 1), shape (7, n): angle, shifts (y, x), zooms (y, x), flip, and
            whether the image is resampled.
        height: Rows of the images, float.
        width: Columns of the images, float.
        config: Ranges of the transformation.
        flip: Whether images may be mirrored.

    Returns:
        float32 tensor of shape (n, 8): the first eight entries of each 3x3 matrix in (x, y) order.
    """
    symmetric = 2.0 * uniform - 1.0
    angle = symmetric[0] * (config.rotation_degrees * math.pi / 180.0)
    shift_y = symmetric[1] * config.shift_fraction * height
    shift_x = symmetric[2] * config.shift_fraction * width
    zoom_y = 1.0 + symmetric[3] * config.zoom_fraction
    zoom_x = 1.0 + symmetric[4] * config.zoom_fraction
    # Interpolation blurs. A network that sees blurred images alone misreads sharp ones, so some
    # images only move by whole pixels.
    sharp = uniform[6] >= config.resampled_fraction
    angle = tf.where(sharp, 0.0, angle)
    shift_y, shift_x = (tf.where(sharp, tf.round(shift), shift) for shift in (shift_y, shift_x))
    zoom_y, zoom_x = (tf.where(sharp, 1.0, zoom) for zoom in (zoom_y, zoom_x))
    if flip and config.horizontal_flip:
        zoom_x = tf.where(uniform[5] < 0.5, -zoom_x, zoom_x)
    cos, sin = tf.cos(angle), tf.sin(angle)
    a, b = zoom_x * cos, -zoom_y * sin
    c, d = zoom_x * sin, zoom_y * cos
    centre_x, centre_y = (width - 1.0) / 2.0, (height - 1.0) / 2.0
    offset_x = centre_x - a * centre_x - b * centre_y + shift_x
    offset_y = centre_y - c * centre_x - d * centre_y + shift_y
    zeros = tf.zeros_like(a)
    return tf.stack([a, b, offset_x, c, d, offset_y, zeros, zeros], axis=1)
