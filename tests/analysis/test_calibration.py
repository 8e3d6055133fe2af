"""The expected calibration error against a slow count of its definition."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.statistics.calibration import (
    chance_calibration_error,
    expected_calibration_error,
)


def counted(right, confidences, n_bins):
    """Work out Guo et al. 2017, equation 3, image by image and bin by bin."""
    total = 0.0
    for m in range(1, n_bins + 1):
        low, high = (m - 1) / n_bins, m / n_bins
        inside = [i for i, p in enumerate(confidences) if low < p <= high or p == low == 0]
        if inside:
            accuracy = sum(bool(right[i]) for i in inside) / len(inside)
            confidence = sum(float(confidences[i]) for i in inside) / len(inside)
            total += len(inside) / len(confidences) * abs(accuracy - confidence)
    return total


@pytest.mark.parametrize("n_bins", [1, 2, 10, 15])
@pytest.mark.parametrize("seed", range(5))
def test_the_error_is_that_of_its_definition(seed, n_bins):
    rng = np.random.default_rng(seed)
    confidences = rng.beta(5, 2, 300)
    right = rng.random(300) < confidences**1.5

    found = expected_calibration_error(right, confidences, n_bins=n_bins)

    assert found == pytest.approx(counted(right, confidences, n_bins))
    assert found > 0


def test_a_confidence_between_two_bins_belongs_to_the_lower_one():
    confidences = np.array([0.0, 0.25, 0.25, 0.5, 0.5, 1.0])
    right = np.array([False, True, False, True, True, True])

    found = expected_calibration_error(right, confidences, n_bins=4)

    assert found == pytest.approx(counted(right, confidences, 4))
    assert found == pytest.approx((3 / 6) * (1 / 3 - 0.5 / 3) + (2 / 6) * (1 - 0.5))


def test_who_is_right_as_often_as_sure_has_no_error_and_who_is_sure_and_wrong_the_greatest():
    right = np.array([True, True, True, False] * 5)
    assert expected_calibration_error(right, np.full(20, 0.75)) == 0
    assert expected_calibration_error(np.zeros(3, bool), np.ones(3)) == 1


@pytest.mark.parametrize(("n_images", "points"), [(360, 5), (10_000, 1)])
def test_who_is_as_sure_as_right_errs_by_as_much_as_chance_is_said_to_leave(n_images, points):
    rng = np.random.default_rng(8)
    studies = rng.beta(2.2, 0.65, (300, n_images))
    found = [
        expected_calibration_error(rng.random(n_images) < confidences, confidences)
        for confidences in studies
    ]

    said = np.mean([chance_calibration_error(confidences) for confidences in studies])

    assert np.mean(found) == pytest.approx(said, rel=0.06)
    assert 100 * said == pytest.approx(points, rel=0.1)
