"""How much work a model's forward pass is."""

from __future__ import annotations

from math import prod
from typing import Any

import keras

WEIGHTED = (keras.layers.Conv2D, keras.layers.Dense)
"""Layers that are counted: each output value is a weighted sum of inputs, plus a bias."""

LEFT_OUT = (keras.layers.BatchNormalization,)
"""Layers with weights that are not counted: this one merges into the convolution before it."""


def forward_flops(model: keras.Model) -> int:
    """Return the floating-point operations of one forward pass of one image.

    Convolutions and dense layers are counted: 2 for each multiply-add and 1 for each addition of a
    bias, padding included, as TensorFlow's profiler counts them. Scaling, activations, pooling,
    normalization and dropout are left out: by that profiler, 2 % or less for the named
    configurations at 32x32 pixels.

    Args:
        model: A built model with channels-last layers.

    Raises:
        TypeError: If the model has weights in a layer of another type, which should be added here.
    """
    return sum(_layer_flops(layer) for layer in model.layers)


def _layer_flops(layer: Any) -> int:
    if isinstance(layer, keras.Model):
        return forward_flops(layer)
    if isinstance(layer, WEIGHTED):
        positions = prod(layer.output.shape[1:-1])
        biases = layer.bias.shape[0] if layer.use_bias else 0
        return int(positions * (2 * prod(layer.kernel.shape) + biases))
    if layer.weights and not isinstance(layer, LEFT_OUT):
        raise TypeError(
            f"Cannot count the operations of layer {layer.name!r} of type {type(layer).__name__}: "
            "add the type to search_spaces/flops.py."
        )
    return 0
