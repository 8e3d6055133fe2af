"""One word for a difference, and what would decide it."""

from __future__ import annotations

import numpy as np
import pytest

from analysis import verdict_words
from analysis.statistics.crossed import CrossedMean, crossed_mean
from analysis.statistics.verdict import BETTER, EQUIVALENT, MAX_SEEDS, UNDECIDED, judge


def difference(mean: float, *, of_seeds: float, of_images: float, n_seeds: int = 5) -> CrossedMean:
    """Return a mean whose standard errors by seeds and by images are as given."""
    cells = n_seeds * 1000
    return CrossedMean(
        mean=mean,
        n_seeds=n_seeds,
        n_images=1000,
        seeds_mean_square=of_seeds**2 * cells,
        images_mean_square=of_images**2 * cells,
        rest_mean_square=0.0,
        seeds_freedom=n_seeds - 1,
    )


@pytest.mark.parametrize(
    ("mean", "standard_error", "word"),
    [
        (0.050, 0.005, BETTER),
        (-0.050, 0.005, BETTER),
        (0.000, 0.002, EQUIVALENT),
        (0.004, 0.001, EQUIVALENT),  # Surely above zero, but by too little to matter.
        (0.012, 0.001, BETTER),  # Surely above zero, perhaps by too little.
        (0.000, 0.010, UNDECIDED),
        (0.010, 0.010, UNDECIDED),
    ],
)
def test_the_word_follows_from_the_interval_and_the_margin(mean, standard_error, word):
    verdict = judge(difference(mean, of_seeds=standard_error, of_images=0.0), margin=0.01)
    assert verdict.word == word
    within = verdict.low >= -0.01 and verdict.high <= 0.01
    assert (word == EQUIVALENT) == within
    assert (word == BETTER) == (not within and not verdict.low <= 0 <= verdict.high)


def test_a_wider_margin_calls_more_equivalent():
    found = difference(0.01, of_seeds=0.005, of_images=0.005)
    assert judge(found, margin=0.01).word == UNDECIDED
    assert judge(found, margin=0.05).word == EQUIVALENT


def test_more_seeds_are_as_many_as_first_decide():
    found = difference(0.01, of_seeds=0.008, of_images=0.002, n_seeds=3)
    n_more = judge(found).n_more_seeds()
    assert n_more is not None
    assert n_more > 1
    assert verdict_words.remedy(judge(found)).startswith(f"{n_more} more seeds of each would")
    assert judge(found.with_seeds(3 + n_more)).word != UNDECIDED
    assert judge(found.with_seeds(3 + n_more - 1)).word == UNDECIDED


@pytest.mark.parametrize(
    ("mean", "words"), [(0.05, "over 99.9 %"), (-0.05, "under 0.1 %"), (0.0, "50 %")]
)
def test_a_probability_is_told_no_surer_than_was_measured(mean, words):
    found = judge(difference(mean, of_seeds=0.001, of_images=0.001))
    assert verdict_words.probability(found) == words


def test_what_is_decided_needs_no_more_seeds():
    assert judge(difference(0.05, of_seeds=0.001, of_images=0.001)).n_more_seeds() == 0


def test_no_number_of_seeds_decides_what_the_test_images_leave_open():
    found = difference(0.01, of_seeds=0.001, of_images=0.02)
    assert judge(found).n_more_seeds() is None
    assert judge(found.with_seeds(MAX_SEEDS)).word == UNDECIDED


@pytest.mark.parametrize(
    ("mean", "of_seeds", "of_images", "is_decided"),
    [
        (0.006, 0.04, 0.001, True),  # Equivalent, some day.
        (0.050, 0.40, 0.001, True),  # Better, some day.
        (0.010, 0.04, 0.020, False),
        (0.009, 0.04, 0.0052, False),
    ],
)
def test_what_any_number_of_seeds_would_decide_is_told_from_what_none_would(
    mean, of_seeds, of_images, is_decided
):
    found = difference(mean, of_seeds=of_seeds, of_images=of_images, n_seeds=3)
    verdict = judge(found)
    assert verdict.n_more_seeds() is None
    assert verdict.would_seeds_decide() == is_decided
    assert (judge(found.with_seeds(10**7)).word != UNDECIDED) == is_decided
    blamed = "More than 100 seeds" if is_decided else "the choice of the test images contributes"
    assert blamed in verdict_words.remedy(verdict)


def test_without_two_seeds_nothing_is_decided():
    verdict = judge(None)
    assert verdict.word == UNDECIDED
    assert verdict.n_more_seeds() is None
    assert verdict.probability() == 0.5


def test_the_sides_may_be_swapped():
    values = np.random.default_rng(3).integers(-1, 2, (4, 500)) + 0.2
    one, other = judge(crossed_mean(values)), judge(crossed_mean(-values))
    assert (one.low, one.high) == pytest.approx((-other.high, -other.low))
    assert one.probability() == pytest.approx(1 - other.probability())
    assert one.word == other.word
