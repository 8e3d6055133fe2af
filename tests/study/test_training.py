from __future__ import annotations

import math

import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy import ndimage
from sklearn.metrics import log_loss

from study.config import AugmentationConfig
from study.datasets.base import Images
from study.training import evaluation, loop, precision
from study.training.augmentation import random_affine
from study.training.evaluation import Predictor, Scorer, smoothed_cross_entropy
from study.training.loop import DivergedError, FitConfig, train_epochs
from study.training.schedule import WARM_UP_FRACTION, Triangular
from tests.study import small

# Augmentation

NOTHING = {
    "rotation_degrees": 0.0,
    "shift_fraction": 0.0,
    "zoom_fraction": 0.0,
    "horizontal_flip": False,
    "resampled_fraction": 1.0,
}
EVERYTHING = {
    "rotation_degrees": 15.0,
    "shift_fraction": 0.1,
    "zoom_fraction": 0.1,
    "horizontal_flip": True,
}
MOVES = {
    "nothing": {},
    "rotation": {"rotation_degrees": 30.0},
    "half a turn": {"rotation_degrees": 180.0},
    "shift": {"shift_fraction": 0.25},
    "zoom": {"zoom_fraction": 0.4},
    "flip": {"horizontal_flip": True},
    "all": EVERYTHING,
    "all, half of the images sharp": {**EVERYTHING, "resampled_fraction": 0.5},
    "all sharp": {**EVERYTHING, "resampled_fraction": 0.0},
}
SEED = (7, 11)


def some_images(dtype, *, shape=(12, 9, 14, 3)):
    return np.random.default_rng(0).integers(0, 256, size=shape).astype(dtype)


def moved(images, *, seed=SEED, flip=True, **ranges):
    config = AugmentationConfig(**{**NOTHING, **ranges})
    return random_affine(tf.constant(images), config=config, seed=seed, flip=flip).numpy()


def moved_by_scipy(images, ranges, *, seed=SEED):
    """Compose the same transformation of 3x3 matrices, in (y, x) order, and resample with SciPy."""
    config = AugmentationConfig(**{**NOTHING, **ranges})
    n, height, width, n_channels = images.shape
    drawn = tf.random.stateless_uniform((7, n), seed=seed).numpy().astype(np.float64)
    centre = np.array([(height - 1) / 2, (width - 1) / 2])
    out = np.empty(images.shape, dtype=np.float64)
    for index in range(n):
        turn, down, right, zoom_y, zoom_x = 2 * drawn[:5, index] - 1
        shift = config.shift_fraction * np.array([down * height, right * width])
        if drawn[6, index] >= config.resampled_fraction:
            turn, zoom_y, zoom_x, shift = 0, 0, 0, np.round(shift)
        angle = math.radians(config.rotation_degrees * turn)
        rotation = np.array(
            [[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]]
        )
        mirror = -1 if config.horizontal_flip and drawn[5, index] < 0.5 else 1
        scale = np.diag(
            [1 + config.zoom_fraction * zoom_y, mirror * (1 + config.zoom_fraction * zoom_x)]
        )
        matrix = rotation @ scale
        offset = centre - matrix @ centre + shift
        for channel in range(n_channels):
            out[index, ..., channel] = ndimage.affine_transform(
                images[index, ..., channel].astype(np.float64),
                matrix,
                offset=offset,
                order=1,
                mode="nearest",
            )
    return out


@pytest.mark.parametrize("ranges", MOVES.values(), ids=MOVES)
def test_images_are_moved_as_scipy_moves_them(ranges):
    images = some_images(np.float32)
    np.testing.assert_allclose(moved(images, **ranges), moved_by_scipy(images, ranges), atol=0.02)


@pytest.mark.parametrize("ranges", MOVES.values(), ids=MOVES)
def test_bytes_are_moved_like_numbers_but_for_rounding(ranges):
    images = some_images(np.uint8)
    difference = moved(images, **ranges).astype(float) - moved_by_scipy(images, ranges)
    assert np.abs(difference).max() < 1.02


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
@pytest.mark.parametrize("shape", [(1, 8, 8, 1), (3, 5, 9, 3), (2, 1, 1, 1)])
def test_shape_and_dtype_stay_and_without_ranges_the_pixels_do_too(dtype, shape):
    images = some_images(dtype, shape=shape)
    everything = moved(images, **EVERYTHING)
    assert (everything.shape, everything.dtype) == (images.shape, images.dtype)
    np.testing.assert_array_equal(moved(images), images)


def test_a_flipped_image_is_the_mirror_image_and_about_half_are_flipped():
    images = some_images(np.uint8, shape=(400, 4, 5, 1))
    flipped = moved(images, horizontal_flip=True)
    is_same = (flipped == images).all(axis=(1, 2, 3))
    is_mirrored = (flipped == images[:, :, ::-1]).all(axis=(1, 2, 3))
    assert np.all(is_same ^ is_mirrored)
    # Eight standard deviations of a fair coin either way.
    assert 120 < is_mirrored.sum() < 280


