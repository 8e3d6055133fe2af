"""Two runs of one study: the second refuses and says who is at it; whoever reads is let in."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta

import pytest

from study.errors import StudyTakenError
from study.heartbeat import (
    AHEAD_SECONDS,
    ATTRIBUTE,
    STALE_SECONDS,
    beating,
    claim,
    last_beats,
    other_live_runs,
)
from study.interruption import deferred_interrupts, stop_if_asked
from study.storage import open_for_showing, open_for_writing, read_study
from tests.faults.quick_runs import NAME, ends, ends_in_one_line, held_at, start, whole
from tests.study.databases import add_study, url_of
from tests.study.toy_work import until


def test_a_second_run_is_refused_and_names_the_first_which_goes_on(tmp_path):
    url = url_of(tmp_path / "studies.db")
    with held_at(tmp_path, "trial-1-epoch-2") as first:
        message = ends_in_one_line(start(tmp_path))
        assert f"process {first.pid} on host" in message
        assert "--name" in message
        assert read_study(url, NAME).families[0].trials[1].state == "RUNNING"
        with open_for_showing(url) as storage:
            assert len(storage.get_all_studies()) == 1
    assert ends(first, 0) == ""
    whole(tmp_path)


def test_of_two_runs_that_begin_at_once_one_goes_on_and_nothing_is_done_twice(tmp_path):
    programs = [start(tmp_path), start(tmp_path)]
    said = [program.communicate(timeout=150) for program in programs]
    codes = sorted(program.returncode for program in programs)
    # The second may also find everything done where the first was quick.
    assert codes in ([0, 0], [0, 2]), said
    assert "Traceback" not in "".join(err for _, err in said)
    whole(tmp_path)


ELSEWHERE = {"host": "elsewhere", "pid": 7, "started": "2026-01-02T00:00:00+00:00"}


@pytest.fixture
def storage(tmp_path):
    with open_for_writing(url_of(tmp_path / "studies.db")) as storage:
        add_study(storage, "first/custom_cnn")
        yield storage


def beat(storage, **changes):
    value = {**ELSEWHERE, "time": datetime.now(tz=UTC).isoformat(), "stopped": False, **changes}
    study_id = storage.get_study_id_from_name("first/custom_cnn")
    storage.set_study_system_attr(study_id, ATTRIBUTE, value)


def ago(seconds):
    return (datetime.now(tz=UTC) - timedelta(seconds=seconds)).isoformat()


@pytest.mark.parametrize(
    ("seconds", "is_alive"),
    [
        (0, True),
        (STALE_SECONDS - 30, True),
        (STALE_SECONDS + 30, False),
        # The clock of the other host is ahead, or this one's was set back.
        (-30, True),
        (-3600, True),
        (60 - AHEAD_SECONDS, True),
        (-60 - AHEAD_SECONDS, False),
    ],
)
def test_a_run_of_another_host_is_alive_while_its_last_beat_is_young(storage, seconds, is_alive):
    beat(storage, time=ago(seconds))
    if is_alive:
        with pytest.raises(StudyTakenError, match="process 7 on host 'elsewhere' since 2026-01-02"):
            claim(storage, "first/custom_cnn")
    else:
        assert claim(storage, "first/custom_cnn")


def test_a_run_that_ended_or_whose_beat_is_odd_is_nobodys(storage):
    for odd in ({"stopped": True}, {"time": "yesterday"}, {"time": None}):
        beat(storage, **odd)
        assert claim(storage, "first/custom_cnn")


def test_of_many_claims_at_once_one_is_granted(tmp_path, storage, monkeypatch):
    # Each thread stands for a host of its own.
    me = threading.local()
    monkeypatch.setattr("study.heartbeat.this_process", lambda: {**ELSEWHERE, "pid": me.pid})
    granted, refused = [], []
    ready = threading.Barrier(8)

    def try_it(pid):
        me.pid = pid
        ready.wait()
        try:
            claim(storage, "first/custom_cnn")
            granted.append(pid)
        except StudyTakenError as error:
            refused.append(str(error))

    threads = [threading.Thread(target=try_it, args=(pid,)) for pid in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(granted) == 1
    assert len(refused) == 7
    assert all(f"process {granted[0]} " in message for message in refused)


def test_a_run_is_refused_before_it_does_anything_and_claims_nothing(storage):
    add_study(storage, "first/alexnet_lite")
    beat(storage)
    with (
        pytest.raises(StudyTakenError, match="process 7 on host 'elsewhere'"),
        beating(storage, ["first/alexnet_lite", "first/custom_cnn"]),
    ):
        pytest.fail("It began.")
    beats = last_beats(storage, ["first/alexnet_lite", "first/custom_cnn"])
    assert {name: one.is_alive() for name, one in beats.items()} == {"first/custom_cnn": True}


@pytest.mark.parametrize(
    ("name", "is_taken"),
    [
        ("first/alexnet_lite", True),
        ("first/retrained", True),
        ("First/custom_cnn", False),
        ("first/a/custom_cnn", False),
        ("fir_t/custom_cnn", False),
        ("second/custom_cnn", False),
    ],
)
def test_a_run_of_other_families_of_a_study_is_a_second_run_of_it(storage, name, is_taken):
    add_study(storage, name)
    beat(storage)
    assert bool(other_live_runs(storage, [name])) is is_taken
    if is_taken:
        with pytest.raises(StudyTakenError, match="process 7 on host 'elsewhere'"):
            claim(storage, name)
    else:
        assert claim(storage, name)


def test_a_run_that_was_taken_over_while_it_slept_stops(storage, caplog, monkeypatch):
    monkeypatch.setattr("study.heartbeat.BEAT_SECONDS", 0.01)
    with (
        pytest.raises(KeyboardInterrupt),
        deferred_interrupts(),
        beating(storage, ["first/custom_cnn"]),
    ):
        beat(storage)
        assert until(lambda: "taken over" in caplog.text)
        # The thread says it first and asks then.
        until(lambda: stop_if_asked() is not None)


def test_a_run_that_was_taken_over_is_asked_to_stop_once_and_its_successor_not_at_all(
    storage, caplog, monkeypatch
):
    monkeypatch.setattr("study.heartbeat.BEAT_SECONDS", 0.01)
    with deferred_interrupts():
        with beating(storage, ["first/custom_cnn"]):
            beat(storage)
            assert until(lambda: "taken over" in caplog.text)
            time.sleep(0.2)  # Of twenty beats.
            n_said = caplog.text.count("taken over")
        stop_if_asked()
    assert n_said == 1


def test_a_beat_that_outlives_its_run_asks_nobody_to_stop(storage, monkeypatch):
    monkeypatch.setattr("study.heartbeat.FAREWELL_SECONDS", 0.01)
    waits, goes_on = threading.Event(), threading.Event()

    def slow_claim(_storage, name, **_kwargs):
        if threading.current_thread() is not threading.main_thread():
            waits.set()
            goes_on.wait(30)
            raise StudyTakenError(f"{name} is taken")
        return True

    monkeypatch.setattr("study.heartbeat.claim", slow_claim)
    before = set(threading.enumerate())
    with deferred_interrupts():
        with beating(storage, ["first/custom_cnn"]):
            assert waits.wait(30)
            (beats,) = set(threading.enumerate()) - before
        goes_on.set()
        beats.join(30)
        assert not beats.is_alive()
        stop_if_asked()
