from __future__ import annotations

import math

import keras
import numpy as np
import pytest

from study.datasets.base import Images
from study.training import loop, optimizer
from study.training.loop import Training
from study.training.optimizer import (
    BETA_1,
    BETA_2,
    EPSILON,
    MOMENTUM,
    NEWTON_SCHULZ,
    NORM_MARGIN,
    UPDATE_RMS,
    averaged_weights,
    averaging_share,
    muon_update,
    update_rules,
)
from study.training.schedule import WARM_UP_FRACTION
from tests.study import small
from tests.study.training.fitting import fit_config, small_model, varied_model, weights


def random_array(*shape):
    return np.random.default_rng(0).normal(size=shape).astype(np.float32)


def as_matrix(kernel):
    return np.asarray(kernel).reshape(-1, kernel.shape[-1])


# One update of Muon

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


# Which weights


def test_hidden_kernels_are_muons_all_kernels_decay_and_everything_else_is_adamws():
    model = varied_model()
    rules = [
        (weight.path.rpartition("/")[2], tuple(weight.shape), rule.by_muon, rule.decayed)
        for weight, rule in zip(model.trainable_variables, update_rules(model), strict=True)
    ]
    assert rules == [
        ("kernel", (3, 3, 1, 4), True, True),
        ("gamma", (4,), False, False),
        ("beta", (4,), False, False),
        ("kernel", (48, 8), True, True),
        ("bias", (8,), False, False),
        ("kernel", (8, 3), False, True),
        ("bias", (3,), False, False),
    ]


def test_a_last_layer_without_weights_does_not_hide_the_classifier():
    model = small_model()
    with_softmax = keras.Model(model.inputs, keras.layers.Softmax()(model.outputs[0]))
    assert update_rules(with_softmax) == update_rules(model)


# Whole runs. Every step sees all the images, so that their order does not matter.

IMAGES = small.images(30)
SETTINGS = {"batch_size": 30, "learning_rate": 0.02, "weight_decay": 0.5, "label_smoothing": 0.1}


def trained_weights(training):
    return training._steps.state()["trained"]


def loss_function():
    return keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=0.1)


def step_with_keras(model):
    model.train_on_batch(IMAGES.images, np.eye(small.N_CLASSES)[IMAGES.labels])


class Triangle(keras.optimizers.schedules.LearningRateSchedule):
    """The schedule as Keras's optimizers take it, from NumPy's interpolation."""

    def __init__(self, peak, n_steps):
        knots = [-1, int(WARM_UP_FRACTION * n_steps), n_steps]
        self.rates = np.interp(range(n_steps), knots, [0, peak, 0]).astype(np.float32)

    def __call__(self, step):
        return keras.ops.take(keras.ops.convert_to_tensor(self.rates), keras.ops.cast(step, int))


def linear_model():
    inputs = keras.Input(small.IMAGE_SHAPE)
    features = keras.layers.Flatten()(keras.layers.Rescaling(1 / 255)(inputs))
    initializer = keras.initializers.GlorotUniform(seed=0)
    outputs = keras.layers.Dense(small.N_CLASSES, kernel_initializer=initializer)(features)
    return keras.Model(inputs, outputs)


def test_what_is_adamws_moves_step_by_step_as_under_kerass_adamw():
    n_steps = 12
    model, reference = linear_model(), linear_model()
    optimizer = keras.optimizers.AdamW(
        Triangle(0.02, n_steps),
        weight_decay=0.5,
        beta_1=BETA_1,
        beta_2=BETA_2,
        epsilon=EPSILON,
    )
    optimizer.exclude_from_weight_decay(var_names=["bias"])
    reference.compile(optimizer, loss_function())
    training = Training(model, IMAGES, None, config=fit_config(epochs=n_steps, **SETTINGS))
    for _ in range(n_steps):
        training.run_epoch()
        step_with_keras(reference)
        for found, expected in zip(trained_weights(training), weights(reference), strict=True):
            np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6)


def gradients(model, arrays):
    """Return the loss's gradients at some weights: what a step of plain descent subtracts."""
    for variable, array in zip(model.trainable_variables, arrays, strict=True):
        variable.assign(array)
    step_with_keras(model)
    return [
        array - np.asarray(variable)
        for array, variable in zip(arrays, model.trainable_variables, strict=True)
    ]


