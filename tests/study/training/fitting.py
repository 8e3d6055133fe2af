"""What the tests of training share: a model with every kind of layer, and a run of a few epochs."""

from __future__ import annotations

import keras
import numpy as np

from search_spaces.layers import SeededLayers, scale_pixels
from study.training.fit import EpochScores, FitConfig
from study.training.loop import Training
from tests.study import small


def fit_config(**changes):
    known = {
        "epochs": 3,
        "batch_size": 16,
        "learning_rate": 0.01,
        "weight_decay": 1e-3,
        "label_smoothing": 0.1,
        "seed": 0,
    }
    return FitConfig(**{**known, **changes})


def small_model(*, seed=0, units=16):
    return small.build(
        {"units": units}, image_shape=small.IMAGE_SHAPE, n_classes=small.N_CLASSES, seed=seed
    )


def varied_model(*, seed=0, filters=4, dropout=0.3):
    """Return a model with a convolution, batch normalization, dropout and dense layers."""
    layers = SeededLayers(seed)
    inputs = keras.Input(small.IMAGE_SHAPE)
    features = layers.convolution(scale_pixels(inputs), filters, 3, batch_normalization=True)
    features = keras.layers.Flatten()(keras.layers.MaxPooling2D()(features))
    features = layers.dropout(layers.dense(features, 8), dropout)
    return keras.Model(inputs, layers.logits(features, small.N_CLASSES))


class CountedCalls(keras.layers.Layer):
    """Passes values on and counts the calls: of a compiled model, the traces."""

    def __init__(self):
        super().__init__()
        self.n_calls = 0

    def call(self, values):
        self.n_calls += 1
        return values


def weights(model):
    """Return copies of all the model's weights, dropout's seeds among them."""
    return [np.asarray(variable).copy() for variable in model.variables]


def set_weights(model, arrays):
    for variable, array in zip(model.variables, arrays, strict=True):
        variable.assign(array)


def assert_equal_weights(found, expected, *, rtol=1e-5, atol=1e-6):
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=rtol, atol=atol)


def run_to_the_end(training, *, epochs=3) -> list[EpochScores]:
    history = []
    while training.epoch < epochs:
        history.append(training.run_epoch())
    return history


def train(model=None, *, images=None, validation=None, **changes):
    config = fit_config(**changes)
    images = small.images(60) if images is None else images
    training = Training(model or small_model(), images, validation, config=config)
    return run_to_the_end(training, epochs=config.epochs)


def numbers(history):
    """Return what equal runs have in common: all scores but the time."""
    return [
        [s.epoch, s.training_accuracy, s.training_loss, s.validation_accuracy, s.validation_loss]
        for s in history
    ]
