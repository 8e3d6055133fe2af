"""Batch normalization's statistics, measured anew for the averaged weights.

What the layers gather while training belongs to the weights of the last steps, not to their
average, and while the weights change fast, as in the first epochs, the two are far apart: a good
model may then score at chance. So before a model is scored, its statistics are measured on training
images (Izmailov et al. 2018, "Averaging weights leads to wider optima and better generalization",
section 3.2), as the mean over batches, each normalized by its own moments (Wu and Johnson 2021,
"Rethinking 'Batch' in BatchNorm", section 3).
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from study.datasets.base import Images
from study.training.per_model import per_model

N_IMAGES = 1000
"""Training images that the statistics are measured on."""

BATCH_SIZE = 250
"""Of which so many at a time: all at once took more memory than training, up to 2 GB."""


class FreshStatistics:
    """Gives a model the statistics of its present weights, over some of its training images."""

    def __init__(self, model: keras.Model, images: Images) -> None:
        n = min(N_IMAGES, len(images))
        # Spread over all images, in case that these are sorted.
        chosen = images.images[np.linspace(0, len(images) - 1, n).astype(int)]
        n_batches = -(-n // BATCH_SIZE)
        self._batches = [chosen[first::n_batches] for first in range(n_batches)]
        self._layers, self._measure = _measurement(model)

    def __call__(self) -> None:
        """Set the statistics of all layers; without such layers, do nothing."""
        if self._measure is None:
            return
        found = [self._measure([batch], training=False) for batch in self._batches]
        shares = np.array([len(batch) for batch in self._batches])
        moments = [np.array(of_batches, np.float64) for of_batches in zip(*found, strict=True)]
        for layer, means, variances in zip(self._layers, moments[::2], moments[1::2], strict=True):
            mean = np.average(means, axis=0, weights=shares)
            # Within batches and between them.
            variance = np.average(variances + (means - mean) ** 2, axis=0, weights=shares)
            layer.moving_mean.assign(mean)
            layer.moving_variance.assign(variance)


class _Measuring(keras.layers.Layer):  # type: ignore[misc]
    """A batch normalization layer that uses the moments of the batch, and gives them too."""

    def __init__(self, layer: keras.layers.BatchNormalization) -> None:
        super().__init__(dtype=layer.dtype_policy)
        self.layer = layer

    def call(self, inputs: Any) -> tuple[Any, Any, Any]:
        ops, layer = keras.ops, self.layer
        values = ops.cast(inputs, "float32")
        mean, variance = ops.moments(values, axes=tuple(range(len(inputs.shape) - 1)))
        outputs = (values - mean) * ops.rsqrt(variance + layer.epsilon) * layer.gamma + layer.beta
        return ops.cast(outputs, layer.compute_dtype), mean, variance


@per_model
def _measurement(
    model: keras.Model,
) -> tuple[list[keras.layers.BatchNormalization], keras.Model | None]:
    """Return the model's layers of batch normalization and a model that measures moments.

    The second model takes images and gives mean and variance of each layer's inputs in turn.
    """
    layers: list[keras.layers.BatchNormalization] = []
    moments: list[Any] = []

    def call(layer: keras.layers.Layer, *args: Any, **kwargs: Any) -> Any:
        if not isinstance(layer, keras.layers.BatchNormalization):
            return layer(*args, **kwargs)
        outputs, mean, variance = _Measuring(layer)(args[0])
        layers.append(layer)
        moments.extend((mean, variance))
        return outputs

    # The same layers on a second path, so that they share their weights with the model.
    path = keras.models.clone_model(model, clone_function=lambda layer: layer, call_function=call)
    if not layers:
        return [], None
    # Called as it is: to trace it would take longer than its few calls.
    return layers, keras.Model(path.inputs, moments)
