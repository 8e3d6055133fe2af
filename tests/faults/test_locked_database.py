"""A database that another program keeps locked: the run waits for it, or stops in one line."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import time
from contextlib import closing, contextmanager

import pytest

from study.dashboard.pages import refresh_all
from study.errors import StorageError
from study.storage import open_for_reading, open_for_writing, opening, read_study
from tests.analysis import synthetic
from tests.faults.quick_runs import ends, ends_in_one_line, held_at, whole
from tests.study.databases import add_study, journal_mode, url_of
from tests.study.written import write

LOCKED_SECONDS = 2.0


@contextmanager
def locked(path, *, how="IMMEDIATE"):
    with closing(sqlite3.connect(path, isolation_level=None, timeout=30)) as other:
        other.execute(f"BEGIN {how}")
        yield


def test_a_run_that_waits_in_vain_stops_in_one_line_and_the_next_one_waits_and_goes_on(tmp_path):
    with held_at(tmp_path, "trial-1-epoch-2", FAULT_BUSY_SECONDS=0.5) as program:
        holder = locked(tmp_path / "studies.db")
        holder.__enter__()
    message = ends_in_one_line(program)
    holder.__exit__(None, None, None)
    assert "'studies.db' stayed locked by another program" in message

    with held_at(tmp_path, "trial-2-epoch-2", FAULT_BUSY_SECONDS=60) as program:
        holder = locked(tmp_path / "studies.db")
        holder.__enter__()
    time.sleep(LOCKED_SECONDS)
    assert program.poll() is None
    holder.__exit__(None, None, None)
    assert ends(program, 0) == ""
    whole(tmp_path)


@pytest.mark.parametrize("mode", ["delete", "wal"])
@pytest.mark.parametrize("opened", [open_for_writing, open_for_reading])
def test_opening_waits_for_a_lock_or_says_what_to_do(tmp_path, monkeypatch, mode, opened):
    path = tmp_path / "studies.db"
    url = url_of(path)
    with open_for_writing(url) as storage:
        add_study(storage, "first/custom_cnn")
    journal_mode(path, set_to=mode)
    monkeypatch.setattr(opening, "BUSY_TIMEOUT_SECONDS", 0.2)
    with locked(path, how="EXCLUSIVE"):
        if mode == "wal" and opened is open_for_reading:
            # Nobody who writes keeps readers of a write-ahead log waiting.
            assert read_study(url, "first").name == "first"
            return
        with pytest.raises(StorageError, match="locked by another program"), opened(url) as it:
            it.get_all_studies()
    with opened(url) as storage:
        assert len(storage.get_all_studies()) == 1


def test_reading_while_writing_leaves_the_writers_locks_alone(tmp_path):
    path = tmp_path / "studies.db"
    # Another program that could change the journal now would part the writer from its log.
    change = "import sqlite3, sys; sqlite3.connect(sys.argv[1], timeout=0).execute(sys.argv[2])"
    with open_for_writing(url_of(path)) as storage:
        add_study(storage, "first/custom_cnn")
        assert read_study(url_of(path), "first").name == "first"
        command = [sys.executable, "-c", change, path, "PRAGMA journal_mode=DELETE"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert "locked" in done.stderr
        assert path.with_name("studies.db-wal").exists()


def test_the_dashboard_goes_without_new_notes_where_the_database_stays_locked(
    tmp_path, monkeypatch, caplog
):
    url = url_of(tmp_path / "studies.db")
    write(url, synthetic.study(n_trials=3, seeds=(0,)))
    monkeypatch.setattr(opening, "BUSY_TIMEOUT_SECONDS", 0.2)
    with locked(tmp_path / "studies.db"):
        refresh_all(url)
    assert "notes are not written" in caplog.text
    assert "locked by another program" in caplog.text
    assert "Traceback" not in caplog.text
