"""Signs of life: given while a run goes on, kept where it is killed, lost without harm."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest

from study import heartbeat
from study.environment import this_process
from study.heartbeat import ATTRIBUTE, beating, heartbeat_of, other_live_runs
from study.storage import open_for_writing
from tests.study.databases import add_study, url_of
from tests.study.test_search_interruption import finished_pid
from tests.study.toy_work import until

NAME = "first/custom_cnn"
ELSEWHERE = {"host": "elsewhere", "pid": 1, "started": "2026-01-02T00:00:00+00:00"}


@pytest.fixture
def storage(tmp_path):
    with open_for_writing(url_of(tmp_path / "studies.db")) as storage:
        add_study(storage, NAME)
        yield storage


def beat_in(storage):
    attrs = storage.get_study_system_attrs(storage.get_study_id_from_name(NAME))
    return heartbeat_of(attrs)


def test_a_run_gives_signs_of_life_until_it_says_that_it_has_ended(storage, monkeypatch):
    monkeypatch.setattr(heartbeat, "BEAT_SECONDS", 0.01)
    with beating(storage, [NAME]):
        assert until(lambda: beat_in(storage) is not None)
        first = beat_in(storage)
        assert first.is_ours
        assert not first.stopped
        assert until(lambda: beat_in(storage).time > first.time)
    assert beat_in(storage).stopped
    assert not beat_in(storage).is_alive()


def test_a_study_that_a_run_makes_later_gets_its_beat_soon(tmp_path, monkeypatch):
    monkeypatch.setattr(heartbeat, "RETRY_SECONDS", 0.01)
    with open_for_writing(url_of(tmp_path / "studies.db")) as storage, beating(storage, [NAME]):
        add_study(storage, NAME)
        assert until(lambda: beat_in(storage) is not None)


def test_a_locked_database_costs_beats_and_nothing_else(storage, tmp_path, monkeypatch, caplog):
    monkeypatch.setattr(heartbeat, "BEAT_SECONDS", 0.01)
    with storage.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA busy_timeout=10")
    with (
        closing(sqlite3.connect(tmp_path / "studies.db", isolation_level=None)) as other,
        caplog.at_level("DEBUG", logger="study.heartbeat"),
        beating(storage, [NAME]),
    ):
        assert until(lambda: beat_in_unlocked(tmp_path) is not None)
        other.execute("BEGIN IMMEDIATE")
        before = beat_in_unlocked(tmp_path)
        assert until(lambda: "could not be written" in caplog.text)
        other.execute("ROLLBACK")
        assert until(lambda: beat_in_unlocked(tmp_path) > before)


def beat_in_unlocked(folder):
    """Return the text of the beat, read without taking a lock."""
    with closing(sqlite3.connect(folder / "studies.db")) as connection:
        row = connection.execute(
            "SELECT value_json FROM study_system_attributes WHERE key = ?", (ATTRIBUTE,)
        ).fetchone()
    return row and row[0]


@pytest.mark.parametrize(
    ("changes", "seconds_ago", "is_alive"),
    [
        ({}, 0, True),
        ({}, heartbeat.STALE_SECONDS - 1, True),
        ({}, heartbeat.STALE_SECONDS, False),
        # Another host's clock is ahead.
        ({}, -3600, True),
        ({"stopped": True}, 0, False),
        ({"host": this_process()["host"], "pid": finished_pid()}, 0, False),
        ({"host": this_process()["host"], "pid": "odd"}, 0, False),
    ],
)
def test_a_run_is_alive_where_it_was_heard_of_lately_and_is_not_known_to_be_dead(
    storage, changes, seconds_ago, is_alive
):
    moment = datetime.now(tz=UTC) - timedelta(seconds=seconds_ago)
    told = {**ELSEWHERE, "time": moment.isoformat(), "stopped": False, **changes}
    storage.set_study_system_attr(storage.get_study_id_from_name(NAME), ATTRIBUTE, told)
    assert bool(other_live_runs(storage, [NAME])) is is_alive
    assert other_live_runs(storage, ["other/custom_cnn"]) == ()


def test_the_run_itself_is_no_other_run(storage):
    with beating(storage, [NAME]):
        assert until(lambda: beat_in(storage) is not None)
        assert beat_in(storage).is_alive()
        assert other_live_runs(storage, [NAME]) == ()


@pytest.mark.parametrize(
    "told",
    [None, 3, [], {}, {"time": 3}, {"time": "soon"}, {**ELSEWHERE, "time": "2026-01-02T03:04:05"}],
)
def test_what_is_no_heartbeat_is_none(told):
    assert heartbeat_of({} if told is None else {ATTRIBUTE: told}) is None
