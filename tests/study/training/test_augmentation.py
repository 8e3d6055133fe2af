from __future__ import annotations

import math

import keras
import numpy as np
import pytest
from scipy import ndimage

from study.config import AugmentationConfig
from study.training import augmentation
from study.training.augmentation import N_RANDOM_NUMBERS, random_affine

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


def some_images(dtype, *, shape=(12, 9, 14, 3)):
    return np.random.default_rng(0).integers(0, 256, size=shape).astype(dtype)


def random_numbers(n):
    return np.random.default_rng(0).random((N_RANDOM_NUMBERS, n), dtype=np.float32)


def moved(images, *, flip=True, **ranges):
    config = AugmentationConfig(**{**NOTHING, **ranges})
    tensor = keras.ops.convert_to_tensor(images)
    uniform = keras.ops.convert_to_tensor(random_numbers(len(images)))
    return np.asarray(random_affine(tensor, config=config, uniform=uniform, flip=flip))


def moved_by_scipy(images, ranges):
    """Compose the same transformation of 3x3 matrices, in (y, x) order, and resample with SciPy."""
    config = AugmentationConfig(**{**NOTHING, **ranges})
    n, height, width, n_channels = images.shape
    drawn = random_numbers(n).astype(np.float64)
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
def test_without_tensorflows_kernel_images_are_moved_the_same(ranges, monkeypatch):
    monkeypatch.setattr(augmentation, "FUSED_BY", ())
    for dtype, tolerance in ((np.float32, 0.02), (np.uint8, 0.52)):
        images = some_images(dtype)
        found = moved(images, **ranges)
        assert found.dtype == dtype
        np.testing.assert_allclose(found, moved_by_scipy(images, ranges), atol=tolerance)


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
    for fraction, low, high in ((0.0, 0, 0), (0.5, 120, 280), (1.0, 390, 400)):
        turned = moved(images, rotation_degrees=40.0, resampled_fraction=fraction)
        assert low <= (turned != images).any(axis=(1, 2, 3)).sum() <= high


def test_images_that_mirroring_would_change_are_never_flipped():
    images = some_images(np.uint8)
    np.testing.assert_array_equal(moved(images, horizontal_flip=True, flip=False), images)


def test_equal_images_are_moved_each_in_its_own_way():
    images = np.repeat(some_images(np.uint8, shape=(1, 9, 9, 1)), 5, axis=0)
    assert len({image.tobytes() for image in moved(images, **EVERYTHING)}) == 5
