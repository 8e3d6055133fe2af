import keras
import numpy as np
import pytest

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
