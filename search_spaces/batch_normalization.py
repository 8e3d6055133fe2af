"""Batch normalization through TensorFlow's fused kernel.

This file imports Keras. Import it before loading a saved model that has such a layer.
"""

from __future__ import annotations

import math
from typing import Any

import keras


@keras.saving.register_keras_serializable(package="search_spaces")
class FusedBatchNormalization(keras.layers.BatchNormalization):  # type: ignore[misc]
    """Keras's layer, computed by one kernel where TensorFlow is the backend.

    Keras composes it of some ten passes over the maps in float32, which takes longer on a CPU than
    the convolutions do. The kernel reads and writes bfloat16 and keeps its sums in float32.

    Input and output: float, shape (batch, height, width, channels).
    """

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        """Return the normalized maps, in the layer's compute dtype."""
        if keras.backend.backend() != "tensorflow":
            return super().call(inputs, training=training, mask=mask)
        import tensorflow as tf

        is_training = bool(training) and self.trainable
        outputs, mean, variance, *_ = tf.raw_ops.FusedBatchNormV3(
            x=inputs,
            scale=self.gamma,
            offset=self.beta,
            mean=self.moving_mean,
            variance=self.moving_variance,
            epsilon=self.epsilon,
            is_training=is_training,
            exponential_avg_factor=1.0,
        )
        if is_training:
            self._move(self.moving_mean, mean)
            # The kernel divides by n - 1; Keras's layer by n.
            n_values = tf.cast(math.prod(inputs.shape[1:3]) * tf.shape(inputs)[0], tf.float32)
            self._move(self.moving_variance, variance * (n_values - 1.0) / n_values)
        return outputs

    def _move(self, average: Any, value: Any) -> None:
        average.assign(average * self.momentum + value * (1.0 - self.momentum))
