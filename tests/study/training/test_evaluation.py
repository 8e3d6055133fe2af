from __future__ import annotations

import keras
import numpy as np
import pytest
from sklearn.metrics import log_loss

from study.training.evaluation import Predictor, Scorer, mirrored_too, smoothed_cross_entropy
from tests.study import small
from tests.study.training.fitting import CountedCalls


@pytest.mark.parametrize("label_smoothing", [0.0, 0.1, 0.2, 0.9])
def test_the_loss_is_cross_entropy_against_smoothed_targets(label_smoothing):
    rng = np.random.default_rng(0)
    scores = rng.normal(0, 3, size=(50, 4)).astype(np.float32)
    labels = rng.integers(0, 4, size=50).astype(np.int32)
    loss = float(
        smoothed_cross_entropy(scores, labels, n_classes=4, label_smoothing=label_smoothing)
    )
    one_hot = np.eye(4)[labels]
    keras_loss = keras.losses.CategoricalCrossentropy(
        from_logits=True, label_smoothing=label_smoothing
    )
    assert loss == pytest.approx(float(keras_loss(one_hot, scores)), rel=1e-5)
    targets = one_hot * (1 - label_smoothing) + label_smoothing / 4
    log_softmax = scores - np.log(np.exp(scores.astype(np.float64)).sum(axis=1, keepdims=True))
    assert loss == pytest.approx(-(targets * log_softmax).sum(axis=1).mean(), rel=1e-5)
    if not label_smoothing:
        assert loss == pytest.approx(log_loss(labels, np.exp(log_softmax)), rel=1e-4)


def model_with_dropout(counted=None):
    inputs = keras.Input(small.IMAGE_SHAPE)
    values = keras.layers.Rescaling(1 / 255)(inputs)
    values = keras.layers.Flatten()(counted(values) if counted else values)
    values = keras.layers.Dropout(0.5, seed=0)(values)
    return keras.Model(inputs, keras.layers.Dense(small.N_CLASSES)(values))


@pytest.mark.parametrize("n_images", [1, 499, 500, 501, 1203])
def test_predictions_are_the_models_own_whatever_the_number_of_images(n_images):
    counted = CountedCalls()
    model, images = model_with_dropout(counted), small.images(n_images).images
    expected = np.asarray(model(images, training=False))
    predict, n_calls = Predictor(model), counted.n_calls
    for _ in range(2):
        scores = predict(images)
        assert (scores.shape, scores.dtype) == ((n_images, small.N_CLASSES), np.float32)
        np.testing.assert_allclose(scores, expected, rtol=1e-4, atol=1e-5)
    # A last, smaller batch must not be traced again: that takes seconds with a large model.
    assert counted.n_calls == n_calls + 1


def test_scores_are_those_of_the_model_as_it_is_now():
    images, model = small.images(501), model_with_dropout()
    score = Scorer(model, images, label_smoothing=0.1)
    for _ in range(2):
        logits = np.asarray(model(images.images, training=False))
        scores = score()
        assert scores.accuracy == np.mean(logits.argmax(axis=1) == images.labels)
        expected = keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=0.1)
        assert scores.loss == pytest.approx(
            float(expected(np.eye(small.N_CLASSES)[images.labels], logits)), rel=1e-4
        )
        model.layers[-1].kernel.assign(-model.layers[-1].kernel)


def test_a_test_time_flip_averages_the_probabilities_of_both_views():
    rng = np.random.default_rng(0)
    weights = rng.normal(size=(np.prod(small.IMAGE_SHAPE), small.N_CLASSES))
    pictures = small.images(5).images

    def predict(images):
        assert images.flags.c_contiguous
        return images.reshape(len(images), -1) / 255 @ weights

    wanted = sum(
        keras.ops.convert_to_numpy(keras.ops.softmax(predict(view)))
        for view in (pictures, np.stack([np.fliplr(image) for image in pictures]))
    )
    assert mirrored_too(predict, pictures) == pytest.approx(wanted / 2)
    assert not np.allclose(wanted / 2, keras.ops.softmax(predict(pictures)))
