"""The difference of two runs without common seeds: its promises by simulation, its parts."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from scipy import optimize, special, stats

from analysis.statistics.crossed import crossed_mean
from analysis.statistics.unpaired import unpaired_difference, unpaired_totals
from analysis.statistics.verdict import BETTER, UNDECIDED, judge

N_STUDIES = 1000
SETTINGS = [(0.02, 0.02, 0.3), (0.15, 0.02, 0.5), (0.15, 0.15, 1.0)]
"""Spread of the seeds of the first and of the second run, and of the images' tastes, in logits."""


def runs(
    n_seeds: tuple[int, int],
    *,
    gap: float,
    spreads: tuple[float, float],
    taste: float,
    same_seeds: float = 0.0,
    n_images: int = 400,
) -> tuple[np.ndarray, np.ndarray]:
    """Return whether each model is right: two arrays of shape (studies, seeds, images).

    Args:
        n_seeds: Of the first and the second run.
        gap: True difference of accuracy, first less second, which has 80 %.
        spreads: Standard deviation of a seed's effect in each run, in logits.
        taste: By how much images suit one run better than the other, in logits.
        same_seeds: Standard deviation of what a seed's number would do in both runs, in logits.
        n_images: Test images of each study.
    """
    rng = np.random.default_rng([*n_seeds, round(100 * gap), round(100 * sum(spreads))])
    difficulty = rng.normal(0, 1.5, (N_STUDIES, 1, n_images))
    shared = rng.normal(0, same_seeds, (N_STUDIES, max(n_seeds), 1))

    def run(n: int, spread: float, accuracy: float) -> np.ndarray:
        logits = difficulty + rng.normal(0, taste, difficulty.shape) + shared[:, :n]
        logits = logits + rng.normal(0, spread, (N_STUDIES, n, 1))
        logits += centre_for(accuracy, np.sqrt(1.5**2 + taste**2 + spread**2 + same_seeds**2))
        return rng.random(logits.shape, dtype=np.float32) < special.expit(logits)

    return run(n_seeds[0], spreads[0], 0.8 + gap), run(n_seeds[1], spreads[1], 0.8)


def centre_for(accuracy: float, spread: float) -> float:
    """Return the mean of normal logits of a spread at which so many are right on average."""
    points, weights = np.polynomial.hermite_e.hermegauss(60)
    weights = weights / weights.sum()
    return float(
        optimize.brentq(
            lambda centre: float(weights @ special.expit(centre + spread * points)) - accuracy,
            -9,
            9,
        )
    )


def covered(studies: tuple[np.ndarray, np.ndarray], gap: float) -> float:
    """Return the share of studies whose interval holds the true difference."""
    intervals = [unpaired_difference(*study).interval(0.95) for study in zip(*studies, strict=True)]
    return float(np.mean([low <= gap <= high for low, high in intervals]))


@pytest.mark.parametrize("n_seeds", [(2, 2), (3, 3), (6, 6), (2, 10), (10, 3)], ids=str)
@pytest.mark.parametrize(("first", "second", "taste"), SETTINGS)
def test_intervals_cover_the_true_difference(n_seeds, first, second, taste):
    gap = 0.02
    studies = runs(n_seeds, gap=gap, spreads=(first, second), taste=taste)
    # Few seeds say so little of their spread that the interval is a little too wide.
    assert 0.93 <= covered(studies, gap) <= (0.99 if min(n_seeds) < 6 else 0.97)


@pytest.mark.parametrize("n_seeds", [(3, 3), (3, 10), (6, 6)], ids=str)
@pytest.mark.parametrize(("first", "second", "taste"), SETTINGS)
def test_of_equals_one_is_called_better_in_about_a_twentieth_of_studies_at_most(
    n_seeds, first, second, taste
):
    studies = runs(n_seeds, gap=0.0, spreads=(first, second), taste=taste)
    words = [judge(unpaired_difference(*study)).word for study in zip(*studies, strict=True)]
    # A twentieth, and as much again as a thousand studies leave to chance.
    assert words.count(BETTER) <= 0.057 * N_STUDIES


def test_seeds_that_do_the_same_in_both_runs_make_the_interval_wider_than_need_be():
    studies = runs((3, 3), gap=0.0, spreads=(0.02, 0.02), taste=0.3, same_seeds=0.3)
    assert covered(studies, 0.0) >= 0.99


