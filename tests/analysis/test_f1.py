"""F1 as a mean over images: its value by scikit-learn, its variance by brute force."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import f1_score

from analysis.statistics.f1 import f1_by_image


def drawn(rng: np.random.Generator, *, n_images: int, n_classes: int = 4, right: float = 0.7):
    labels = rng.integers(n_classes, size=n_images)
    others = rng.integers(n_classes, size=n_images)
    return labels, np.where(rng.random(n_images) < right, labels, others)


@pytest.mark.parametrize("right", [0.0, 0.4, 0.9, 1.0])
def test_the_mean_over_images_is_the_f1_score(right):
    labels, predictions = drawn(np.random.default_rng(1), n_images=500, right=right)

    means = f1_by_image(labels, predictions, 4).mean(axis=1)

    assert means == pytest.approx(f1_score(labels, predictions, average=None))


def test_a_class_that_nobody_named_scores_zero():
    labels, predictions = np.array([0, 1, 1]), np.array([0, 0, 1])

    values = f1_by_image(labels, predictions, 3)

    assert values[2].tolist() == [0.0, 0.0, 0.0]
    expected = f1_score(labels, predictions, average=None, labels=[0, 1, 2], zero_division=0.0)
    assert values.mean(axis=1) == pytest.approx(expected)


@pytest.mark.parametrize("right", [0.4, 0.9])
def test_the_variance_over_images_is_that_of_scores_of_other_images(right):
    rng = np.random.default_rng(2)
    n_images = 600

    samples = [drawn(rng, n_images=n_images, right=right) for _ in range(3000)]

    scores = np.array([f1_score(*sample, average=None) for sample in samples[:1000]])
    told = np.array([f1_by_image(*sample, 4).var(axis=1) / n_images for sample in samples])
    # The deviation of a deviation that 1,000 samples of four classes tell is about 1 %.
    assert np.sqrt(told.mean()) == pytest.approx(np.sqrt(scores.var(axis=0).mean()), rel=0.05)
