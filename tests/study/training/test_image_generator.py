from __future__ import annotations

import numpy as np
import pytest

from study.config import AugmentationConfig
from study.datasets.base import Images
from study.training import image_generator
from study.training.image_generator import ImageGenerator
from study.training.loop import Training
from tests.study import small
from tests.study.training.fitting import fit_config, numbers, small_model, train

NOTHING = {
    "rotation_degrees": 0.0,
    "shift_fraction": 0.0,
    "zoom_fraction": 0.0,
    "horizontal_flip": False,
}
CONFIG = AugmentationConfig(augmenter="image-data-generator")


def moved(images, *, seed=(0, 0), flip=True, **ranges):
    config = AugmentationConfig(augmenter="image-data-generator", **{**NOTHING, **ranges})
    return ImageGenerator(config, flip=flip).moved(images, seed=seed)


def some_images(n, *, shape=(9, 14, 3)):
    return np.random.default_rng(0).integers(0, 256, size=(n, *shape)).astype(np.uint8)


def test_the_classic_tool_is_given_the_same_ranges():
    generator = ImageGenerator(AugmentationConfig(), flip=True)._generator
    found = {
        name: getattr(generator, name)
        for name in (
            *("rotation_range", "width_shift_range", "height_shift_range", "zoom_range"),
            *("shear_range", "horizontal_flip", "vertical_flip", "fill_mode", "rescale"),
        )
    }
    assert found == {
        "rotation_range": 15.0,
        "width_shift_range": 0.1,
        "height_shift_range": 0.1,
        "zoom_range": [0.9, 1.1],
        "shear_range": 0.0,
        "horizontal_flip": True,
        "vertical_flip": False,
        "fill_mode": "nearest",
        "rescale": None,
    }


def test_without_ranges_the_images_stay_as_they_are():
    images = some_images(7)
    np.testing.assert_array_equal(moved(images), images)


def test_a_flipped_image_is_the_mirror_image_and_about_half_are_flipped():
    images = some_images(400, shape=(4, 5, 1))
    flipped = moved(images, horizontal_flip=True)
    is_same = (flipped == images).all(axis=(1, 2, 3))
    is_mirrored = (flipped == images[:, :, ::-1]).all(axis=(1, 2, 3))
    assert np.all(is_same ^ is_mirrored)
    # Eight standard deviations of a fair coin either way.
    assert 120 < is_mirrored.sum() < 280
    np.testing.assert_array_equal(moved(images, horizontal_flip=True, flip=False), images)


def test_each_image_keeps_its_place_however_many_are_moved_at_a_time(monkeypatch):
    # Each image is of one shade, which no transformation changes.
    shades = np.arange(23, dtype=np.uint8)
    images = np.broadcast_to(shades[:, None, None, None], (23, 8, 8, 1)).copy()
    for batch_size in (5, 23, 500):
        monkeypatch.setattr(image_generator, "BATCH_SIZE", batch_size)
        found = ImageGenerator(CONFIG, flip=True).moved(images, seed=(0, 0))
        np.testing.assert_array_equal(found, images)
        assert found.dtype == np.uint8


def test_images_in_parts_move_as_the_tool_moves_them_by_itself(monkeypatch):
    images, given = some_images(23), []
    monkeypatch.setattr(image_generator, "BATCH_SIZE", 10)
    generator = ImageGenerator(CONFIG, flip=True)
    flow = generator._generator.flow

    def noted(images, **options):
        given.append(len(images))
        return flow(images, **options)

    monkeypatch.setattr(generator._generator, "flow", noted)
    found = generator.moved(images, seed=(1, 2))

    (number,) = np.random.SeedSequence((1, 2)).generate_state(1) // 2
    whole = flow(images, batch_size=10, shuffle=False, seed=int(number))
    expected = np.concatenate([whole[index] for index in range(len(whole))])
    np.testing.assert_array_equal(found, np.clip(np.rint(expected), 0, 255))
    # It makes float32 of all that it is given.
    assert given == [10, 10, 3]


def test_equal_seeds_move_alike_different_seeds_do_not_and_each_image_moves_its_own_way():
    images = np.repeat(some_images(1), 5, axis=0)
    ranges = {"rotation_degrees": 15.0, "shift_fraction": 0.1}
    first = moved(images, seed=(3, 4), **ranges)
    np.testing.assert_array_equal(first, moved(images, seed=(3, 4), **ranges))
    for other in ((3, 5), (4, 4), (4, 3)):
        assert np.any(first != moved(images, seed=other, **ranges))
    assert len({image.tobytes() for image in first}) == 5


def test_numpys_own_random_numbers_go_on_undisturbed():
    np.random.seed(5)
    expected = np.random.random(3)
    np.random.seed(5)
    moved(some_images(3), rotation_degrees=15.0)
    np.testing.assert_array_equal(np.random.random(3), expected)


def test_a_run_trains_on_new_images_each_epoch_in_the_same_order(monkeypatch):
    train_images = small.images(60)
    used = []
    whole = ImageGenerator.moved

    def watched(self, images, *, seed):
        assert images is train_images.images
        used.append(whole(self, images, seed=seed))
        return used[-1]

    monkeypatch.setattr(ImageGenerator, "moved", watched)
    history = train(images=train_images, augmentation=CONFIG, epochs=8)
    assert len(used) == 8
    assert len({images.tobytes() for images in used}) == 8
    # Stripes that stand still keep their labels, so they are learnt only if labels stay aligned.
    assert history[-1].training_accuracy > 0.7
    # An epoch on what the tool made is an epoch on plain images that look so.
    monkeypatch.undo()
    plain = Images(images=used[0], labels=train_images.labels)
    expected = train(images=plain, epochs=8)[0]
    assert history[0].training_loss == pytest.approx(expected.training_loss, rel=1e-4)


def test_a_restored_run_sees_the_images_of_its_own_epochs(tmp_path):
    config = fit_config(augmentation=CONFIG)

    def begin():
        return Training(small_model(), small.images(60), None, config=config)

    uninterrupted, first, second = begin(), begin(), begin()
    expected = [uninterrupted.run_epoch() for _ in range(3)]
    history = [first.run_epoch()]
    first.save(tmp_path / "state.npz")
    second.restore(tmp_path / "state.npz")
    history += [second.run_epoch(), second.run_epoch()]
    np.testing.assert_allclose(
        [row[2] for row in numbers(history)], [row[2] for row in numbers(expected)], rtol=1e-4
    )
