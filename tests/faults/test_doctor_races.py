"""`python -m study doctor --fix` while others begin to write: it looks again before it changes."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import optuna
import pytest
from optuna.trial import TrialState

from study.cli import main
from study.doctor import repair
from study.environment import this_process
from study.heartbeat import ATTRIBUTE
from study.storage import backup, open_for_reading, open_for_writing
from tests.study.databases import add_study

URL, STUDY = "sqlite:///studies.db", "a/custom_cnn"


@pytest.fixture(autouse=True)
def _a_trial_that_nobody_is_at(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("OPTUNA_STORAGE", raising=False)
    with open_for_writing(URL) as storage:
        study = add_study(storage, STUDY, values=())
        # A result of a former run, as there is one of this.
        add_study(storage, "a/retrained", values=()).ask()
        study.ask()


def trials():
    with open_for_reading(URL) as storage:
        return {
            study.study_name: storage.get_all_trials(study._study_id)
            for study in storage.get_all_studies()
        }


def a_run(*, stopped):
    """Take the study and finish its trials, as a run on another host does."""
    now = datetime.now(tz=UTC).isoformat()
    beat = {**this_process(), "host": "elsewhere", "time": now, "stopped": stopped}
    with open_for_writing(URL) as storage:
        for name in (STUDY, "a/retrained"):
            study = optuna.load_study(study_name=name, storage=storage)
            storage.set_study_system_attr(study._study_id, ATTRIBUTE, beat)
            study.tell(0, 0.75)


def a_note(**_options):
    with open_for_writing(URL) as storage:
        storage.set_study_system_attr(1, "dashboard:note_ver", 1)


@pytest.mark.parametrize(
    ("began", "words"),
    [
        (lambda: a_run(stopped=False), "is being run by process"),
        (lambda: a_run(stopped=True), "a run that began"),
        (a_note, "a run that began"),
    ],
    ids=["a run", "a short run", "a note"],
)
@pytest.mark.parametrize("when", ["before the backup", "after the backup"])
def test_what_a_run_does_meanwhile_stays_as_it_is(when, began, words, monkeypatch, capsys):
    done = []

    def meanwhile(path):
        made = backup.back_up(path) if when == "after the backup" else None
        began()
        done.append(trials())
        return made or backup.back_up(path)

    monkeypatch.setattr(repair, "back_up", meanwhile)
    assert main(["doctor", "--fix"]) == 2
    told = capsys.readouterr().err
    assert words in told
    assert told.count("\n") == 1
    assert [trials()] == done
    if began is not a_note:
        assert all(one.state == TrialState.COMPLETE for (one,) in trials().values())
    assert sorted(path.name for path in Path().iterdir()) == ["studies.db"]


def test_a_run_that_ended_before_the_repair_is_seen(monkeypatch, capsys):
    writing = repair.open_for_writing

    def later(url):
        a_run(stopped=True)
        return writing(url)

    monkeypatch.setattr(repair, "open_for_writing", later)
    assert main(["doctor", "--fix"]) == 2
    assert "a run that began" in capsys.readouterr().err
    assert all(one.state == TrialState.COMPLETE for (one,) in trials().values())


def test_a_trial_that_fell_silent_again_is_repaired_as_it_is_then(monkeypatch):
    writing = repair.open_for_writing

    def later(url):
        with writing(url) as storage:
            (trial,) = storage.get_all_trials(1)
            storage.set_trial_intermediate_value(trial._trial_id, 1, 0.5)
        return writing(url)

    monkeypatch.setattr(repair, "open_for_writing", later)
    assert main(["doctor", "--fix"]) == 0
    assert trials()[STUDY][0].user_attrs["died_after"] == [1]


def test_files_stay_where_a_run_began_meanwhile(monkeypatch, capsys):
    a_run(stopped=True)
    file = Path("reports/a/checkpoints/custom_cnn-0.npz")
    file.parent.mkdir(parents=True)
    file.write_bytes(b"a state")
    os.utime(file, (1, 1))
    reading = repair.open_for_reading

    def later(url):
        a_beat(url)
        return reading(url)

    def a_beat(url):
        now = datetime.now(tz=UTC).isoformat()
        beat = {**this_process(), "host": "elsewhere", "time": now, "stopped": False}
        with open_for_writing(url) as storage:
            storage.set_study_system_attr(1, ATTRIBUTE, beat)

    monkeypatch.setattr(repair, "open_for_reading", later)
    assert main(["doctor", "--fix"]) == 2
    assert "is being run by process" in capsys.readouterr().err
    assert file.exists()


def test_the_backup_of_a_database_that_vanished_is_kept(monkeypatch, capsys):
    def meanwhile(path):
        made = backup.back_up(path)
        path.unlink()
        return made

    monkeypatch.setattr(repair, "back_up", meanwhile)
    assert main(["doctor", "--fix"]) == 2
    assert "was deleted" in capsys.readouterr().err
    assert len([*Path().glob("studies.db.backup-*")]) == 1
