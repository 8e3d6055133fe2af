"""The mean over seeds and images: its parts against least squares, its promises by simulation."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from analysis.statistics.crossed import crossed_mean, independent_difference
from analysis.statistics.verdict import BETTER, judge
from tests.analysis.simulated import N_STUDIES, SETTINGS, differences


@pytest.mark.parametrize("n_seeds", [2, 3, 6, 10])
@pytest.mark.parametrize("gap", [0.0, 0.02])
@pytest.mark.parametrize(("seed_spread", "taste"), SETTINGS)
def test_intervals_cover_the_true_difference(n_seeds, gap, seed_spread, taste):
    covered = 0
    for values in differences(n_seeds, gap=gap, seed_spread=seed_spread, taste=taste):
        low, high = crossed_mean(values).interval(0.95)
        covered += low <= gap <= high
    # Two seeds say so little of their spread that the interval is a little too wide.
    assert 0.93 <= covered / N_STUDIES <= (0.98 if n_seeds == 2 else 0.97)


@pytest.mark.parametrize("n_seeds", [3, 6, 10])
@pytest.mark.parametrize(("seed_spread", "taste"), SETTINGS)
def test_of_equals_one_is_called_better_in_at_most_a_twentieth_of_studies(
    n_seeds, seed_spread, taste
):
    studies = differences(n_seeds, gap=0.0, seed_spread=seed_spread, taste=taste)
    words = [judge(crossed_mean(values)).word for values in studies]
    assert words.count(BETTER) <= 0.05 * N_STUDIES


@pytest.mark.parametrize(("seed_spread", "taste"), SETTINGS[:2])
def test_two_points_are_found_with_six_seeds_and_ten_thousand_images(seed_spread, taste):
    studies = differences(
        6, gap=0.02, seed_spread=seed_spread, taste=taste, n_studies=60, n_images=10_000
    )
    words = [judge(crossed_mean(values)).word for values in studies]
    assert words.count(BETTER) > 0.5 * len(words)


def test_mean_squares_are_those_of_least_squares():
    values = np.random.default_rng(0).integers(-1, 2, (4, 30)) + np.arange(4)[:, None] / 3
    seeds, images = np.indices(values.shape).reshape(2, -1)
    of_seeds, of_images = (
        np.equal.outer(place, range(n)).astype(float)
        for place, n in zip((seeds, images), values.shape, strict=True)
    )
    constant = np.ones((values.size, 1))

    def unexplained(*columns: np.ndarray) -> float:
        design, flat = np.hstack(columns), values.ravel()
        return float(np.square(flat - design @ np.linalg.lstsq(design, flat, rcond=None)[0]).sum())

    found = crossed_mean(values)

    total, rest = unexplained(constant), unexplained(of_seeds, of_images)
    assert found.mean == pytest.approx(values.mean())
    assert found.seeds_mean_square == pytest.approx((total - unexplained(of_seeds)) / 3)
    assert found.images_mean_square == pytest.approx((total - unexplained(of_images)) / 29)
    assert found.rest_mean_square == pytest.approx(rest / (3 * 29))


def test_without_images_of_their_own_difficulty_it_is_a_t_interval_of_the_seeds():
    # The same on every image: only seeds differ.
    values = np.repeat([[0.1], [0.4], [0.2], [0.5]], 50, axis=1)
    low, high = crossed_mean(values).interval(0.9)
    expected = stats.t.interval(0.9, 3, loc=0.3, scale=stats.sem([0.1, 0.4, 0.2, 0.5]))
    assert (low, high) == pytest.approx(expected)


def test_without_differences_between_seeds_it_is_a_normal_interval_of_the_images():
    one = np.random.default_rng(1).integers(-1, 2, 400)
    low, high = crossed_mean(np.tile(one, (3, 1))).interval(0.95)
    expected = stats.norm.interval(0.95, loc=one.mean(), scale=stats.sem(one))
    assert (low, high) == pytest.approx(expected)


@pytest.mark.parametrize("shift", [-0.03, 0.0, 0.01, 0.05])
def test_the_probability_is_that_at_which_the_interval_touches_zero(shift):
    values = differences(3, gap=0.0, seed_spread=0.1, taste=0.5, n_studies=1)[0] + shift
    found = crossed_mean(values)
    surely = found.probability_positive()
    ends = found.interval(abs(2 * surely - 1))
    assert min(abs(end) for end in ends) == pytest.approx(0, abs=1e-9)
    assert (surely > 0.5) == (found.mean > 0)


@pytest.mark.parametrize(("value", "surely"), [(0.0, 0.5), (0.25, 1.0), (-0.25, 0.0)])
def test_without_any_spread_the_sign_is_certain(value, surely):
    found = crossed_mean(np.full((3, 40), value))
    assert found.interval() == (value, value)
    assert found.probability_positive() == surely


def test_more_seeds_lower_their_part_of_the_variance_alone():
    found = crossed_mean(differences(3, gap=0.0, seed_spread=0.15, taste=1.0, n_studies=1)[0])
    more = found.with_seeds(12)
    assert more.seeds_variance == pytest.approx(found.seeds_variance / 4)
    assert more.images_variance == pytest.approx(found.images_variance)


def test_totals_alone_give_a_wider_interval_than_predictions_by_image():
    rng = np.random.default_rng(2)
    easy = rng.random(2000) < 0.8  # What is hard for one is hard for the other.
    first, second = ((easy ^ (rng.random((3, 2000)) < 0.05)).astype(float) for _ in range(2))
    known = crossed_mean(first - second)
    totals = independent_difference(first.mean(axis=1), second.mean(axis=1), n_images=2000)
    assert totals.mean == pytest.approx(known.mean)
    assert totals.seeds_variance == pytest.approx(known.seeds_variance)
    shares = first.mean(), second.mean()
    binomial = sum(share * (1 - share) / 2000 for share in shares)
    assert totals.images_variance == pytest.approx(binomial)
    assert totals.standard_error > 2 * known.standard_error


@pytest.mark.parametrize("shape", [(1, 10), (3, 1), (0, 5)])
def test_one_seed_or_one_image_has_no_spread(shape):
    with pytest.raises(ValueError, match="Two seeds and two images"):
        crossed_mean(np.zeros(shape))
    with pytest.raises(ValueError, match="Two seeds and two images"):
        independent_difference(np.zeros(shape[0]), np.zeros(shape[0]), n_images=shape[1])


def test_an_extreme_difference_has_an_extreme_probability():
    values = np.ones((3, 100))
    values[0, 0] = 0
    surely = crossed_mean(values).probability_positive()
    assert 0.999 < surely <= 1
    assert math.isclose(crossed_mean(-values).probability_positive(), 1 - surely)
