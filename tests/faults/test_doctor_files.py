"""`python -m study doctor --fix` deletes what nobody needs, and nothing beside it."""

from __future__ import annotations

import os
import time
from datetime import datetime, timedelta
from pathlib import Path

import optuna
import pytest
from optuna.trial import TrialState, create_trial

from study.cli import main
from study.doctor.leftovers import OLD_SECONDS
from study.report_folder import default_folder
from study.storage import open_for_reading, open_for_writing
from tests.study.databases import add_study, execute

NOBODYS_PID = 2**22 + 1
"""Above the highest process number of Linux."""

URL = "sqlite:///studies.db"


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path, monkeypatch):
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.delenv("OPTUNA_STORAGE", raising=False)


@pytest.fixture(params=["UTC", "Asia/Tokyo", "America/New_York"])
def _zone(request, monkeypatch):
    monkeypatch.setenv("TZ", request.param)
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def studies(*names, url=URL, finished=None, state=TrialState.COMPLETE):
    """Write studies whose trial 0 has ended, or is paused."""
    with open_for_writing(url) as storage:
        for name in names:
            study = add_study(storage, f"{name}/custom_cnn", values=())
            if state == TrialState.RUNNING:
                study.add_trial(create_trial(state=state, user_attrs={"paused": True}))
                continue
            trial = create_trial(state=state, value=0.5)
            trial.datetime_complete = finished or datetime.now() + timedelta(seconds=1)
            study.add_trial(trial)


def a_file(path, *, age_seconds=0.0):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"a state")
    then = time.time() - age_seconds
    os.utime(path, (then, then))
    return path


def checkpoint_in(folder, **options):
    return a_file(folder / "checkpoints" / "custom_cnn-0.npz", **options)


@pytest.mark.parametrize(
    "name", ["{outside}", "../../outside", "..", "reports/../../outside", "/", "", "a\\b", "a\nb"]
)
def test_a_name_that_leads_elsewhere_makes_no_file_a_leftover(name, tmp_path, capsys):
    outside = tmp_path / "outside"
    name = name.format(outside=outside)
    studies(name)
    folders = {outside, Path("reports") / name, default_folder(name), Path()}
    files = [checkpoint_in(folder) for folder in folders]
    files += [
        a_file(folder / f".report.html.{NOBODYS_PID}", age_seconds=2 * OLD_SECONDS)
        for folder in folders
    ]
    assert main(["doctor", "--fix"]) == 0
    assert main(["doctor", "--fix", f"--name={name}", "--out", str(outside)]) == 0
    assert all(file.exists() for file in files)
    assert "Healthy" in capsys.readouterr().out


def test_a_folder_is_of_one_study(capsys):
    studies("a")
    studies("b", state=TrialState.RUNNING)
    needed = checkpoint_in(Path("mine"))
    assert main(["doctor", "--fix", "--out", "mine"]) == 2
    told = capsys.readouterr().err
    assert told.count("\n") == 1
    assert "'mine'" in told
    assert "--name" in told
    assert main(["doctor", "--fix", "--out", "mine", "--name", "b"]) == 0
    assert needed.exists()


def test_unfinished_files_of_the_report_go_and_others_in_its_folder_stay():
    studies("b")
    names = {
        "report.html": False,
        "libfoo.so": True,
        "notes": True,
        "models/x-7.keras": False,
        "tables/a.csv": False,
        "figures/a.png": False,
    }
    for name, stays in names.items():
        path = Path("mine") / name
        file = path.with_name(f".{path.name}.{NOBODYS_PID}")
        a_file(file, age_seconds=2 * OLD_SECONDS)
        assert main(["doctor", "--fix", "--name", "b", "--out", "mine"]) == 0
        assert file.exists() == stays


