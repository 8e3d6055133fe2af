import keras
import numpy as np
import pytest
import tensorflow as tf

from search_spaces.batch_normalization import FusedBatchNormalization


def trained(layer_type, batches):
    layer = layer_type(momentum=0.9)
    outputs = [np.asarray(layer(batch, training=True)) for batch in batches]
    return layer, outputs


@pytest.mark.parametrize("shape", [(8, 6, 5, 3), (2, 1, 1, 4)])
def test_fused_batch_normalization_agrees_with_kerass_layer(shape):
    batches = np.random.default_rng(0).normal(1, 3, (3, *shape)).astype(np.float32)
    layer, outputs = trained(FusedBatchNormalization, batches)
    reference, expected = trained(keras.layers.BatchNormalization, batches)
    np.testing.assert_allclose(outputs, expected, rtol=1e-3, atol=1e-4)
    for ours, keras_own in zip(layer.get_weights(), reference.get_weights(), strict=True):
        np.testing.assert_allclose(ours, keras_own, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(layer(batches[0]), reference(batches[0]), rtol=1e-4, atol=1e-5)


def test_predicting_leaves_the_moving_statistics_alone():
    layer = FusedBatchNormalization()
    layer(np.ones((2, 3, 3, 1), dtype=np.float32))
    np.testing.assert_array_equal(layer.moving_mean, [0.0])
    np.testing.assert_array_equal(layer.moving_variance, [1.0])


def test_a_frozen_layer_normalizes_with_its_moving_statistics_even_in_training():
    maps = np.full((2, 3, 3, 1), 4.0, dtype=np.float32)
    layer = FusedBatchNormalization(trainable=False, epsilon=1e-6)
    np.testing.assert_allclose(layer(maps, training=True), maps, rtol=1e-4)


def test_it_keeps_the_compute_dtype(bfloat16_policy):
    maps = np.zeros((1, 2, 2, 3), dtype=np.float32)
    for training in (False, True):
        outputs = FusedBatchNormalization()(maps, training=training)
        assert keras.backend.standardize_dtype(outputs.dtype) == "bfloat16"


def gradients(layer, maps, weights):
    maps = tf.constant(maps)
    with tf.GradientTape() as tape:
        tape.watch(maps)
        outputs = tf.cast(layer(maps, training=True), tf.float32)
        total = tf.reduce_sum(outputs * weights)
    found = tape.gradient(total, [maps, layer.gamma.value, layer.beta.value])
    return [np.asarray(tf.cast(gradient, tf.float32)) for gradient in found]


@pytest.mark.parametrize(("dtype", "tolerance"), [("float32", 1e-4), ("mixed_bfloat16", 0.06)])
def test_its_outputs_statistics_and_gradients_are_those_of_kerass_layer(dtype, tolerance):
    rng = np.random.default_rng(0)
    maps, weights = rng.normal(0.5, 2, (2, 16, 6, 5, 3)).astype(np.float32)
    ours, reference = (
        layer_type(momentum=0.9, dtype=dtype)
        for layer_type in (FusedBatchNormalization, keras.layers.BatchNormalization)
    )
    found = gradients(ours, maps, weights)
    expected = gradients(reference, maps, weights)
    for gradient, wanted in zip(found, expected, strict=True):
        scale = np.abs(wanted).max()
        np.testing.assert_allclose(gradient / scale, wanted / scale, atol=tolerance)
    for weight, wanted in zip(ours.get_weights(), reference.get_weights(), strict=True):
        np.testing.assert_allclose(weight, wanted, rtol=tolerance, atol=tolerance)
    for training in (True, False):
        np.testing.assert_allclose(
            tf.cast(ours(maps, training=training), tf.float32),
            tf.cast(reference(maps, training=training), tf.float32),
            atol=tolerance,
        )


def test_it_learns_in_a_traced_step_what_kerass_layer_learns():
    maps = np.random.default_rng(0).normal(2, 3, (8, 4, 4, 2)).astype(np.float32)
    weights = []
    for layer_type in (FusedBatchNormalization, keras.layers.BatchNormalization):
        layer = layer_type(momentum=0.5)
        layer.build(maps.shape)

        @tf.function
        def steps(layer=layer):
            for _ in tf.range(3):
                layer(maps, training=True)

        steps()
        weights.append(layer.get_weights())
    for ours, wanted in zip(*weights, strict=True):
        np.testing.assert_allclose(ours, wanted, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("dtype", ["float32", "mixed_bfloat16"])
def test_a_saved_model_gives_the_same_outputs_after_loading_in_safe_mode(tmp_path, dtype):
    maps = np.random.default_rng(0).normal(2, 3, (8, 4, 4, 2)).astype(np.float32)
    inputs = keras.Input(maps.shape[1:])
    model = keras.Model(inputs, FusedBatchNormalization(momentum=0.5, dtype=dtype)(inputs))
    model(maps, training=True)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras", safe_mode=True)
    assert type(loaded.layers[-1]) is FusedBatchNormalization
    np.testing.assert_array_equal(
        tf.cast(loaded(maps), tf.float32), tf.cast(model(maps), tf.float32)
    )
    assert np.any(np.asarray(model.layers[-1].moving_mean) != 0)
