"""Which runs are compared with which, and which side comes first."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from analysis import display, evidence, verdict_words
from analysis.charts import differences
from analysis.comparisons import Condition
from analysis.statistics.verdict import BETTER, UNDECIDED
from tests.analysis import synthetic


def better_by_ten(family: str, augmented: bool) -> float:
    return 0.6 + 0.1 * (family == "custom_cnn") + 0.1 * augmented


STUDY = synthetic.study(accuracy=better_by_ten)


def test_families_meet_under_each_augmentation_and_augmentation_within_each_family():
    compared = [(one.first, one.second) for one in evidence.from_study(STUDY).verdicts]
    custom, alexnet = "custom_cnn", "alexnet_lite"
    assert compared == [
        (Condition(family=custom, augmented=True), Condition(family=alexnet, augmented=True)),
        (Condition(family=custom, augmented=False), Condition(family=alexnet, augmented=False)),
        (Condition(family=alexnet, augmented=True), Condition(family=alexnet, augmented=False)),
        (Condition(family=custom, augmented=True), Condition(family=custom, augmented=False)),
    ]


def test_differences_are_those_of_the_same_seed_whatever_the_order_of_the_runs():
    scores = {(run.family, run.augmented, run.seed): run.test_accuracy for run in STUDY.retrained}
    shuffled = dataclasses.replace(STUDY, retrained=STUDY.retrained[::-1])
    for one in evidence.from_study(shuffled).verdicts:
        expected = [
            scores[one.first.family, one.first.augmented, seed]
            - scores[one.second.family, one.second.augmented, seed]
            for seed in one.seeds
        ]
        assert one.differences == pytest.approx(tuple(expected))
        assert np.mean(one.differences) > 0
        assert one.verdict.difference is not None
        assert one.verdict.difference.mean == pytest.approx(np.mean(expected))


def test_a_study_of_one_seed_is_undecided_and_its_difference_is_shown():
    known = evidence.from_study(synthetic.study(seeds=(4,), accuracy=better_by_ten))
    assert {one.verdict.word for one in known.verdicts} == {UNDECIDED}
    rows = differences.compute(known).rows
    assert len(rows) == len(known.verdicts) == 4
    assert all(row.low is None and len(row.differences) == 1 for row in rows)


def test_the_table_says_how_much_of_the_variance_is_the_seeds():
    known = evidence.from_study(STUDY)
    for row, compared in zip(display.verdicts(known).rows, known.verdicts, strict=True):
        found = compared.verdict.difference
        share = found.seeds_variance / (found.seeds_variance + found.images_variance)
        assert row[-1] == f"{100 * share:.0f} %"


def test_three_families_share_their_error():
    results = [
        dataclasses.replace(run, number=100 + run.number, family="third")
        for run in STUDY.retrained
        if run.family == "custom_cnn"
    ]
    two = evidence.from_study(STUDY).verdicts
    three = evidence.compare(
        [*STUDY.retrained, *results],
        families=("alexnet_lite", "custom_cnn", "third"),
        test_labels=STUDY.test_labels,
        n_test=STUDY.dataset.n_test,
        margin=0.01,
    )
    assert {one.verdict.confidence for one in two} == {0.95}
    assert sum(one.is_of_families for one in three) == 6
    assert {one.verdict.confidence for one in three if one.is_of_families} == {1 - 0.05 / 3}
    assert {one.verdict.confidence for one in three if not one.is_of_families} == {0.95}


def levels_of(study, verdicts):
    """Return what the table of the verdicts says of its intervals: its head, and each cell."""
    shown = display.verdicts(dataclasses.replace(evidence.from_study(study), verdicts=verdicts))
    place = next(i for i, name in enumerate(shown.columns) if "nterval" in name)
    return shown.columns[place], [row[place] for row in shown.rows]


def test_the_table_says_of_each_interval_how_sure_it_is():
    verdicts = evidence.from_study(STUDY).verdicts
    head, cells = levels_of(STUDY, verdicts)
    assert head == "95 % interval (percentage points)"
    assert not any("(95" in cell for cell in cells)

    wider = dataclasses.replace(verdicts[0].verdict, confidence=1 - 0.05 / 3)
    head, cells = levels_of(STUDY, (dataclasses.replace(verdicts[0], verdict=wider), *verdicts[1:]))
    assert head == "Interval (percentage points)"
    assert cells[0].endswith(" (98.3 %)")
    assert all(cell.endswith(" (95 %)") for cell in cells[1:])


def test_the_chart_and_the_words_say_the_same():
    known = evidence.from_study(STUDY)
    for row, one in zip(differences.compute(known).rows, known.verdicts, strict=True):
        assert row.word == one.verdict.word == BETTER
        assert row.low == pytest.approx(100 * one.verdict.low, abs=1e-3)
        shown = verdict_words.sentence(one, "scores")
        assert f"{row.mean:.1f} percentage points" in shown
        assert f"{row.low:+.1f} to {row.high:+.1f}" in shown


@pytest.mark.parametrize(
    ("share", "shown"),
    [
        (0.0123, "+1.2"),
        (-0.0123, "\N{MINUS SIGN}1.2"),
        (-0.0001, "\N{MINUS SIGN}0.01"),
        (-0.00001, "0.0"),
    ],
)
def test_differences_have_a_sign_and_a_tiny_one_is_told_from_none(share, shown):
    assert verdict_words.signed(share) == shown
