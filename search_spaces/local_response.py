"""Local response normalization (Krizhevsky et al. 2012, section 3.3) as a Keras layer.

This file imports Keras. Import it before loading a saved model that has such a layer.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import ops

RADIUS = 2
"""Channels on either side that count: the paper's n = 5 in all."""

BIAS = 2.0
"""The paper's k."""

ALPHA = 1e-4 * 127.5**2
"""The paper's 1e-4 suits pixel values that span 255; ours span 2, and the sum is of squares."""


@keras.saving.register_keras_serializable(package="search_spaces")
class LocalResponseNormalization(keras.layers.Layer):  # type: ignore[misc]
    """Divides each activation by a measure of its neighbours in the channels at the same pixel.

    With a_i the activation in channel i, b_i = a_i / (k + alpha * sum_j a_j^2)^(3/4), where j runs
    over the channels from i - 2 to i + 2 that exist.

    Input and output: float, shape (batch, height, width, channels).
    """

    def call(self, maps: Any) -> Any:
        """Return the normalized maps, in the layer's compute dtype."""
        channels = np.arange(maps.shape[-1])
        neighbours = abs(channels[:, None] - channels) <= RADIUS
        # Squares lose too much in bfloat16.
        activations = ops.cast(maps, "float32")
        # On a CPU, this product and these roots take a tenth of the time of slices and a power.
        total = ops.matmul(ops.square(activations), neighbours.astype("float32"))
        root = ops.rsqrt(BIAS + ALPHA * total)
        return ops.cast(activations * root * ops.sqrt(root), self.compute_dtype)
