import keras
import numpy as np
import pytest
import tensorflow as tf

from search_spaces.local_response import ALPHA, LocalResponseNormalization


@pytest.mark.parametrize("channels", [1, 2, 3, 5, 32])
def test_local_response_normalization_agrees_with_tensorflows(channels):
    maps = np.random.default_rng(channels).normal(0, 3, (2, 5, 4, channels)).astype(np.float32)
    expected = tf.nn.local_response_normalization(
        maps, depth_radius=2, bias=2.0, alpha=ALPHA, beta=0.75
    )
    np.testing.assert_allclose(LocalResponseNormalization()(maps), expected, rtol=1e-5)


def test_it_does_to_scaled_pixels_what_the_papers_constants_do_to_raw_ones():
    raw = np.random.default_rng(0).normal(0, 60, (1, 4, 4, 8)).astype(np.float32)
    paper = tf.nn.local_response_normalization(raw, depth_radius=2, bias=2.0, alpha=1e-4, beta=0.75)
    ours = LocalResponseNormalization()(raw / 127.5)
    np.testing.assert_allclose(ours * 127.5, paper, rtol=1e-5)


def test_its_gradient_agrees_with_tensorflows():
    maps = tf.constant(np.random.default_rng(0).normal(0, 2, (1, 3, 3, 6)).astype(np.float32))
    gradients = []
    for normalize in (
        LocalResponseNormalization(),
        lambda x: tf.nn.local_response_normalization(x, 2, 2.0, ALPHA, 0.75),
    ):
        with tf.GradientTape() as tape:
            tape.watch(maps)
            loss = tf.reduce_sum(normalize(maps) ** 3)
        gradients.append(tape.gradient(loss, maps))
    np.testing.assert_allclose(gradients[0], gradients[1], rtol=1e-4, atol=1e-6)


def test_it_keeps_the_compute_dtype(bfloat16_policy):
    maps = np.zeros((1, 2, 2, 3), dtype=np.float32)
    assert keras.backend.standardize_dtype(LocalResponseNormalization()(maps).dtype) == "bfloat16"
