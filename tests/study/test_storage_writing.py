"""Writing a database: one file afterwards, readable meanwhile, by several writers at once."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import optuna
import pytest

from study.storage import check_writable, open_for_writing, study_names
from tests.study.databases import add_study, contents, journal_mode, url_of

ROOT = Path(__file__).parents[2]


def test_opening_for_writing_creates_a_database_that_can_be_read_and_is_one_file(tmp_path):
    with open_for_writing(url_of(tmp_path / "new.db")) as storage:
        add_study(storage, "first/custom_cnn")
    assert list(contents(tmp_path)) == ["new.db"]
    assert study_names(url_of(tmp_path / "new.db")) == ("first",)


def test_while_writing_others_can_read_and_what_they_read_is_complete(tmp_path, database):
    with open_for_writing(database) as storage:
        add_study(storage, "second/custom_cnn")
        assert journal_mode(tmp_path / "studies.db") == "wal"
        assert study_names(database) == ("first", "second")
    assert journal_mode(tmp_path / "studies.db") == "delete"


def test_an_error_while_writing_still_leaves_one_file(tmp_path):
    with (
        pytest.raises(ZeroDivisionError),
        open_for_writing(url_of(tmp_path / "studies.db")) as storage,
    ):
        add_study(storage, "first/custom_cnn")
        1 / 0  # noqa: B018
    assert list(contents(tmp_path)) == ["studies.db"]


def test_a_writer_that_ends_leaves_the_log_of_another_alone(tmp_path, database):
    with open_for_writing(database) as first:
        with open_for_writing(database):
            pass
        add_study(first, "second/custom_cnn")
    assert study_names(database) == ("first", "second")


def test_reading_in_the_process_that_writes_does_not_let_others_delete_its_log(tmp_path, database):
    # POSIX drops a process's locks on a file as soon as it closes the file anywhere.
    another = (
        "import sys; from study.storage import open_for_writing as o\nwith o(sys.argv[1]): pass"
    )
    with open_for_writing(database) as storage:
        add_study(storage, "second/custom_cnn")
        assert study_names(database) == ("first", "second")
        subprocess.run([sys.executable, "-c", another, database], cwd=ROOT, check=True)
        add_study(storage, "third/custom_cnn")
        # As it would be found if this process were killed now.
        assert Path(f"{tmp_path / 'studies.db'}-wal").exists()
        names = "import sys, study.storage as s; print(*s.study_names(sys.argv[1]))"
        done = subprocess.run(
            [sys.executable, "-c", names, database],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stdout.split() == ["first", "second", "third"]


def test_two_writers_never_take_the_same_waiting_trial(database):
    n_trials = 12
    with open_for_writing(database) as storage:
        optuna_study = optuna.load_study(study_name="first/custom_cnn", storage=storage)
        for number in range(n_trials):
            optuna_study.enqueue_trial({"x": number})
    taken, start = [], threading.Barrier(2)

    def take_half():
        with open_for_writing(database) as storage:
            own = optuna.load_study(study_name="first/custom_cnn", storage=storage)
            start.wait()
            for _ in range(n_trials // 2):
                trial = own.ask()
                taken.append(trial.suggest_int("x", 0, 100))
                own.tell(trial, 0.5)

    threads = [threading.Thread(target=take_half) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert sorted(taken) == list(range(n_trials))


def test_checking_whether_a_database_can_be_written_changes_nothing(tmp_path, database):
    before = contents(tmp_path)
    check_writable(database)
    check_writable(url_of(tmp_path / "not-yet.db"))
    assert contents(tmp_path) == before


def test_an_empty_file_becomes_a_database(tmp_path):
    path = tmp_path / "empty.db"
    path.touch()
    with open_for_writing(url_of(path)) as storage:
        add_study(storage, "first/custom_cnn")
    assert study_names(url_of(path)) == ("first",)
