"""The best of n trials: against all subsets, against simulation, and without bias."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from analysis.statistics.expected_best import (
    best_in_time,
    best_quantiles,
    expected_best,
)

SCORES = np.array([0.62, 0.55, 0.71, 0.55, 0.80, 0.64, 0.10])


def bests(n):
    return np.array([max(subset) for subset in itertools.combinations(SCORES, n)])


def test_the_expected_best_is_the_mean_over_all_subsets():
    expected = [bests(n).mean() for n in range(1, len(SCORES) + 1)]
    assert expected_best(SCORES) == pytest.approx(expected)


@pytest.mark.parametrize("quantile", [0.1, 0.5, 0.9])
def test_quantiles_are_those_of_all_subsets(quantile):
    expected = [
        np.quantile(bests(n), quantile, method="inverted_cdf") for n in range(1, len(SCORES) + 1)
    ]
    assert best_quantiles(SCORES, [quantile])[0] == pytest.approx(expected)


def test_it_is_unbiased_where_drawing_with_replacement_is_not():
    # The best of n uniform scores is n / (n + 1) on average.
    rng = np.random.default_rng(6)
    n_studies, n_trials, n = 4000, 10, 8
    draws = rng.random((n_studies, n_trials))

    ours = np.mean([expected_best(scores)[n - 1] for scores in draws])

    ordered = np.sort(draws, axis=1)
    shares = (np.arange(1, n_trials + 1) / n_trials) ** n
    with_replacement = float((ordered @ np.diff(shares, prepend=0)).mean())
    assert ours == pytest.approx(n / (n + 1), abs=0.004)
    assert with_replacement < n / (n + 1) - 0.01


def test_hundreds_of_trials_do_not_overflow():
    scores = np.random.default_rng(7).random(3000)

    found = expected_best(scores)

    assert found[0] == pytest.approx(scores.mean())
    assert found[-1] == scores.max()
    assert (np.diff(found) >= -1e-12).all()


def test_in_time_it_is_that_of_the_trials_that_have_ended():
    seconds = np.full(len(SCORES), 10.0)

    found, bands = best_in_time(SCORES, seconds, np.array([9.0, 10.0, 35.0, 69.0]), (0.1, 0.9))

    expected = expected_best(SCORES)
    assert found[0] == pytest.approx(SCORES.min())
    assert found[1:] == pytest.approx(expected[[0, 2, 5]], abs=0.01)
    assert bands[:, 1:] == pytest.approx(best_quantiles(SCORES, (0.1, 0.9))[:, [0, 2, 5]], abs=0.02)


def test_in_time_a_slow_family_falls_behind_an_equal_quick_one():
    at = np.array([100.0])
    quick, _ = best_in_time(SCORES, np.full(len(SCORES), 20.0), at, (0.5,))
    slow, _ = best_in_time(SCORES, np.full(len(SCORES), 50.0), at, (0.5,))
    assert quick > slow