def orthogonalized(matrix):
    matrix = matrix / (NORM_MARGIN * np.linalg.norm(matrix))
    for a, b, c in NEWTON_SCHULZ:
        square = matrix @ matrix.T
        matrix = a * matrix + (b * square + c * square @ square) @ matrix
    return matrix


def test_a_hidden_kernel_moves_step_by_step_as_by_muon_written_in_numpy():
    n_steps = 8
    model, reference = small_model(), small_model()
    reference.compile(keras.optimizers.SGD(1.0), loss_function())
    training = Training(model, IMAGES, None, config=fit_config(epochs=n_steps, **SETTINGS))
    momentum = np.zeros(model.trainable_variables[0].shape)
    for rate in Triangle(0.02, n_steps).rates:
        before = trained_weights(training)
        gradient = gradients(reference, before)[0]
        momentum = MOMENTUM * momentum + gradient
        update = orthogonalized(gradient + MOMENTUM * momentum)
        kernel = before[0] * (1 - rate * 0.5)
        kernel -= rate * UPDATE_RMS * math.sqrt(max(kernel.shape)) * update
        training.run_epoch()
        np.testing.assert_allclose(trained_weights(training)[0], kernel, rtol=1e-3, atol=2e-5)


def test_weight_decay_is_decoupled_follows_the_schedule_and_spares_biases():
    # Black images give the kernel no gradient: only decay moves it.
    images = Images(
        images=np.zeros((20, *small.IMAGE_SHAPE), np.uint8), labels=small.images(20).labels
    )
    model = linear_model()
    model.layers[-1].bias.assign(np.ones(small.N_CLASSES))
    kernel, bias = weights(model)
    training = Training(
        model,
        images,
        None,
        config=fit_config(epochs=2, batch_size=5, learning_rate=0.01, weight_decay=10.0),
    )
    training.run_epoch()
    training.run_epoch()
    rates = Triangle(0.01, 8).rates
    decayed_kernel, moved_bias = trained_weights(training)
    np.testing.assert_allclose(decayed_kernel, kernel * np.prod(1 - 10.0 * rates), rtol=1e-4)
    # Adam moves a bias by at most about the sum of the rates; decay would more than halve it.
    assert np.all(np.abs(moved_bias - bias) <= 1.5 * sum(rates))
    assert np.prod(1 - 10.0 * rates) < 1 - 1.5 * sum(rates)


# Averaged weights


def test_the_model_holds_the_average_of_all_the_weights_it_has_had(monkeypatch):
    # One step an epoch, and an average that reaches back over four: its share soon stays at 1/4.
    monkeypatch.setattr(loop, "AVERAGED_EPOCHS", 4)
    n_steps = 32
    model = varied_model(dropout=0.0)
    # One epoch more than is trained: after the last one, statistics are measured anew.
    training = Training(model, IMAGES, None, config=fit_config(epochs=n_steps + 1, **SETTINGS))
    trajectory, shares = [trained_weights(training)], [1.0]
    for n_updates in range(1, n_steps + 1):
        training.run_epoch()
        trajectory.append(trained_weights(training))
        shares.append(max(1 / 4, 9 / (9 + n_updates)))
        factors = [
            share * np.prod([1 - later for later in shares[index + 1 :]])
            for index, share in enumerate(shares)
        ]
        assert sum(factors) == pytest.approx(1)
        for shown, *arrays in zip(averaged_weights(model), *trajectory, strict=True):
            average = sum(f * array for f, array in zip(factors, arrays, strict=True))
            np.testing.assert_allclose(np.asarray(shown), average, rtol=1e-4, atol=1e-6)


def test_the_average_reaches_back_over_a_part_of_an_epoch():
    model = small_model()
    training = Training(model, small.images(60), None, config=fit_config(batch_size=2, epochs=6))
    for _ in range(6):
        training.run_epoch()
    # Of 30 steps an epoch a third is 10: the average lags, but not by much.
    kernel, trained = weights(model)[0], trained_weights(training)[0]
    assert 0 < np.abs(kernel - trained).max() < 0.1 * np.abs(trained).max()


@pytest.mark.parametrize(("n_updates", "share"), [(1, 0.9), (9, 0.5), (81, 0.1), (10_000, 0.05)])
def test_the_share_of_the_newest_weights_falls_to_its_lasting_value(n_updates, share):
    assert float(averaging_share(n_updates, at_least=0.05)) == pytest.approx(share)
