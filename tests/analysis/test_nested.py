"""Variance components against the analysis of variance by hand, and known ones by simulation."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from analysis.statistics.nested import draw_component, image_component, seed_component
from tests.analysis.simulated import nested_hits

SCORES = [np.array(one) for one in ([0.80, 0.82, 0.81], [0.85, 0.84, 0.86], [0.79, 0.83, 0.80])]


def holds(component, variance):
    return component.low <= variance <= component.high


def test_of_equal_numbers_of_seeds_estimates_are_those_of_the_analysis_of_variance():
    f = stats.f_oneway(*SCORES).statistic
    within = np.mean([one.var(ddof=1) for one in SCORES])

    assert seed_component(SCORES).variance == pytest.approx(within)
    assert draw_component(SCORES).variance == pytest.approx(within * (f - 1) / 3)


def test_intervals_are_those_of_the_chi_squared_and_the_lower_end_that_of_williams_and_tukey():
    seeds, draws = seed_component(SCORES), draw_component(SCORES)
    within = np.mean([one.var(ddof=1) for one in SCORES])
    f, by_draw = stats.f_oneway(*SCORES).statistic, stats.chi2(2)

    assert seeds.low == pytest.approx(6 * within / stats.chi2(6).ppf(0.95))
    assert seeds.high == pytest.approx(6 * within / stats.chi2(6).ppf(0.05))
    squares = 2 * f * within / 3
    low = squares / by_draw.ppf(0.95) * (1 - stats.f(2, 6).ppf(0.95) / f)
    assert draws.low == pytest.approx(max(low, 0))
    assert draws.high == pytest.approx(squares / by_draw.ppf(0.05))


def test_draws_that_agree_better_than_their_seeds_allow_are_set_to_zero_and_said_to_be():
    alike = [np.array([0.7, 0.8, 0.9])] * 3
    found = draw_component(alike)
    assert (found.variance, found.low, found.was_negative) == (0.0, 0.0, True)
    assert not draw_component(SCORES).was_negative


@pytest.mark.parametrize(
    ("numbers", "of_seeds", "of_draws"),
    [
        ((2,), False, False),
        ((3,), True, False),
        ((2, 2), True, False),
        ((1, 1, 1), False, False),
        ((2, 1, 1), False, False),
        ((3, 1, 1), True, True),
        ((2, 2, 2), True, True),
    ],
)
def test_too_few_seeds_or_draws_give_nothing(numbers, of_seeds, of_draws):
    scores = [np.linspace(0.5, 0.6, n) + n / 100 for n in numbers]
    assert (seed_component(scores) is not None) == of_seeds
    assert (draw_component(scores) is not None) == of_draws


# The same for each run: a component is known, its interval holds it as often as it says or more.
@pytest.mark.parametrize("numbers", [(3, 3, 3), (2, 2, 2, 2, 2), (3, 1, 1, 1, 1)], ids=str)
@pytest.mark.parametrize("spread", [0.0, 0.5, 2.0])
def test_known_components_are_found_and_covered(numbers, spread):
    rng, n_studies = np.random.default_rng(1), 600
    found = []
    for _ in range(n_studies):
        scores = [rng.normal(0, spread) + rng.normal(0, 1, n) for n in numbers]
        found.append((seed_component(scores), draw_component(scores)))

    seeds, draws = zip(*found, strict=True)
    assert np.mean([one.variance for one in seeds]) == pytest.approx(1, abs=0.1)
    assert 0.87 <= np.mean([holds(one, 1) for one in seeds]) <= 0.93
    assert 0.87 <= np.mean([holds(one, spread**2) for one in draws]) <= 0.98
    if spread == 2:  # Too large to be cut off at zero often, which would raise the mean.
        assert np.mean([one.variance for one in draws]) == pytest.approx(4, abs=0.6)


def test_of_balanced_hits_the_images_part_is_that_of_the_analysis_of_variance():
    rng = np.random.default_rng(2)
    ease = rng.uniform(0.2, 0.9, 400)
    rights = nested_hits(rng, ease=ease, numbers=(3,) * 4, draw_spread=0.03, seed_spread=0.02)
    cells = np.array([one.mean(axis=0) for one in rights])
    rest = cells - cells.mean(axis=1, keepdims=True) - cells.mean(axis=0) + cells.mean()
    of_images = 12 * cells.mean(axis=0).var(ddof=1)
    of_draws_and_images = 3 * np.square(rest).sum() / (3 * 399)

    found = image_component(rights)

    assert found.variance == pytest.approx((of_images - of_draws_and_images) / 12 / 400)


def test_the_three_parts_of_hits_are_found_and_add_up_to_the_variance_of_a_score():
    rng, n_studies, n_images = np.random.default_rng(3), 400, 300
    of_images, draw_spread, seed_spread = 0.7**2 / 12, 0.03, 0.02
    # A hit's own chance: the mean of p (1 - p) over images, draws and seeds.
    chance = 0.55 * 0.45 - of_images - draw_spread**2 - seed_spread**2
    truth = (draw_spread**2, seed_spread**2 + chance / n_images, of_images / n_images)
    found, scores = [], []
    for _ in range(n_studies):
        ease = rng.uniform(0.2, 0.9, n_images)
        spreads = {"draw_spread": draw_spread, "seed_spread": seed_spread}
        rights = nested_hits(rng, ease=ease, numbers=(3, 3, 3, 3), **spreads)
        by_draw = [one.mean(axis=1) for one in rights]
        found.append((draw_component(by_draw), seed_component(by_draw), image_component(rights)))
        scores.append(by_draw[0][0])

    for component, expected in zip(zip(*found, strict=True), truth, strict=True):
        assert np.mean([one.variance for one in component]) == pytest.approx(expected, rel=0.15)
        assert 0.86 <= np.mean([holds(one, expected) for one in component]) <= 0.97
    assert np.var(scores) == pytest.approx(sum(truth), rel=0.15)


@pytest.mark.parametrize("shape", [(1, 50), (3, 1)])
def test_one_model_or_one_image_says_nothing_of_other_images(shape):
    assert image_component([np.ones(shape)]) is None
