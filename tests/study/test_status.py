"""What is told of a study's progress, of made-up records with known counts."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from study.records import FINALIST, INTERRUPTED, MEASURED, RetrainedResult, ValidatedResult
from study.records.progress import (
    FamilyProgress,
    HeartbeatRecord,
    ProcessRecord,
    StudyProgress,
    TrialProgress,
)
from study.status import status_of
from study.status.content import content
from study.status.rates import per_hour
from study.status.text import text

DOCUMENT = Path(__file__).parents[2] / "docs/observing.md"
NOW = datetime(2030, 1, 2, 12, tzinfo=UTC)
PROCESS = ProcessRecord(host="box", pid=7, started=NOW - timedelta(hours=1))
SETTINGS = {
    "trials": 6,
    "seeds": 2,
    "finalists": 1,
    "measured": 0,
    "baselines": False,
}


def ago(minutes: float) -> datetime:
    return NOW - timedelta(minutes=minutes)


def trial(number: int, state: str = "COMPLETE", **fields) -> TrialProgress:
    values = {"value": 0.5 + number / 100} if state == "COMPLETE" else {}
    started = None if state == "WAITING" else ago(60 - number)
    return TrialProgress(number=number, state=state, **{"started": started, **values, **fields})


SEARCHED = (
    trial(0),
    trial(1),
    trial(2, "PRUNED"),
    trial(3, "FAIL", failure="out of memory"),
    trial(4, "FAIL", failure=INTERRUPTED),
    trial(5, "RUNNING", is_paused=True, n_epochs=2),
    trial(6, "RUNNING", n_epochs=1, worker=PROCESS),
    trial(7, "RUNNING"),
    trial(8, "WAITING"),
)


def family(name: str = "a", trials=SEARCHED, **fields) -> FamilyProgress:
    return FamilyProgress(family=name, trials=trials, **{"settings": SETTINGS, **fields})


def status(*families: FamilyProgress, **fields):
    families = families or (family(),)
    return status_of(StudyProgress(name="s", families=families, **fields), now=NOW)


def fresh(source: int, seed: int, purpose: str = FINALIST, minutes: float = 5) -> ValidatedResult:
    return ValidatedResult(
        number=0,
        family="a",
        purpose=purpose,
        params={},
        seed=seed,
        validation_accuracy=0.6,
        source_trial=source,
        finished=ago(minutes),
    )


def final(source: int | None, seed: int, configuration: str = "winner") -> RetrainedResult:
    return RetrainedResult(
        number=0,
        family="a",
        configuration=configuration,
        augmented=bool(seed % 2),
        seed=seed // 2,
        test_accuracy=0.5,
        source_trial=source,
        finished=ago(10 - seed),
    )


def test_trials_are_counted_by_state_and_those_with_a_score_are_tried():
    (found,) = status().families
    assert found.states == {
        "complete": 2,
        "pruned": 1,
        "failed": 1,
        "interrupted": 1,
        "paused": 1,
        "running": 2,
        "queued": 1,
    }
    assert (found.tried, found.target) == (6, 6)
    assert (found.best.trial, found.best.validation_accuracy) == (1, 0.51)


def test_the_best_is_that_of_all_families():
    better = family("b", trials=(trial(9),))
    assert status(family(), better).best.family == "b"
    assert status(family(trials=(trial(0, "PRUNED"),))).best is None


def test_running_trials_are_told_with_their_worker_and_paused_ones_are_not():
    running = status().running
    assert [(one.trial, one.n_epochs) for one in running] == [(6, 1), (7, 0)]
    assert running[0].worker == PROCESS
    assert running[0].seconds == 54 * 60


def test_failures_are_counted_by_reason_the_most_frequent_first_and_the_rest_as_one():
    reasons = ["x"] * 2 + ["two\nlines"] * 3 + [f"r{number}" for number in range(12)] + [None]
    trials = tuple(trial(n, "FAIL", failure=reason) for n, reason in enumerate(reasons))
    found = status(family(trials=trials))
    assert [(one.reason, one.count) for one in found.failures[:2]] == [("two lines", 3), ("x", 2)]
    assert len(found.failures) == 10
    assert sum(one.count for one in found.failures) + found.other_failures == len(reasons)


@pytest.mark.parametrize(
    ("beat", "run", "age"),
    [
        (None, "unknown", None),
        (HeartbeatRecord(process=PROCESS, time=ago(0.2), is_alive=True), "live", 12),
        (
            HeartbeatRecord(process=PROCESS, time=ago(-90), is_alive=True),
            "live",
            0,
        ),  # A clock was put back.
        (HeartbeatRecord(process=PROCESS, time=ago(4), is_alive=False), "silent", 240),
        (HeartbeatRecord(process=PROCESS, time=ago(4), stopped=True, is_alive=False), "ended", 240),
    ],
)
def test_a_run_is_known_by_its_heartbeat(beat, run, age):
    found = status(family(heartbeat=beat))
    assert (found.run, found.heartbeat_age_seconds) == (run, age)


def test_of_two_heartbeats_the_younger_counts():
    old, young = (
        HeartbeatRecord(process=PROCESS, time=ago(minutes), is_alive=True) for minutes in (9, 1)
    )
    assert status(family(heartbeat=old), family("b", heartbeat=young)).heartbeat == young.time


@pytest.mark.parametrize(
    ("minutes", "rate"),
    [
        ([], None),
        ([5], None),
        ([5, 5, 5], None),
        ([0, 10], 6),
        ([30, 20, 10, 0], 6),
        ([1000, 990, 20, 10, 0], 6),  # A night's break.
        ([1200, 900, 600, 300], 0.2),  # Slow, without a break.
        ([*range(300, 100, -10), *range(20)], 60),  # The last twenty alone.
    ],
)
def test_a_rate_goes_by_what_was_done_of_late(minutes, rate):
    assert per_hour(map(ago, minutes)) == (None if rate is None else pytest.approx(rate))


def test_time_left_is_the_rest_at_the_recent_rate():
    trials = tuple(trial(number, started=ago(60 - 10 * number)) for number in range(4))
    search = status(family(trials=trials)).phases["search"]
    assert (search.done, search.planned) == (4, 6)
    assert search.per_hour == pytest.approx(6)
    assert search.seconds_left == pytest.approx(2 * 600)


def test_the_whole_time_is_known_once_every_phase_has_a_rate():
    unknown = status()
    assert unknown.seconds_left is None
    assert "retraining has no rate yet" in unknown.time_left_basis

    validated = (fresh(1, 0, minutes=5), fresh(1, 1, minutes=4))
    known = status(validated=validated, retrained=(final(1, 0), final(1, 1)))
    assert known.phases["validation"].seconds_left == 0
    assert known.seconds_left == pytest.approx(2 * 60)


def test_only_what_is_planned_now_counts_as_done():
    validated = (
        fresh(1, 0),
        fresh(1, 7),  # A seed that is no longer asked for.
        fresh(0, 0),  # A former best trial.
        fresh(0, 0, "ablation"),
    )
    retrained = (final(1, 0), final(0, 0), final(None, 0, "V1"))
    phases = status(validated=validated, retrained=retrained).phases
    assert (phases["validation"].done, phases["validation"].planned) == (1, 2)
    assert (phases["retraining"].done, phases["retraining"].planned) == (1, 4)


def test_measured_trials_and_baselines_are_planned_where_asked_for():
    settings = {**SETTINGS, "measured": 5, "baselines": True}
    one = family(settings=settings, n_baselines=3)
    phases = status(one, validated=(fresh(0, 3, MEASURED),), retrained=(final(None, 1, "V1"),))
    assert (phases.phases["validation"].done, phases.phases["validation"].planned) == (1, 7)
    assert (phases.phases["retraining"].done, phases.phases["retraining"].planned) == (1, 16)


def test_other_draws_of_the_sample_are_planned_where_asked_for_and_for_winners_alone():
    retrained = (
        final(1, 0),
        replace(final(1, 0), draw=1),
        replace(final(1, 0), draw=2),  # No longer asked for.
        replace(final(None, 0, "V1"), draw=1),
    )
    settings = {**SETTINGS, "draws": 2, "baselines": True}
    one = family(settings=settings, n_baselines=1)
    phase = status(one, retrained=retrained).phases["retraining"]
    assert (phase.done, phase.planned) == (2, 12)


def test_a_family_without_a_winner_when_its_search_is_over_has_nothing_to_retrain():
    failed = tuple(trial(number, "FAIL", failure="x") for number in range(6))
    phases = status(family(trials=failed)).phases
    assert (phases["validation"].planned, phases["retraining"].planned) == (0, 0)


@pytest.mark.parametrize(
    "settings",
    [{}, {"trials": "many"}, {"trials": True, "seeds": None, "finalists": [], "baselines": 1}],
)
def test_what_is_not_recorded_is_not_known(settings):
    found = status(family(settings=settings), retrained=(final(1, 0),))
    assert {phase.planned for phase in found.phases.values()} == {None}
    assert found.phases["retraining"].done == 1
    assert "no recorded target" in found.time_left_basis


HOSTILE = "\x1b[2J\x1b]0;owned\x07\r\n\u202eevil\u2028"


@pytest.mark.parametrize("run", [True, False])
def test_nothing_of_a_database_controls_the_terminal(run):
    process = ProcessRecord(host=HOSTILE, pid=1)
    beat = HeartbeatRecord(process=process, time=NOW, stopped=not run, is_alive=run)
    trials = (trial(0, "FAIL", failure=HOSTILE), trial(1, "RUNNING", worker=process), trial(2))
    study = StudyProgress(name=HOSTILE, families=(family(HOSTILE, trials, heartbeat=beat),))
    shown = text(status_of(study, now=NOW))
    assert "evil" in shown
    assert all(line.isprintable() for line in shown.split("\n"))


def test_an_empty_study_has_a_status_too():
    assert "0 of 6 trials" in text(status(family(trials=())))


def test_the_json_is_plain_and_has_every_field():
    found = content([status(), status(family(trials=(), settings={}))], now=NOW)
    read = json.loads(json.dumps(found, allow_nan=False))
    assert read["time"] == "2030-01-02T12:00:00+00:00"
    full, empty = read["studies"]
    assert full.keys() == empty.keys()
    assert full["running"][0]["worker"]["started"] == "2030-01-02T11:00:00+00:00"
    assert full["best"]["validation_accuracy"] == 0.51
    assert not math.isnan(full["phases"]["search"]["per_hour"])


def test_the_json_is_documented():
    documented = DOCUMENT.read_text(encoding="utf-8")
    (study,) = content([status()], now=NOW)["studies"]
    parts = (study, study["families"][0], study["phases"], study["phases"]["search"])
    names = {name for part in parts for name in part} | set(study["running"][0])
    assert {name for name in names if f"`{name}`" not in documented} == set()
