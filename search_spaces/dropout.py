"""Dropout that draws one random byte a value instead of a whole number.

This file imports Keras. Import it before loading a saved model that has such a layer.
"""

from __future__ import annotations

from typing import Any

import keras

LEVELS = 256
"""A value is kept where its random byte is below the keep rate times this."""


@keras.saving.register_keras_serializable(package="search_spaces")
class ByteDropout(keras.layers.Dropout):  # type: ignore[misc]
    """Keras's layer with a quarter of the random numbers where TensorFlow is the backend.

    On a CPU drawing them takes longer than all else that dropout does. The rate (Srivastava et al.
    2014) is rounded to a multiple of 1/256; the kept values are divided by the share that is really
    kept, so that their expectation is exact.

    Input and output: float, any shape.
    """

    def __init__(self, rate: float, **options: Any) -> None:
        super().__init__(rate, **options)
        self._n_kept: Any = None
        if keras.backend.backend() == "tensorflow":
            import tensorflow as tf

            # Not a weight of the model: it is chosen, not learnt, and no checkpoint needs it.
            self._n_kept = tf.Variable(self._levels_kept(), dtype=tf.int32, trainable=False)

    def _levels_kept(self) -> int:
        return round((1.0 - self.rate) * LEVELS)

    @property
    def is_adjustable(self) -> bool:
        """Whether the rate is read as the model runs, so that it may change without a new trace."""
        return self._n_kept is not None and 0 < self._levels_kept() < LEVELS

    def adjust(self, rate: float) -> None:
        """Drop another share from now on, of values that were partly dropped before.

        Args:
            rate: That of another adjustable layer.
        """
        self.rate = rate
        self._n_kept.assign(self._levels_kept())

    def call(self, inputs: Any, training: bool = False) -> Any:
        """Return the inputs, while training with a share set to 0 and the others scaled up."""
        if not training or self._levels_kept() == LEVELS:
            return inputs
        if not self.is_adjustable:
            return super().call(inputs, training=training)
        import tensorflow as tf

        n_values = tf.size(inputs)
        words = tf.random.stateless_uniform(
            ((n_values + 3) // 4,),
            seed=tf.cast(self.seed_generator.next(), tf.int32),
            minval=None,
            maxval=None,
            dtype=tf.uint32,
        )
        random_bytes = tf.reshape(tf.bitcast(words, tf.uint8), (-1,))[:n_values]
        is_kept = tf.reshape(random_bytes, tf.shape(inputs)) < tf.cast(self._n_kept, tf.uint8)
        scale = tf.cast(LEVELS / self._n_kept, inputs.dtype)
        return tf.where(is_kept, inputs * scale, tf.zeros((), inputs.dtype))
