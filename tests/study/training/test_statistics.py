from __future__ import annotations

import keras
import numpy as np
import pytest

from search_spaces.batch_normalization import FusedBatchNormalization
from study.datasets.base import Images
from study.training.fit import FitConfig
from study.training.loop import Training
from study.training.statistics import BATCH_SIZE, FreshStatistics
from tests.study import small


def convolutional(seed=0, *, momentum=0.9):
    """Return a model with two layers of batch normalization, and dropout between them."""
    values = inputs = keras.Input(small.IMAGE_SHAPE)
    for layer in (FusedBatchNormalization, keras.layers.BatchNormalization):
        initializer = keras.initializers.HeNormal(seed=seed)
        values = keras.layers.Conv2D(4, 3, use_bias=False, kernel_initializer=initializer)(values)
        values = layer(
            momentum=momentum, gamma_initializer=keras.initializers.RandomUniform(0.5, 1.5, seed=1)
        )(values)
        values = keras.layers.Dropout(0.5, seed=0)(keras.layers.ReLU()(values))
    features = keras.layers.Flatten()(values)
    initializer = keras.initializers.HeNormal(seed=seed)
    scores = keras.layers.Dense(small.N_CLASSES, kernel_initializer=initializer)(features)
    return keras.Model(inputs, scores)


def normalizations(model):
    return [one for one in model.layers if isinstance(one, keras.layers.BatchNormalization)]


def test_the_statistics_are_those_of_what_reaches_each_layer_without_dropout():
    model, images = convolutional(), small.images(200)
    FreshStatistics(model, images)()
    for layer in normalizations(model):
        # With its statistics set, the model as it predicts is the independent oracle.
        before = keras.Model(model.input, layer.input)(images.images, training=False)
        values = np.asarray(before, np.float64).reshape(-1, 4)
        assert np.asarray(layer.moving_mean) == pytest.approx(values.mean(axis=0), rel=1e-3)
        assert np.asarray(layer.moving_variance) == pytest.approx(values.var(axis=0), rel=1e-3)


@pytest.mark.parametrize("n", [251, 900])
def test_measured_in_batches_the_first_statistics_are_the_same_and_later_ones_nearly(n):
    model, images = convolutional(), small.images(n)
    FreshStatistics(model, images)()
    for layer, tolerance in zip(normalizations(model), (1e-3, 0.05), strict=True):
        before = keras.Model(model.input, layer.input)(images.images, training=False)
        values = np.asarray(before, np.float64).reshape(-1, 4)
        assert np.asarray(layer.moving_variance) == pytest.approx(values.var(axis=0), rel=tolerance)
        deviation = values.std(axis=0)
        error = np.abs(np.asarray(layer.moving_mean) - values.mean(axis=0)) / deviation
        assert error.max() < tolerance


def test_no_more_images_than_a_batch_are_measured_at_once():
    model, sizes = convolutional(), []
    fresh = FreshStatistics(model, small.images(900))
    measure = fresh._measure
    fresh._measure = lambda inputs, **options: (
        sizes.append(len(inputs[0])) or measure(inputs, **options)
    )
    fresh()
    assert sum(sizes) == 900
    assert max(sizes) <= BATCH_SIZE


def test_nothing_but_the_statistics_changes():
    model = convolutional()
    json, weights = model.to_json(), [w.numpy() for w in model.trainable_variables]
    FreshStatistics(model, small.images(30))()
    assert model.to_json() == json
    assert all(
        np.array_equal(weight, before)
        for weight, before in zip(model.trainable_variables, weights, strict=True)
    )


def test_sorted_images_are_sampled_from_beginning_to_end():
    model = convolutional()
    dark = np.zeros((3000, *small.IMAGE_SHAPE), np.uint8)
    dark[2000:] = 200
    FreshStatistics(model, Images(images=dark, labels=np.zeros(3000, np.uint8)))()
    (first, _) = normalizations(model)
    bright = keras.Model(model.input, first.input)(dark[-1:])
    assert np.asarray(first.moving_mean) == pytest.approx(
        np.asarray(bright).reshape(-1, 4).mean(axis=0) / 3, rel=0.02, abs=0.02
    )


def test_a_model_without_batch_normalization_is_left_alone():
    inputs = keras.Input(small.IMAGE_SHAPE)
    model = keras.Model(inputs, keras.layers.Flatten()(inputs))
    FreshStatistics(model, small.images(6))()


@pytest.mark.parametrize("momentum", [0.0, 0.99])
def test_scores_do_not_depend_on_how_slowly_a_layer_gathers_its_own_statistics(momentum):
    def scores(momentum):
        fit = FitConfig(
            epochs=2,
            batch_size=20,
            learning_rate=3e-3,
            weight_decay=0.0,
            label_smoothing=0.0,
            seed=0,
        )
        train, validation = small.images(60), small.images(60, seed=9)
        training = Training(convolutional(momentum=momentum), train, validation, config=fit)
        return [training.run_epoch().validation_loss for _ in range(2)]

    assert scores(momentum) == pytest.approx(scores(0.9), rel=1e-4)