def test_without_pairs_the_interval_is_narrower_than_with_pairs_at_random():
    studies = runs((3, 3), gap=0.0, spreads=(0.1, 0.1), taste=0.5)
    widths = np.array(
        [
            [
                np.diff(unpaired_difference(a, b).interval()),
                np.diff(crossed_mean(a.astype(int) - b).interval()),
            ]
            for a, b in zip(*studies, strict=True)
        ]
    ).mean(axis=0)
    assert widths[0] < 0.85 * widths[1]


def test_without_effects_of_images_it_is_welchs_interval_of_the_seeds():
    first, second = np.array([0.5, 0.2, 0.45]), np.array([0.3, 0.35, 0.28, 0.4])
    repeated = [np.repeat(run[:, None], 50, axis=1) for run in (first, second)]
    found = unpaired_difference(*repeated)
    welch = stats.ttest_ind(first, second, equal_var=False)
    assert found.interval(0.9) == pytest.approx(tuple(welch.confidence_interval(0.9)))
    assert found.probability_positive() == pytest.approx(1 - welch.pvalue / 2)


def test_two_seeds_that_agree_do_not_lend_their_run_the_certainty_of_the_other():
    agreeing, many = np.array([0.4, 0.4]), np.linspace(0.2, 0.4, 10)
    found = unpaired_totals(agreeing, many, n_images=100)
    assert found.degrees_of_freedom == 2
    assert dataclasses.replace(found, n_seeds=10).degrees_of_freedom == pytest.approx(9)


def test_with_the_same_number_of_seeds_it_estimates_the_same_as_pairs_for_the_images():
    first, second = (run[0] for run in runs((4, 4), gap=0.0, spreads=(0.1, 0.1), taste=1.0))
    found, paired = unpaired_difference(first, second), crossed_mean(first.astype(int) - second)
    assert found.mean == pytest.approx(paired.mean)
    assert found.images_variance == pytest.approx(paired.images_variance, rel=0.1)


def test_which_comes_first_changes_the_sign_alone():
    first, second = (run[0] for run in runs((2, 5), gap=0.02, spreads=(0.1, 0.1), taste=0.5))
    low, high = unpaired_difference(first, second).interval()
    assert unpaired_difference(second, first).interval() == pytest.approx((-high, -low))


def test_more_seeds_of_each_lower_their_part_of_the_variance_alone():
    first, second = (run[0] for run in runs((3, 5), gap=0.0, spreads=(0.3, 0.3), taste=1.0))
    found = unpaired_difference(first, second)
    more = found.with_seeds(13)
    assert more.seeds == (13, 15)
    parts = [v / n for v, n in zip(found.seed_variances, (13, 15), strict=True)]
    assert more.seeds_variance == pytest.approx(sum(parts))
    assert more.images_variance == found.images_variance


def test_a_verdict_says_how_many_more_seeds_of_each_would_decide():
    rng = np.random.default_rng(0)
    first = np.tile(rng.random(5000) < 0.9, (2, 1))
    second = first.copy()
    second[0, :200], second[1, :900] = False, False
    verdict = judge(unpaired_difference(first, second))
    assert verdict.word == UNDECIDED
    n_more = verdict.n_more_seeds()
    assert n_more
    expected = judge(verdict.difference.with_seeds(2 + n_more))
    assert expected.word != UNDECIDED
    assert judge(verdict.difference.with_seeds(1 + n_more)).word == UNDECIDED


def test_totals_alone_give_a_wider_interval_than_predictions_by_image():
    first, second = (run[0] for run in runs((3, 4), gap=0.0, spreads=(0.1, 0.1), taste=0.3))
    known = unpaired_difference(first, second)
    totals = unpaired_totals(first.mean(axis=1), second.mean(axis=1), n_images=400)
    assert totals.mean == pytest.approx(known.mean)
    assert totals.seeds_variance == pytest.approx(known.seeds_variance)
    assert totals.images_variance > known.images_variance


@pytest.mark.parametrize(("n_first", "n_second"), [(1, 3), (3, 1)])
def test_one_seed_has_no_spread(n_first, n_second):
    with pytest.raises(ValueError, match="Two seeds and two images"):
        unpaired_difference(np.ones((n_first, 9)), np.ones((n_second, 9)))
    with pytest.raises(ValueError, match="Two seeds and two images"):
        unpaired_totals(np.ones(n_first), np.ones(n_second), n_images=9)


def test_images_that_are_not_as_many_are_refused():
    with pytest.raises(ValueError, match="Images must be the same, got 5 and 6"):
        unpaired_difference(np.ones((2, 5)), np.ones((2, 6)))