def test_a_sharp_image_is_shifted_by_whole_pixels_and_its_border_repeated():
    images = some_images(np.uint8, shape=(60, 9, 14, 1))
    shifted = moved(images, shift_fraction=0.25, resampled_fraction=0.0, rotation_degrees=90.0)
    padded = np.pad(images, ((0, 0), (4, 4), (4, 4), (0, 0)), mode="edge")
    places = set()
    for number, image in enumerate(shifted):
        found = [
            (y, x)
            for y in range(9)
            for x in range(9)
            if np.array_equal(padded[number, y : y + 9, x : x + 14], image)
        ]
        assert found
        places |= set(found)
    # At most a quarter of 9 rows and of 14 columns, either way.
    assert {y - 4 for y, _ in places} == {-2, -1, 0, 1, 2}
    assert {x - 4 for _, x in places} <= {-4, -3, -2, -1, 0, 1, 2, 3, 4}


def test_the_wanted_share_of_the_images_is_resampled():
    images = some_images(np.uint8, shape=(400, 9, 9, 1))
    for fraction, low, high in ((0.0, 0, 0), (0.5, 120, 280), (1.0, 400, 400)):
        turned = moved(images, rotation_degrees=40.0, resampled_fraction=fraction)
        assert low <= (turned != images).any(axis=(1, 2, 3)).sum() <= high


def test_images_that_mirroring_would_change_are_never_flipped():
    images = some_images(np.uint8)
    np.testing.assert_array_equal(moved(images, horizontal_flip=True, flip=False), images)


def test_equal_seeds_move_alike_different_seeds_do_not_and_each_image_moves_its_own_way():
    images = np.repeat(some_images(np.uint8, shape=(1, 9, 9, 1)), 5, axis=0)
    first = moved(images, **EVERYTHING)
    np.testing.assert_array_equal(first, moved(images, **EVERYTHING))
    assert np.any(first != moved(images, seed=(7, 12), **EVERYTHING))
    assert len({image.tobytes() for image in first}) == 5


# Learning rate


@pytest.mark.parametrize(
    ("peak", "n_steps"), [(1.0, 1), (0.01, 2), (0.01, 5), (0.003, 100), (1, 999)]
)
def test_the_learning_rate_is_a_triangle(peak, n_steps):
    warm_up = int(WARM_UP_FRACTION * n_steps)
    knots = ([-1, warm_up, n_steps], [0, peak, 0])
    schedule = Triangular(peak=peak, n_steps=n_steps)
    rates = [float(schedule(step)) for step in range(n_steps)]
    np.testing.assert_allclose(rates, np.interp(range(n_steps), *knots), rtol=1e-5, atol=1e-9)
    assert max(rates) == pytest.approx(peak)
    assert min(rates) > 0
    assert float(schedule(n_steps)) == 0
    assert float(schedule(n_steps + 5)) == 0
    assert rates[-1] <= peak / (n_steps - warm_up) * 1.0001


def test_a_schedule_can_be_rebuilt_from_its_configuration():
    schedule = Triangular(peak=0.5, n_steps=20)
    rebuilt = Triangular.from_config(schedule.get_config())
    assert [float(rebuilt(step)) for step in range(20)] == [float(schedule(s)) for s in range(20)]


# Loss


@pytest.mark.parametrize("label_smoothing", [0.0, 0.1, 0.2, 0.9])
def test_the_loss_is_cross_entropy_against_smoothed_targets(label_smoothing):
    rng = np.random.default_rng(0)
    scores = rng.normal(0, 3, size=(50, 4)).astype(np.float32)
    labels = rng.integers(0, 4, size=50)
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


# Predicting


def model_with_dropout():
    inputs = keras.Input(small.IMAGE_SHAPE)
    values = keras.layers.Flatten()(keras.layers.Rescaling(1 / 255)(inputs))
    values = keras.layers.Dropout(0.5, seed=0)(values)
    return keras.Model(inputs, keras.layers.Dense(small.N_CLASSES)(values))


@pytest.mark.parametrize("n_images", [1, 499, 500, 501, 1203])
def test_predictions_are_the_models_own_whatever_the_number_of_images(n_images):
    model, images = model_with_dropout(), small.images(n_images).images
    expected = np.asarray(model(images, training=False))
    predict = Predictor(model)
    for _ in range(2):
        scores = predict(images)
        assert (scores.shape, scores.dtype) == ((n_images, small.N_CLASSES), np.float32)
        np.testing.assert_allclose(scores, expected, rtol=1e-4, atol=1e-5)
    # A last, smaller batch must not be traced again: that takes seconds with a large model.
    assert predict._scores.experimental_get_tracing_count() == 1


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


