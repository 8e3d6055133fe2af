from __future__ import annotations

import itertools
import math

import keras
import numpy as np
import pytest

from study.config import AugmentationConfig
from study.datasets.base import Images
from study.training import loop
from study.training.evaluation import Scorer
from study.training.loop import DivergedError, Training
from tests.study import small
from tests.study.training.fitting import (
    CountedCalls,
    assert_equal_weights,
    fit_config,
    numbers,
    run_to_the_end,
    set_weights,
    small_model,
    train,
    varied_model,
    weights,
)


def test_an_easy_task_is_learnt():
    history = train(validation=small.images(30, seed=5), epochs=8)
    losses = [scores.training_loss for scores in history]
    assert losses[-1] < 0.7 * losses[0]
    assert history[-1].training_accuracy > 0.9
    assert history[-1].validation_accuracy > 0.9
    assert [scores.epoch for scores in history] == list(range(1, 9))


def test_validation_scores_are_those_of_the_model_after_the_epoch():
    model, validation = small_model(), small.images(30, seed=5)
    training = Training(model, small.images(60), validation, config=fit_config())
    for _ in range(3):
        scores = training.run_epoch()
        expected = Scorer(model, validation, label_smoothing=0.1)()
        assert scores.validation_accuracy == expected.accuracy
        assert scores.validation_loss == pytest.approx(expected.loss, rel=1e-5)


def test_without_validation_images_there_are_no_validation_scores():
    assert {(s.validation_accuracy, s.validation_loss) for s in train()} == {(None, None)}


def test_beyond_the_last_epoch_training_is_refused_and_the_model_stays_as_it_is():
    model = small_model()
    training = Training(model, small.images(60), None, config=fit_config(epochs=1))
    training.run_epoch()
    before = weights(model)
    with pytest.raises(ValueError, match="1 epochs are done"):
        training.run_epoch()
    assert training.epoch == 1
    assert_equal_weights(weights(model), before, rtol=0, atol=0)


@pytest.mark.parametrize("augmentation", [None, AugmentationConfig()])
def test_equal_seeds_give_equal_scores_and_different_seeds_do_not(augmentation):
    first, again, other = (
        [
            (s.training_accuracy, s.training_loss)
            for s in train(seed=seed, augmentation=augmentation)
        ]
        for seed in (0, 0, 1)
    )
    np.testing.assert_allclose(first, again, rtol=1e-5)
    assert not np.allclose(first, other, rtol=1e-5)


def test_augmented_images_are_moved_anew_in_each_step():
    # With a vanishing learning rate only the images differ from step to step.
    settings = {"batch_size": 60, "learning_rate": 1e-20, "epochs": 4}
    plain, augmented = (
        [scores.training_loss for scores in train(augmentation=augmentation, **settings)]
        for augmentation in (None, AugmentationConfig())
    )
    assert np.ptp(plain) < 1e-5
    assert np.diff(np.sort(augmented)).min() > 1e-4


def test_how_many_steps_a_call_takes_does_not_change_the_scores(monkeypatch):
    expected = [(s.training_accuracy, s.training_loss) for s in train(batch_size=4)]
    for seconds in (0.0, 1e9):
        monkeypatch.setattr(loop, "SECONDS_A_CALL", seconds)
        found = [(s.training_accuracy, s.training_loss) for s in train(batch_size=4)]
        np.testing.assert_allclose(found, expected, rtol=1e-5)


class Counter(keras.layers.Layer):
    """Passes images on and counts how often each was there; its first pixel is its number."""

    def __init__(self, n_images):
        super().__init__()
        self.counts = self.add_weight(
            shape=(n_images,), initializer="zeros", trainable=False, dtype="float32"
        )

    def call(self, images, training=None):
        numbers = keras.ops.cast(images[:, 0, 0, 0], "int32")
        if training:
            self.counts.assign_add(
                keras.ops.sum(keras.ops.one_hot(numbers, self.counts.shape[0]), axis=0)
            )
        return images


@pytest.mark.parametrize(
    ("n_images", "batch_size", "n_seen"), [(50, 16, 48), (48, 16, 48), (50, 64, 50), (7, 1, 7)]
)
def test_an_epoch_sees_each_image_at_most_once_and_only_the_remainder_waits(
    n_images, batch_size, n_seen
):
    pixels = small.images(n_images).images
    pixels[:, 0, 0, 0] = np.arange(n_images)
    images = Images(images=pixels, labels=small.images(n_images).labels)
    counter, inputs = Counter(n_images), keras.Input(small.IMAGE_SHAPE)
    features = keras.layers.Flatten()(counter(inputs))
    model = keras.Model(inputs, keras.layers.Dense(small.N_CLASSES)(features))
    config = fit_config(epochs=4, batch_size=batch_size, learning_rate=1e-6)
    training = Training(model, images, None, config=config)
    before, seen = np.zeros(n_images), []
    for _ in range(4):
        training.run_epoch()
        # The model holds an average of its weights; the counts themselves are in the state.
        (now,) = (a for a in training._steps.state()["trained"] if a.shape == (n_images,))
        seen.append(now - before)
        before = now
    for counts in seen:
        assert set(counts) <= {0, 1}
        assert counts.sum() == n_seen
    if n_seen < n_images:
        assert len({tuple(counts) for counts in seen}) > 1


@pytest.mark.parametrize("learning_rate", [1e30, math.inf])
def test_a_loss_that_is_no_number_ends_training(learning_rate):
    with pytest.raises(DivergedError, match=r"training loss is \w+ in epoch \d"):
        train(learning_rate=learning_rate, epochs=5)


def test_ctrl_c_stops_between_steps_and_leaves_the_averaged_weights_in_the_model(monkeypatch):
    monkeypatch.setattr(loop, "SECONDS_A_CALL", 0.0)
    model = small_model()
    training = Training(model, small.images(60), None, config=fit_config(batch_size=4))
    training.run_epoch()
    n_checks = itertools.count(1)

    def stop_at_the_third_check():
        if next(n_checks) == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr(loop, "stop_if_asked", stop_at_the_third_check)
    before = weights(model)
    with pytest.raises(KeyboardInterrupt):
        training.run_epoch()
    assert training.epoch == 1
    state = training._steps.state()
    for found, average, trained, former in zip(
        weights(model), state["averages"], state["trained"], before, strict=True
    ):
        np.testing.assert_array_equal(found, average)
        assert np.any(found != trained)
        assert np.any(found != former)


def test_another_run_on_the_same_model_is_not_traced_again_and_gives_what_a_new_model_gives():
    images, validation = small.images(60), small.images(30, seed=5)
    kept = varied_model()
    counted = CountedCalls()
    watched = keras.Model(kept.inputs, counted(kept.outputs[0]))
    initial = weights(kept)
    run_to_the_end(Training(watched, images, validation, config=fit_config()))
    n_traced = counted.n_calls

    set_weights(kept, initial)
    other = fit_config(epochs=5, learning_rate=0.02, weight_decay=0.1, label_smoothing=0.0, seed=3)
    again = run_to_the_end(Training(watched, images, validation, config=other), epochs=5)
    assert counted.n_calls == n_traced

    fresh = varied_model(seed=9)
    set_weights(fresh, initial)
    expected = run_to_the_end(Training(fresh, images, validation, config=other), epochs=5)
    np.testing.assert_allclose(numbers(again), numbers(expected), rtol=1e-4)
    assert_equal_weights(weights(kept), weights(fresh), rtol=1e-3, atol=1e-5)
