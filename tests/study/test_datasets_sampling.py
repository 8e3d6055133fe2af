from __future__ import annotations

import hashlib
import logging
import re
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from study.datasets.base import Images
from study.datasets.sampling import Sample, draw_sample
from study.errors import ConfigError


def numbered_images(counts: list[int]) -> Images:
    """Images that carry their own number in their first four pixels, classes shuffled."""
    labels = np.repeat(np.arange(len(counts)), counts).astype(np.uint8)
    labels = np.random.default_rng(0).permutation(labels)
    numbers = np.arange(len(labels), dtype="<u4").view(np.uint8).reshape(-1, 2, 2, 1)
    return Images(images=numbers, labels=labels)


def numbers_of(images: Images) -> list[int]:
    return [int(n) for n in images.images.reshape(-1, 4).copy().view("<u4").ravel()]


def counts_of(sample: Sample, n_classes: int) -> tuple[set[int], set[int]]:
    return (
        set(np.bincount(sample.train.labels, minlength=n_classes).tolist()),
        set(np.bincount(sample.validation.labels, minlength=n_classes).tolist()),
    )


@pytest.mark.parametrize(
    ("counts", "fraction", "n_train", "n_validation"),
    [
        ([5000] * 10, 0.25, 1000, 250),  # CIFAR-10
        ([5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949], 0.25, 1200, 300),  # MNIST
        ([5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949], 1, 4337, 1084),
        ([5000] * 10, 0.29, 1160, 290),  # 0.29 * 50,000 is less than 14,500 in floats.
        ([100] * 3, 1, 80, 20),
        ([100] * 3, 0.02, 1, 1),
        ([100] * 3, 0.07, 6, 1),
        ([100] * 3, 0.08, 6, 2),
    ],
)
def test_each_class_gives_the_same_number_of_images(
    counts: list[int], fraction: float, n_train: int, n_validation: int
) -> None:
    sample = draw_sample(numbered_images(counts), n_classes=len(counts), fraction=fraction, seed=3)
    assert counts_of(sample, len(counts)) == ({n_train}, {n_validation})


@settings(max_examples=60, deadline=None)
@given(
    counts=st.lists(st.integers(2, 40), min_size=1, max_size=5),
    fraction=st.floats(0.001, 1),
    validation_fraction=st.floats(0.01, 0.99),
    seed=st.integers(0, 2**64),
)
def test_no_image_is_lost_changed_or_in_both_parts(
    counts: list[int], fraction: float, validation_fraction: float, seed: int
) -> None:
    images = numbered_images(counts)
    try:
        sample = draw_sample(
            images,
            n_classes=len(counts),
            fraction=fraction,
            seed=seed,
            validation_fraction=validation_fraction,
        )
    except ConfigError:
        assert Fraction(str(fraction)) * len(images) / len(counts) < 2
        return
    train, validation = numbers_of(sample.train), numbers_of(sample.validation)
    drawn = train + validation
    assert len(set(drawn)) == len(drawn)
    assert set(drawn) <= set(range(len(images)))
    np.testing.assert_array_equal(sample.whole.labels, images.labels[drawn])
    assert numbers_of(sample.whole) == drawn
    (n_train,), (n_validation,) = counts_of(sample, len(counts))
    assert min(n_train, n_validation) >= 1
    share = int(Fraction(str(fraction)) * len(images) / len(counts))
    assert n_train + n_validation == min(share, *counts)


def test_the_same_seed_draws_the_same_sample_and_another_seed_another() -> None:
    images = numbered_images([50] * 4)
    first, again, other = (
        numbers_of(draw_sample(images, n_classes=4, fraction=0.5, seed=seed).whole)
        for seed in (7, 7, 8)
    )
    assert first == again
    assert set(first) != set(other)


def test_the_sample_of_a_seed_never_changes() -> None:
    labels = (np.arange(3000) % 10).astype(np.uint8)
    numbers = np.arange(3000, dtype="<u4").view(np.uint8).reshape(-1, 2, 2, 1)
    images = Images(images=numbers, labels=labels)
    sample = draw_sample(images, n_classes=10, fraction=0.1, seed=42)
    train, validation = numbers_of(sample.train), numbers_of(sample.validation)
    assert train[:8] == [4, 17, 27, 68, 74, 84, 85, 97]
    assert validation[:8] == [51, 135, 149, 204, 226, 238, 269, 394]
    digest = hashlib.sha256(np.array(train + validation, dtype="<u4").tobytes()).hexdigest()
    assert digest == "3caa02225ece1049fd6ca285cb843adffb672451f0c59f3f2514fbdd815e3a78"


def test_what_equal_classes_leave_out_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, logger="study.datasets"):
        draw_sample(numbered_images([10, 14]), n_classes=2, fraction=1, seed=0)
    assert "10 images of each class; 4 of the fraction asked for are left out" in caplog.text


def test_nothing_is_logged_where_nothing_is_left_out(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, logger="study.datasets"):
        draw_sample(numbered_images([10, 10]), n_classes=2, fraction=0.5, seed=0)
    assert not caplog.records


@pytest.mark.parametrize(
    ("n_classes", "per_class"), [(10, 5000), (10, 6000), (3, 2), (7, 11), (2, 333)]
)
def test_the_smallest_fraction_that_works_is_named_and_works(
    n_classes: int, per_class: int
) -> None:
    images = numbered_images([per_class] * n_classes)
    with pytest.raises(ConfigError, match="smallest fraction that works is") as caught:
        draw_sample(images, n_classes=n_classes, fraction=1e-6, seed=0)
    (named,) = re.findall(r"works is ([\d.e-]+)\.$", str(caught.value))
    sample = draw_sample(images, n_classes=n_classes, fraction=float(named), seed=0)
    assert counts_of(sample, n_classes) == ({1}, {1})
    with pytest.raises(ConfigError):
        draw_sample(images, n_classes=n_classes, fraction=float(named) * 0.98, seed=0)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"fraction": 0}, "fraction must be above 0 and at most 1, but got 0"),
        ({"fraction": -0.1}, "fraction must be above 0"),
        ({"fraction": 1.01}, "at most 1, but got 1.01"),
        ({"fraction": float("nan")}, "but got nan"),
        ({"validation_fraction": 0.0}, "validation_fraction must be between 0 and 1"),
        ({"validation_fraction": 1.0}, "validation_fraction must be between 0 and 1"),
        ({"seed": -1}, "seed must be 0 or more, but got -1"),
        ({"n_classes": 3}, "A class has 0 training images"),
    ],
)
def test_arguments_out_of_range_are_refused(changed: dict[str, float], message: str) -> None:
    arguments = {"n_classes": 2, "fraction": 0.5, "seed": 0, **changed}
    with pytest.raises(ConfigError, match=message):
        draw_sample(numbered_images([10, 10]), **arguments)
