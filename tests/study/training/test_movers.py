"""What moves a whole epoch's images before it: each in its place, its own way, and as seeded."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from study.config import AFFINE, AUGMENTERS, AugmentationConfig
from study.datasets.base import Images
from study.training import movers
from study.training.image_layers import random_layers
from study.training.loop import Training
from study.training.movers import TOOLS, Mover, mover_of
from tests.study import small
from tests.study.training.fitting import fit_config, numbers, small_model, train

NOTHING = {
    "rotation_degrees": 0.0,
    "shift_fraction": 0.0,
    "zoom_fraction": 0.0,
    "horizontal_flip": False,
}
every_mover = pytest.mark.parametrize("name", TOOLS)


def config(name):
    return AugmentationConfig(augmenter=name)


def moved(name, images, *, seed=(0, 0), flip=True, **ranges):
    ranges_of = AugmentationConfig(augmenter=name, **{**NOTHING, **ranges})
    return mover_of(ranges_of, flip=flip).moved(images, seed=seed)


def some_images(n, *, shape=(9, 14, 3)):
    return np.random.default_rng(0).integers(0, 256, size=(n, *shape)).astype(np.uint8)


def test_every_augmenter_but_the_steps_own_moves_whole_epochs():
    assert (AFFINE, *TOOLS) == AUGMENTERS
    assert mover_of(AugmentationConfig(), flip=True) is None


def test_the_layers_are_given_the_same_ranges():
    turn, shift, zoom, mirror = random_layers(AugmentationConfig(), flip=True)
    assert [type(one) for one in (turn, shift, zoom, mirror)] == [
        keras.layers.RandomRotation,
        keras.layers.RandomTranslation,
        keras.layers.RandomZoom,
        keras.layers.RandomFlip,
    ]
    assert turn.factor == pytest.approx((-15 / 360, 15 / 360))
    for one in (shift, zoom):
        assert (one.height_lower, one.height_upper) == pytest.approx((-0.1, 0.1))
        assert (one.width_lower, one.width_upper) == pytest.approx((-0.1, 0.1))
    assert {one.fill_mode for one in (turn, shift, zoom)} == {"nearest"}
    assert mirror.mode == "horizontal"
    assert len(random_layers(AugmentationConfig(), flip=False)) == 3
    assert random_layers(AugmentationConfig(**NOTHING), flip=True) == []


def test_each_layer_draws_numbers_of_its_own():
    seeds = [one.seed for one in random_layers(AugmentationConfig(), flip=True, seed=5)]
    assert len(set(seeds)) == 4


@every_mover
def test_without_ranges_the_images_stay_as_they_are(name):
    images = some_images(7)
    np.testing.assert_array_equal(moved(name, images), images)


@every_mover
def test_a_flipped_image_is_the_mirror_image_and_about_half_are_flipped(name):
    images = some_images(400, shape=(4, 5, 1))
    flipped = moved(name, images, horizontal_flip=True)
    is_same = (flipped == images).all(axis=(1, 2, 3))
    is_mirrored = (flipped == images[:, :, ::-1]).all(axis=(1, 2, 3))
    assert np.all(is_same ^ is_mirrored)
    # Eight standard deviations of a fair coin either way.
    assert 120 < is_mirrored.sum() < 280
    np.testing.assert_array_equal(moved(name, images, horizontal_flip=True, flip=False), images)


@every_mover
def test_each_image_keeps_its_place_however_many_are_moved_at_a_time(monkeypatch, name):
    # Each image is of one shade, which no transformation changes.
    shades = np.arange(23, dtype=np.uint8)
    images = np.broadcast_to(shades[:, None, None, None], (23, 8, 8, 1)).copy()
    for batch_size in (5, 23, 500):
        monkeypatch.setattr(movers, "BATCH_SIZE", batch_size)
        found = mover_of(config(name), flip=True).moved(images, seed=(0, 0))
        np.testing.assert_array_equal(found, images)
        assert found.dtype == np.uint8


@every_mover
def test_equal_seeds_move_alike_different_seeds_do_not_and_each_image_moves_its_own_way(name):
    images = np.repeat(some_images(1), 5, axis=0)
    ranges = {"rotation_degrees": 15.0, "shift_fraction": 0.1}
    first = moved(name, images, seed=(3, 4), **ranges)
    np.testing.assert_array_equal(first, moved(name, images, seed=(3, 4), **ranges))
    for other in ((3, 5), (4, 4), (4, 3)):
        assert np.any(first != moved(name, images, seed=other, **ranges))
    assert len({image.tobytes() for image in first}) == 5


@every_mover
def test_numpys_own_random_numbers_go_on_undisturbed(name):
    np.random.seed(5)
    expected = np.random.random(3)
    np.random.seed(5)
    moved(name, some_images(3), rotation_degrees=15.0)
    np.testing.assert_array_equal(np.random.random(3), expected)


@every_mover
def test_a_run_trains_on_new_images_each_epoch_in_the_same_order(monkeypatch, name):
    train_images = small.images(60)
    used = []
    whole = Mover.moved

    def watched(self, images, *, seed):
        assert images is train_images.images
        used.append(whole(self, images, seed=seed))
        return used[-1]

    monkeypatch.setattr(Mover, "moved", watched)
    history = train(images=train_images, augmentation=config(name), epochs=8)
    assert len(used) == 8
    assert len({images.tobytes() for images in used}) == 8
    # Stripes that stand still keep their labels, so they are learnt only if labels stay aligned.
    assert history[-1].training_accuracy > 0.7
    # An epoch on what the tool made is an epoch on plain images that look so.
    monkeypatch.undo()
    plain = Images(images=used[0], labels=train_images.labels)
    expected = train(images=plain, epochs=8)[0]
    assert history[0].training_loss == pytest.approx(expected.training_loss, rel=1e-4)


@every_mover
def test_a_restored_run_sees_the_images_of_its_own_epochs(tmp_path, name):
    settings = fit_config(augmentation=config(name))

    def begin():
        return Training(small_model(), small.images(60), None, config=settings)

    uninterrupted, first, second = begin(), begin(), begin()
    expected = [uninterrupted.run_epoch() for _ in range(3)]
    history = [first.run_epoch()]
    first.save(tmp_path / "state.npz")
    second.restore(tmp_path / "state.npz")
    history += [second.run_epoch(), second.run_epoch()]
    np.testing.assert_allclose(
        [row[2] for row in numbers(history)], [row[2] for row in numbers(expected)], rtol=1e-4
    )
