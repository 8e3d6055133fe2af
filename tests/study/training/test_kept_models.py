"""Models that are used again: trained as new ones are, without a new trace."""

from __future__ import annotations

import gc
import weakref

import keras
import numpy as np
import pytest

from search_spaces import SPACES
from study.training.kept_models import N_KEPT, KeptModels, structure
from study.training.per_model import forget_models
from tests.study import small
from tests.study.training.fitting import (
    CountedCalls,
    assert_equal_weights,
    numbers,
    train,
    varied_model,
    weights,
)

VALIDATION = small.images(24, seed=5)
SETTINGS = {"learning_rate": 0.03, "weight_decay": 0.1, "label_smoothing": 0.2, "seed": 7}


def branched_model(*, crosses):
    """Return a model of equal layers in which a sum skips one dense layer or the other."""
    inputs = keras.Input(small.IMAGE_SHAPE)
    first = keras.layers.Dense(8)(keras.layers.Flatten()(inputs))
    second = keras.layers.Dense(8)(first)
    third = keras.layers.Dense(8)(second)
    return keras.Model(inputs, keras.layers.Add()([first if crosses else second, third]))


def test_a_kept_model_is_trained_as_a_new_one_is():
    kept = KeptModels()
    old = varied_model(seed=1, dropout=0.1)
    train(old, validation=VALIDATION)
    kept.keep(old)
    adopted = kept.adopt(varied_model(seed=2, dropout=0.4))
    assert adopted is old
    fresh = varied_model(seed=2, dropout=0.4)
    assert_equal_weights(weights(adopted), weights(fresh), rtol=0, atol=0)
    found = train(adopted, validation=VALIDATION, **SETTINGS)
    expected = train(fresh, validation=VALIDATION, **SETTINGS)
    np.testing.assert_allclose(numbers(found), numbers(expected), rtol=1e-5)
    assert_equal_weights(weights(adopted), weights(fresh))


def test_a_kept_model_is_not_traced_again():
    def counting():
        counted = CountedCalls()
        inputs = keras.Input(small.IMAGE_SHAPE)
        features = counted(keras.layers.Flatten()(inputs))
        return keras.Model(inputs, keras.layers.Dense(small.N_CLASSES)(features)), counted

    kept = KeptModels()
    model, counted = counting()
    train(model, validation=VALIDATION)
    n_calls = counted.n_calls
    kept.keep(model)
    adopted = kept.adopt(counting()[0])
    train(adopted, validation=VALIDATION, **SETTINGS, batch_size=20)
    assert adopted is model
    assert counted.n_calls == n_calls


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        (varied_model, lambda: varied_model(seed=3, dropout=0.31), True),
        (varied_model, lambda: varied_model(dropout=0.0), False),
        (varied_model, lambda: varied_model(filters=5), False),
        (lambda: branched_model(crosses=True), lambda: branched_model(crosses=True), True),
        (lambda: branched_model(crosses=True), lambda: branched_model(crosses=False), False),
    ],
    ids=["seed and rate", "no dropout", "filters", "equal branches", "other branches"],
)
def test_models_are_interchanged_where_only_seeds_and_rates_of_dropout_differ(one, other, alike):
    assert (structure(one()) == structure(other())) is alike


def test_another_precision_is_another_structure():
    before = structure(varied_model())
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        assert structure(varied_model()) != before
    finally:
        keras.config.set_dtype_policy("float32")


@pytest.mark.parametrize("space", SPACES.values(), ids=SPACES)
def test_every_family_can_be_kept(space):
    (params, *_) = space.baselines.values()
    built = [
        space.build(params, image_shape=(32, 32, 3), n_classes=10, seed=seed) for seed in (0, 1)
    ]
    kept = KeptModels()
    kept.keep(built[0])
    assert kept.adopt(built[1]) is built[0]
    assert_equal_weights(weights(built[0]), weights(built[1]), rtol=0, atol=0)


def test_a_model_in_use_is_nobody_elses_and_few_are_kept():
    kept = KeptModels()
    kept.keep(varied_model())
    first = kept.adopt(varied_model(seed=1))
    second = varied_model(seed=2)
    assert kept.adopt(second) is second is not first
    for filters in range(1, N_KEPT + 2):
        kept.keep(varied_model(filters=filters))
    oldest, newest = varied_model(filters=1), varied_model(filters=N_KEPT + 1)
    assert kept.adopt(oldest) is oldest
    assert kept.adopt(newest) is not newest


def test_a_model_that_is_forgotten_is_gone():
    model = varied_model()
    train(model, validation=VALIDATION)
    reference = weakref.ref(model)
    del model
    gc.collect()
    assert reference() is not None
    forget_models()
    gc.collect()
    assert reference() is None
