"""What a trial lost, how often its processes died, and when a family is given up."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from study import setbacks
from study.errors import FamilyFailedError
from study.failures import MAX_FAILURES, FailureWatch, check_any_completed, common_cause
from study.records import FamilyRecord, TrialRecord

SEEN = "2026-01-02T03:04:05+00:00"
LATER = datetime(2026, 1, 2, 3, 4, 15, tzinfo=UTC)


@pytest.mark.parametrize(
    ("died_after", "n_deaths"),
    [
        (None, 0),
        ([], 0),
        ([0], 1),
        ([0, 0], 2),
        ([0, 0, 3], 1),
        ([0, 3, 3], 2),
        ([3, 0, 3], 1),
        ("odd", 0),
    ],
)
def test_deaths_count_since_the_last_epoch_that_was_finished(died_after, n_deaths):
    assert setbacks.n_deaths_in_a_row({"died_after": died_after}) == n_deaths


@pytest.mark.parametrize(
    ("attrs", "at", "lost"),
    [
        ({"seen": SEEN}, LATER, 10.0),
        ({"seen": SEEN, "lost_seconds": 2.5}, LATER, 12.5),
        ({"seen": SEEN}, None, 0.0),
        ({"lost_seconds": 10**400}, None, 0.0),
        ({"lost_seconds": True}, None, 0.0),
        # A clock that was set back, and what another program may have written.
        ({"seen": "2026-01-02T04:00:00+00:00"}, LATER, 0.0),
        ({"seen": "2026-01-02T03:04:05"}, LATER, 0.0),
        ({"seen": 7, "lost_seconds": "much"}, LATER, 0.0),
        ({}, LATER, 0.0),
    ],
)
def test_time_is_lost_from_when_a_trial_was_last_seen(attrs, at, lost):
    assert setbacks.cut_short(attrs, at=at) == {"lost_seconds": lost}
    assert setbacks.died(attrs, n_epochs=2, at=at) == {"lost_seconds": lost, "died_after": [2]}


def test_epochs_that_are_trained_again_move_to_what_was_lost():
    attrs = {
        "training_seconds": 8.0,
        "lost_seconds": 1.0,
        **{name: [1.0, 2.0, 3.0, 4.0] for name in setbacks.HISTORY},
    }
    assert setbacks.gone_back(attrs, epoch=4) == {}
    changes = setbacks.gone_back(attrs, epoch=1)
    assert changes["training_seconds"] == 2.0
    assert (changes["lost_seconds"], changes["lost_epochs"]) == (7.0, 3)
    assert {tuple(changes[name]) for name in setbacks.HISTORY} == {(1.0,)}
    assert setbacks.gone_back({**attrs, **changes}, epoch=1) == {}


def test_a_family_is_given_up_after_so_many_failures_before_its_first_score():
    watch = FailureWatch()
    told = [watch.note("out of memory") for _ in range(MAX_FAILURES + 1)]
    assert told == [*(MAX_FAILURES - 1) * [False], True, False]
    assert watch.is_hopeless
    watch.note(None)
    assert not watch.is_hopeless


def test_a_family_that_has_scored_is_never_given_up():
    watch = FailureWatch()
    watch.note(None)
    assert not any(watch.note("out of memory") for _ in range(3 * MAX_FAILURES))


@pytest.mark.parametrize(
    ("failures", "cause"),
    [
        ([], "unknown"),
        (["out of memory"], "out of memory (1 of 1)"),
        (["b 7", "a 1", "a 2.5", "b"], "a 1 (2 of 4)"),
    ],
)
def test_the_common_cause_is_the_one_that_came_most_often_whatever_its_numbers(failures, cause):
    assert common_cause(failures) == cause


def family(*trials):
    records = [
        TrialRecord(number=number, state=state, validation_accuracy=scores, failure=failure)
        for number, (state, scores, failure) in enumerate(trials)
    ]
    return FamilyRecord(family="net", trials=tuple(records))


@pytest.mark.parametrize(
    ("trials", "fails"),
    [
        ([], False),
        ([("FAIL", (), "diverged")], True),
        ([("FAIL", (), "interrupted")], False),
        ([("FAIL", (), "diverged"), ("COMPLETE", ((1, 0.5),), None)], False),
        ([("FAIL", ((1, 0.5),), "diverged")], False),
    ],
)
def test_a_family_without_a_score_is_an_error_in_one_line(trials, fails):
    if not fails:
        check_any_completed([family(*trials)], continued_by="again")
        return
    with pytest.raises(FamilyFailedError, match=r"net: diverged \(1 of 1\).*again") as caught:
        check_any_completed([family(*trials)], continued_by="again")
    assert "\n" not in str(caught.value)