@pytest.mark.usefixtures("_zone")
@pytest.mark.parametrize(("later_seconds", "stays"), [(-60, False), (60, True)])
def test_a_checkpoint_written_after_the_end_of_its_trial_is_another_database_s(
    later_seconds, stays
):
    ended = datetime.now() - timedelta(hours=5)
    studies("b", url="sqlite:///old.db", finished=ended)
    studies("b", state=TrialState.RUNNING)
    written = ended + timedelta(seconds=later_seconds)
    file = checkpoint_in(Path("reports/b"), age_seconds=time.time() - written.timestamp())
    assert main(["doctor", "--fix", "--storage", "sqlite:///old.db"]) == 0
    assert file.exists() == stays


def test_a_year_that_no_clock_shows_does_not_stop_the_doctor():
    studies("b")
    execute("studies.db", "UPDATE trials SET datetime_complete = '0001-01-01 00:00:00.000000'")
    file = checkpoint_in(Path("reports/b"))
    assert main(["doctor", "--fix"]) == 0
    assert file.exists()


@pytest.mark.usefixtures("_zone")
def test_a_trial_that_the_doctor_fails_ends_now_wherever_it_is():
    with open_for_writing(URL) as storage:
        study = add_study(storage, "b/retrained", values=())
        study.ask()
    assert main(["doctor", "--fix"]) == 0
    with open_for_reading(URL) as storage:
        (trial,) = storage.get_all_trials(1)
    assert trial.state == TrialState.FAIL
    assert abs(datetime.now() - trial.datetime_complete) < timedelta(minutes=1)
    assert abs(datetime.now() - trial.datetime_start) < timedelta(minutes=1)


def test_a_checkpoint_of_a_trial_that_nobody_knows_stays():
    studies("b")
    file = a_file(Path("reports/b/checkpoints/custom_cnn-1.npz"), age_seconds=1e6)
    with open_for_writing(URL) as storage:
        optuna.load_study(study_name="b/custom_cnn", storage=storage).enqueue_trial({})
    assert main(["doctor", "--fix"]) == 0
    assert file.exists()


@pytest.mark.parametrize("ending", ["", "-journal", "-wal", "-shm"])
@pytest.mark.parametrize("name", [".studies.db.backup.{}", ".studies.db.{}.new"])
def test_half_of_a_database_is_deleted_when_old_and_its_writer_is_gone(name, ending, capsys):
    studies("b")
    old, young = a_file(Path(name.format(NOBODYS_PID) + ending)), Path(name.format(NOBODYS_PID - 1))
    a_file(old, age_seconds=2 * OLD_SECONDS)
    a_file(young)
    others = [
        a_file(Path(name.format(os.getpid())), age_seconds=2 * OLD_SECONDS),
        a_file(Path("." + name.format(NOBODYS_PID)), age_seconds=2 * OLD_SECONDS),
        a_file(Path(name.format("x")), age_seconds=2 * OLD_SECONDS),
    ]
    assert main(["doctor"]) == 1
    assert "1 files of studies.db whose making was cut short" in capsys.readouterr().out
    assert old.exists()
    assert main(["doctor", "--fix"]) == 0
    assert not old.exists()
    assert all(file.exists() for file in (young, *others))


def test_a_file_that_cannot_be_deleted_is_one_line(monkeypatch, capsys):
    studies("b")
    checkpoint_in(Path("reports/b"))

    def refuse(*_arguments, **_options):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("pathlib.Path.unlink", refuse)
    assert main(["doctor", "--fix"]) == 2
    told = capsys.readouterr().err
    assert told.count("\n") == 1
    assert "custom_cnn-0.npz" in told


def test_a_folder_that_cannot_be_looked_into_is_one_line(monkeypatch, capsys):
    studies("b")
    checkpoint_in(Path("reports/b"))

    def refuse(folder):
        raise PermissionError(13, "Permission denied", str(folder))

    monkeypatch.setattr("pathlib.Path.iterdir", refuse)
    assert main(["doctor"]) == 2
    told = capsys.readouterr().err
    assert told.count("\n") == 1
    assert "'reports/b/checkpoints' cannot be looked at (Permission denied)" in told
