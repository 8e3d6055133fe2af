"""Keras's classic tool as an augmenter: its ranges, and that parts move as the whole does."""

from __future__ import annotations

import numpy as np

from study.config import AugmentationConfig
from study.training import movers
from study.training.image_generator import ImageGenerator

CONFIG = AugmentationConfig(augmenter="image-data-generator")


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


def test_images_in_parts_move_as_the_tool_moves_them_by_itself(monkeypatch):
    images, given = some_images(23), []
    monkeypatch.setattr(movers, "BATCH_SIZE", 10)
    generator = ImageGenerator(CONFIG, flip=True)
    flow = generator._generator.flow

    def noted(images, **options):
        given.append(len(images))
        return flow(images, **options)

    monkeypatch.setattr(generator._generator, "flow", noted)
    found = movers.Mover(generator).moved(images, seed=(1, 2))

    (number,) = np.random.SeedSequence((1, 2)).generate_state(1) // 2
    whole = flow(images, batch_size=10, shuffle=False, seed=int(number))
    expected = np.concatenate([whole[index] for index in range(len(whole))])
    np.testing.assert_array_equal(found, np.clip(np.rint(expected), 0, 255))
    # It makes float32 of all that it is given.
    assert given == [10, 10, 3]
