"""One update of Muon: what it does to singular values, in both arithmetics."""

from __future__ import annotations

import math

import keras
import numpy as np
import pytest

from study.training import optimizer
from study.training.optimizer import NEWTON_SCHULZ, NORM_MARGIN, UPDATE_RMS, muon_update


def random_array(*shape):
    return np.random.default_rng(0).normal(size=shape).astype(np.float32)


def as_matrix(kernel):
    return np.asarray(kernel).reshape(-1, kernel.shape[-1])


KERNELS = {
    "tall": (60, 20),
    "wide": (20, 60),
    "square": (30, 30),
    "a row": (1, 12),
    "convolution": (3, 3, 8, 16),
}


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
@pytest.mark.parametrize("shape", KERNELS.values(), ids=KERNELS)
def test_muon_keeps_the_singular_vectors_and_makes_the_singular_values_nearly_equal(shape, dtype):
    momentum = random_array(*shape)
    update = muon_update(keras.ops.convert_to_tensor(momentum), dtype=dtype)
    assert update.shape == shape
    assert keras.backend.standardize_dtype(update.dtype) == "float32"
    left, before, right = np.linalg.svd(as_matrix(momentum), full_matrices=False)
    # In the basis of the momentum's singular vectors the update is diagonal.
    core = left.T @ as_matrix(update) @ right.T / scale_of(shape)
    after, tolerance = np.diag(core), 1e-3 if dtype == "float32" else 0.15
    np.testing.assert_allclose(core - np.diag(after), 0, atol=tolerance)
    # The iteration acts on each singular value as on a number; all but tiny ones come near 1.
    before /= NORM_MARGIN * np.linalg.norm(before)
    if dtype == "float32":
        np.testing.assert_allclose(after, iterated(before), atol=tolerance)
    assert np.mean(before >= 0.01) >= 0.8
    assert np.all((after > 0.73 - tolerance) & (after < 1.27 + tolerance) | (before < 0.01))
    # So the update is about as large as one of AdamW.
    rms = np.sqrt(np.mean(np.square(as_matrix(update))))
    assert 0.7 * UPDATE_RMS < rms < 1.3 * UPDATE_RMS


def scale_of(shape):
    """Return what an update's singular values are near: its root mean square is `UPDATE_RMS`."""
    return UPDATE_RMS * math.sqrt(max(np.prod(shape[:-1]), shape[-1]))


def iterated(values):
    for a, b, c in NEWTON_SCHULZ:
        values = a * values + b * values**3 + c * values**5
    return values


def test_three_steps_bring_singular_values_from_a_hundredth_to_1_near_1():
    values = iterated(np.geomspace(0.01, 1, 10_000))
    assert values.min() == pytest.approx(0.73, abs=0.005)
    assert values.max() == pytest.approx(1.27, abs=0.005)


@pytest.mark.parametrize("rank", [1, 2])
@pytest.mark.parametrize("shape", KERNELS.values(), ids=KERNELS)
def test_rounding_to_bfloat16_does_not_grow_where_few_singular_values_are_not_zero(shape, rank):
    rng = np.random.default_rng(0)
    n_rows, n_columns = np.prod(shape[:-1]), shape[-1]
    for _ in range(20):
        matrix = rng.normal(size=(n_rows, rank)) @ rng.normal(size=(rank, n_columns))
        momentum = keras.ops.convert_to_tensor(matrix.reshape(shape).astype(np.float32))
        update = as_matrix(muon_update(momentum, dtype="bfloat16"))
        largest = np.linalg.norm(update, ord=2) / scale_of(shape)
        assert 0.65 < largest < 1.7


@pytest.mark.parametrize("shape", [(60, 20), (20, 60), (3, 3, 8, 16), (1, 12)])
@pytest.mark.parametrize(("dtype", "tolerance"), [("float32", 1e-4), ("bfloat16", 0.1)])
def test_the_iteration_on_the_gram_matrix_changes_nothing_but_rounding(
    shape, dtype, tolerance, monkeypatch
):
    momentum = keras.ops.convert_to_tensor(random_array(*shape))
    on_gram = as_matrix(muon_update(momentum, dtype=dtype))
    monkeypatch.setattr(optimizer, "GRAM_ASPECT", math.inf)
    directly = as_matrix(muon_update(momentum, dtype=dtype))
    assert np.linalg.norm(on_gram - directly) < tolerance * np.linalg.norm(directly)
    if dtype == "float32" and min(directly.shape) > 1:
        # Not the very same computation: the threshold is at work.
        assert not np.array_equal(on_gram, directly)


def test_without_momentum_muon_moves_nothing():
    np.testing.assert_array_equal(
        np.asarray(muon_update(keras.ops.zeros((4, 6)), dtype="float32")), np.zeros((4, 6))
    )
