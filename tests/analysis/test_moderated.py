"""Variances that lend each other strength: limits, the prior they were drawn from, promises."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from analysis.statistics.crossed import CrossedMean
from analysis.statistics.moderated import moderated


def mean_of(variance: float, *, n_seeds: int = 3) -> CrossedMean:
    return CrossedMean(
        mean=0.0,
        n_seeds=n_seeds,
        n_images=100,
        seeds_mean_square=variance,
        images_mean_square=0.0,
        rest_mean_square=0.0,
        seeds_freedom=n_seeds - 1,
    )


def test_equal_variances_count_as_one_known_as_well_as_all_together():
    found = moderated([mean_of(0.4)] * 10)

    assert [one.seeds_mean_square for one in found] == pytest.approx([0.4] * 10)
    assert {one.seeds_freedom for one in found} == {20}


@pytest.mark.parametrize("variances", [[0.1, 0.2], [0.0, 0.0, 0.0, 0.1]], ids=["two", "zeros"])
def test_variances_that_tell_nothing_of_each_other_stay(variances):
    means = [mean_of(variance) for variance in variances]
    assert moderated(means) == tuple(means)


def test_the_prior_is_found_again_from_many_variances():
    rng = np.random.default_rng(4)
    freedom, prior_freedom, prior = 4, 6.0, 0.5
    true = prior * prior_freedom / rng.chisquare(prior_freedom, 20_000)
    observed = true * rng.chisquare(freedom, true.size) / freedom

    found = moderated([mean_of(variance, n_seeds=freedom + 1) for variance in observed])

    total = prior_freedom + freedom
    assert found[0].seeds_freedom == pytest.approx(total, rel=0.05)
    expected = (prior_freedom * prior + freedom * observed) / total
    assert [one.seeds_mean_square for one in found] == pytest.approx(list(expected), rel=0.05)


@pytest.mark.parametrize("n_seeds", [2, 3, 6])
@pytest.mark.parametrize("freedom", [3, 5, 20, np.inf])
def test_intervals_of_all_classes_hold_together(n_seeds, freedom):
    # Variances that differ widely (3) and not at all (infinity), of ten classes.
    rng = np.random.default_rng([n_seeds, int(min(freedom, 99))])
    n_studies, n_classes = 600, 10
    held = covered = 0
    for _ in range(n_studies):
        spread = freedom / rng.chisquare(freedom, n_classes) if freedom < 99 else 1.0
        values = rng.normal(0, np.sqrt(spread) * np.ones(n_classes), (n_seeds, n_classes)).T
        found = moderated(
            [mean_of(100 * one, n_seeds=n_seeds) for one in values.var(axis=1, ddof=1)]
        )
        means = [
            dataclasses.replace(one, mean=float(centre))
            for one, centre in zip(found, values.mean(axis=1), strict=True)
        ]
        holds = [covers(mean.interval(1 - 0.05 / n_classes)) for mean in means]
        held += all(holds)
        covered += sum(covers(mean.interval(0.95)) for mean in means)
    assert held / n_studies > 0.92
    assert covered / (n_studies * n_classes) == pytest.approx(0.95, abs=0.02)


def covers(interval: tuple[float, float]) -> bool:
    return interval[0] <= 0 <= interval[1]