# Training


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


def train(model=None, *, images=None, validation=None, **changes):
    train_images = small.images(60) if images is None else images
    return list(
        train_epochs(model or small_model(), train_images, validation, config=fit_config(**changes))
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
    for scores in train_epochs(model, small.images(60), validation, config=fit_config()):
        expected = Scorer(model, validation, label_smoothing=0.1)()
        assert scores.validation_accuracy == expected.accuracy
        assert scores.validation_loss == pytest.approx(expected.loss, rel=1e-5)


def test_without_validation_images_there_are_no_validation_scores():
    assert {(s.validation_accuracy, s.validation_loss) for s in train()} == {(None, None)}


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
    before, seen = np.zeros(n_images), []
    config = fit_config(epochs=4, batch_size=batch_size, learning_rate=1e-6)
    for _ in train_epochs(model, images, None, config=config):
        now = np.asarray(counter.counts)
        seen.append(now - before)
        before = now
    for counts in seen:
        assert set(counts) <= {0, 1}
        assert counts.sum() == n_seen
    if n_seen < n_images:
        assert len({tuple(counts) for counts in seen}) > 1


def test_weight_decay_is_decoupled_follows_the_schedule_and_spares_biases():
    # Black images give kernels no gradient: only decay moves them.
    images = Images(
        images=np.zeros((20, *small.IMAGE_SHAPE), np.uint8), labels=small.images(20).labels
    )
    inputs = keras.Input(small.IMAGE_SHAPE)
    dense = keras.layers.Dense(small.N_CLASSES, bias_initializer="ones")
    model = keras.Model(inputs, dense(keras.layers.Flatten()(inputs)))
    kernel = np.asarray(dense.kernel)
    train(model, images=images, epochs=2, batch_size=5, learning_rate=0.01, weight_decay=10.0)
    rates = [float(Triangular(peak=0.01, n_steps=8)(step)) for step in range(8)]
    shrunk = kernel * np.prod([1 - 10.0 * rate for rate in rates])
    np.testing.assert_allclose(np.asarray(dense.kernel), shrunk, rtol=1e-4)
    # Adam moves a bias by at most about the sum of the rates; decay would more than halve it.
    assert np.all(np.abs(np.asarray(dense.bias) - 1) <= 1.5 * sum(rates))
    assert np.prod([1 - 10.0 * rate for rate in rates]) < 1 - 1.5 * sum(rates)


@pytest.mark.parametrize("learning_rate", [1e30, math.inf])
def test_a_loss_that_is_no_number_ends_training(learning_rate):
    with pytest.raises(DivergedError, match=r"training loss is \w+ in epoch \d"):
        train(learning_rate=learning_rate, epochs=5)


def test_stopping_the_iteration_stops_training():
    model = small_model()
    epochs = train_epochs(model, small.images(60), None, config=fit_config(epochs=100))
    next(epochs)
    epochs.close()
    weights = [np.asarray(weight) for weight in model.weights]
    assert next(epochs, None) is None
    for before, after in zip(weights, model.weights, strict=True):
        np.testing.assert_array_equal(before, np.asarray(after))


# Precision


@pytest.mark.parametrize("chosen", ["float32", "bfloat16"])
def test_a_named_precision_is_taken_without_measuring(chosen, monkeypatch):
    monkeypatch.setattr(precision, "bfloat16_speed_up", None)
    assert precision.resolve(chosen) == chosen


@pytest.mark.parametrize(
    ("speed_up", "chosen"),
    [
        (0.5, "float32"),
        (1.0, "float32"),
        (precision.REQUIRED_SPEED_UP - 0.01, "float32"),
        (precision.REQUIRED_SPEED_UP, "bfloat16"),
        (3.0, "bfloat16"),
    ],
)
def test_auto_takes_bfloat16_only_where_it_is_clearly_faster(speed_up, chosen, monkeypatch):
    monkeypatch.setattr(precision, "bfloat16_speed_up", lambda: speed_up)
    assert precision.resolve("auto") == chosen


def test_the_speed_up_is_measured():
    assert 0 < precision.bfloat16_speed_up(repeats=1) < math.inf


@pytest.mark.parametrize("chosen", ["float32", "bfloat16"])
def test_a_model_computes_in_the_active_precision_keeps_float32_weights_and_learns(chosen):
    precision.activate(chosen)
    model = small_model()
    assert model.layers[3].compute_dtype == chosen
    assert {weight.dtype for weight in model.weights} == {"float32"}
    history = train(model, validation=small.images(30), epochs=8)
    assert history[-1].validation_accuracy > 0.9
    assert evaluation.Predictor(model)(small.images(3).images).dtype == np.float32
