from __future__ import annotations

import math

import keras
import numpy as np
import pytest

from study.datasets.base import Images
from study.training import loop
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
    update_rules,
)
from study.training.schedule import WARM_UP_FRACTION
from tests.study import small
from tests.study.training.fitting import fit_config, small_model, varied_model, weights

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
