"""How weights are updated: Muon for the matrices of hidden layers, AdamW for all other weights.

Muon (Jordan et al. 2024, "Muon: an optimizer for hidden layers in neural networks") replaces a
matrix's momentum by an orthogonal matrix near it, found by a Newton-Schulz iteration; convolution
kernels are taken as matrices of shape (height * width * channels, filters). Scaled as in Liu et al.
(2025, "Muon is scalable for LLM training", section 2.2), its updates are as large as AdamW's, so
both share one learning rate and one decoupled weight decay (Loshchilov and Hutter 2019).

This file holds what both backends share; each applies it in its own terms.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import keras

BETA_1, BETA_2, EPSILON = 0.9, 0.999, 1e-7
"""Of AdamW."""

MOMENTUM = 0.95
"""Of Muon, with Nesterov's look ahead."""

NEWTON_SCHULZ = (
    (8.0934, -23.6205, 17.4462),
    (3.6366, -2.7219, 0.5365),
    (2.6613, -1.9772, 0.4526),
)
"""Coefficients (a, b, c) of each step, which maps a singular value x to a x + b x^3 + c x^5.

Each step is the best such polynomial for the interval that the step before leaves, as in Amsel et
al. (2025, "The Polar Express", section 3), begun with [0.01, 1]: three steps bring those singular
values into [0.73, 1.27], for which Muon's own coefficients take five.
"""

NORM_MARGIN = 1.05
"""By how much more than its norm a matrix is divided at first, so that no singular value is near 1.

There the steps are steep: rounding to bfloat16 made the updates of matrices of rank one up to
twenty times too large.
"""

GRAM_ASPECT = 1.5
"""Of a matrix's length and width, from which on products of its Gram matrix cost less."""

UPDATE_RMS = 0.2
"""Root mean square of an update of Muon at a learning rate of 1, as AdamW's typically has."""


@dataclass(frozen=True, kw_only=True)
class UpdateRule:
    """How one weight array is updated.

    Attributes:
        by_muon: Whether by Muon, otherwise by AdamW.
        decayed: Whether weight decay applies.
    """

    by_muon: bool
    decayed: bool


def update_rules(model: keras.Model) -> tuple[UpdateRule, ...]:
    """Return the rule of each of the model's trainable weights, in their order.

    Muon is for hidden layers: all kernels but the last. Biases and the scales and offsets of
    normalization are vectors: AdamW's, without decay.
    """
    kernels = [weight for weight in model.trainable_variables if len(weight.shape) >= 2]
    return tuple(
        UpdateRule(
            by_muon=any(weight is kernel for kernel in kernels[:-1]),
            decayed=any(weight is kernel for kernel in kernels),
        )
        for weight in model.trainable_variables
    )


def averaged_weights(model: keras.Model) -> list[Any]:
    """Return the weights to average over time: the trainable ones first, then statistics."""
    others = [other for other in model.non_trainable_variables if is_averaged(other)]
    return [*model.trainable_variables, *others]


def dropout_seeds(model: keras.Model) -> list[Any]:
    """Return dropout's seeds, which change with each step and of which no average can be taken."""
    return [other for other in model.non_trainable_variables if not is_averaged(other)]


def is_averaged(weight: Any) -> bool:
    """Return whether an average of a weight over time makes sense."""
    return bool(keras.backend.is_float_dtype(weight.dtype))


def averaging_share(n_updates: Any, *, at_least: Any) -> Any:
    """Return the share of the newest weights in the average of all.

    While there have been few updates the share is larger, so that the initial weights are soon
    forgotten: 9 / (9 + n_updates), as TensorFlow's moving averages have it.

    Args:
        n_updates: Updates so far, at least 1, a float or a scalar float tensor.
        at_least: The share in the long run, in (0, 1].
    """
    return keras.ops.maximum(at_least, 9.0 / (9.0 + n_updates))


def muon_update(momentum: Any, *, dtype: str) -> Any:
    """Return what Muon subtracts at a learning rate of 1.

    Args:
        momentum: Momentum of a kernel, float tensor; its last axis counts the outputs.
        dtype: What to compute the matrix products in; "bfloat16" is precise enough.

    Returns:
        float32 tensor of the same shape, with a root mean square of about `UPDATE_RMS`.
    """
    ops = keras.ops
    n_outputs = momentum.shape[-1]
    matrix = ops.reshape(momentum, (-1, n_outputs))
    n_rows = matrix.shape[0]
    # The products are over the longer axis, so that the iteration is on the smaller square.
    if n_rows > n_outputs:
        matrix = ops.transpose(matrix)
    matrix = matrix / (NORM_MARGIN * ops.sqrt(ops.sum(ops.square(matrix))) + EPSILON)
    matrix = ops.cast(matrix, dtype)
    longer, shorter = max(n_rows, n_outputs), min(n_rows, n_outputs)
    iterate = _iterate_on_gram if longer >= GRAM_ASPECT * shorter else _iterate
    matrix = ops.cast(iterate(matrix), "float32")
    if n_rows > n_outputs:
        matrix = ops.transpose(matrix)
    scale = UPDATE_RMS * math.sqrt(longer)
    return scale * ops.reshape(matrix, momentum.shape)


def _iterate(matrix: Any) -> Any:
    ops = keras.ops
    for a, b, c in NEWTON_SCHULZ:
        gram = ops.matmul(matrix, ops.transpose(matrix))
        matrix = a * matrix + ops.matmul(b * gram + c * ops.matmul(gram, gram), matrix)
    return matrix


def _iterate_on_gram(matrix: Any) -> Any:
    # Each step multiplies the matrix by a polynomial of its Gram matrix. These commute, so the long
    # axis enters two products in all, not two in each step.
    matmul = keras.ops.matmul
    gram = matmul(matrix, keras.ops.transpose(matrix))
    first, *later = NEWTON_SCHULZ
    factor = product = _polynomial(first, gram)
    for coefficients in later:
        gram = matmul(matmul(gram, factor), factor)
        factor = _polynomial(coefficients, gram)
        product = matmul(product, factor)
    return matmul(product, matrix)


def _polynomial(coefficients: tuple[float, float, float], gram: Any) -> Any:
    a, b, c = coefficients
    one = keras.ops.eye(gram.shape[0], dtype=gram.dtype)
    return a * one + b * gram + c * keras.ops.matmul(gram, gram)
