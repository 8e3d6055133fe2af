from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

from search_spaces.dropout import LEVELS, ByteDropout


def dropped(rate, *, shape=(50, 8, 8, 5), seed=3, dtype="float32"):
    layer = ByteDropout(rate, seed=seed, dtype=dtype)
    return layer, np.asarray(layer(np.ones(shape, dtype="float32"), training=True), np.float32)


@pytest.mark.parametrize("rate", [0.05, 0.2, 0.5, 0.6, 0.97])
@pytest.mark.parametrize("shape", [(50, 8, 8, 5), (4001,), (3, 1333)])
def test_the_right_share_is_dropped_and_the_rest_is_scaled_so_that_the_mean_stays(rate, shape):
    _, values = dropped(rate, shape=shape)
    share_kept = round((1 - rate) * LEVELS) / LEVELS
    assert values.shape == shape
    np.testing.assert_allclose(values[values > 0], 1 / share_kept, rtol=1e-6)
    spread = np.sqrt(share_kept * (1 - share_kept) / values.size)
    assert abs((values > 0).mean() - share_kept) < 5 * spread


def test_what_is_dropped_follows_from_the_seed_and_changes_from_call_to_call():
    layer, first = dropped(0.5)
    _, again = dropped(0.5)
    _, other = dropped(0.5, seed=4)
    second = np.asarray(layer(np.ones_like(first), training=True))
    np.testing.assert_array_equal(first, again)
    for values in (other, second):
        assert 0.4 < (values == first).mean() < 0.6


def test_no_value_decides_about_its_neighbours():
    _, values = dropped(0.5, shape=(40_000,))
    kept = values > 0
    for distance in (1, 2, 3, 4):
        assert abs((kept[:-distance] == kept[distance:]).mean() - 0.5) < 0.02


def test_only_what_was_kept_has_a_gradient():
    layer, inputs = ByteDropout(0.25, seed=1), tf.ones((1000,))
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        outputs = layer(inputs, training=True)
    np.testing.assert_allclose(tape.gradient(outputs, inputs), outputs)


@pytest.mark.parametrize(("rate", "training"), [(0.5, False), (0.0, True), (0.001, True)])
def test_nothing_changes_after_training_or_at_a_rate_that_rounds_to_zero(rate, training):
    values = np.random.default_rng(0).normal(size=(7, 5)).astype("float32")
    np.testing.assert_array_equal(ByteDropout(rate)(values, training=training), values)


def test_everything_is_dropped_at_a_rate_of_one():
    assert not dropped(1.0)[1].any()


def test_a_traced_function_drops_the_share_that_was_last_asked_for():
    layer, ones = ByteDropout(0.1, seed=2), tf.ones((40_000,))
    traced = tf.function(lambda values: layer(values, training=True))
    for rate in (0.1, 0.5, 0.25):
        layer.adjust(rate)
        values = traced(ones).numpy()
        share_kept = round((1 - rate) * LEVELS) / LEVELS
        np.testing.assert_allclose(values[values > 0], 1 / share_kept, rtol=1e-6)
        assert abs((values == 0).mean() - rate) < 0.01
    assert traced.experimental_get_tracing_count() == 1


@pytest.mark.parametrize(
    ("rate", "adjustable"), [(0.3, True), (0.0, False), (0.001, False), (1.0, False)]
)
def test_a_rate_that_changes_what_is_computed_is_not_adjustable(rate, adjustable):
    assert ByteDropout(rate).is_adjustable is adjustable


def test_a_saved_model_has_the_layer_again(tmp_path):
    inputs = keras.Input((6,))
    model = keras.Model(inputs, ByteDropout(0.3, seed=5)(inputs))
    model.save(tmp_path / "model.keras")
    layer = keras.models.load_model(tmp_path / "model.keras").layers[-1]
    assert (type(layer), layer.rate) == (ByteDropout, 0.3)
