"""Files of retrained trials: made once, found again, never outside their folder."""

from __future__ import annotations

import dataclasses
import json
import shutil

import optuna
import pytest

from analysis.dashboard import artifacts as made
from study.dashboard.artifacts import PREFIX, store_artifacts
from study.storage import read_study
from tests.analysis import synthetic
from tests.study.databases import execute, url_of
from tests.study.written import write

NAMES = ["confusion_matrix.png", "learning_curve.csv", "misclassified.png"]


@pytest.fixture(autouse=True)
def drawn_without_a_browser(monkeypatch):
    """Let pictures be drawn at once; tests/analysis/test_dashboard.py draws real ones."""
    monkeypatch.setattr(made, "_drawn", lambda figures: dict.fromkeys(figures, b"picture"))


@pytest.fixture
def place(tmp_path):
    """The URL of a database with a retrained study, and a folder that is not there yet."""
    url = url_of(tmp_path / "studies.db")
    write(url, synthetic.study(n_trials=8, seeds=(0,)))
    return url, tmp_path / "new" / "artifacts"


def store(url, folder):
    store_artifacts(url, read_study(url, "cifar10"), folder=folder)


def retrained(url):
    return optuna.load_study(storage=url, study_name="cifar10/retrained")


def listed(url):
    """Return what is listed: (trial's identifier in the database, description)."""
    study = retrained(url)
    attrs = study._storage.get_study_system_attrs(study._study_id)
    keys = [key for key in attrs if key.startswith(PREFIX)]
    return [(int(key.split(":")[2]), json.loads(attrs[key])) for key in keys]


def test_each_retrained_trial_has_each_file(place):
    store(*place)
    found = listed(place[0])
    trials = [trial._trial_id for trial in retrained(place[0]).trials]
    assert sorted((trial, one["filename"]) for trial, one in found) == sorted(
        (trial, name) for trial in trials for name in NAMES
    )
    assert {path.name for path in place[1].iterdir()} == {one["artifact_id"] for _, one in found}
    types = {one["filename"]: one["mimetype"] for _, one in found}
    assert types == {
        "confusion_matrix.png": "image/png",
        "misclassified.png": "image/png",
        "learning_curve.csv": "text/csv",
    }


def test_going_on_adds_nothing_that_is_there(place):
    store(*place)
    before = listed(place[0]), {path: path.stat().st_mtime_ns for path in place[1].iterdir()}
    store(*place)
    assert (listed(place[0]), {p: p.stat().st_mtime_ns for p in place[1].iterdir()}) == before


def test_a_file_that_is_gone_is_made_again_under_its_name(place):
    store(*place)
    before = listed(place[0])
    gone = next(place[1].iterdir())
    content = gone.read_bytes()
    gone.unlink()
    store(*place)
    assert gone.read_bytes() == content
    assert listed(place[0]) == before


def test_a_folder_that_vanished_is_made_again_with_all_its_files(place):
    store(*place)
    before, files = listed(place[0]), {one.name: one.read_bytes() for one in place[1].iterdir()}
    shutil.rmtree(place[1].parent)
    store(*place)
    assert {one.name: one.read_bytes() for one in place[1].iterdir()} == files
    assert listed(place[0]) == before


def test_only_the_files_of_new_models_are_made(place, monkeypatch):
    store(*place)
    (first, *_) = listed(place[0])
    study = retrained(place[0])
    study._storage.set_study_system_attr(
        study._study_id, f"{PREFIX}{first[0]}:{first[1]['artifact_id']}", json.dumps(None)
    )
    asked = []
    contents = made.contents
    monkeypatch.setattr(made, "contents", lambda *args: asked.append(args[1]) or contents(*args))
    store(*place)
    assert [[name for _, name in wanted] for wanted in asked] == [[first[1]["filename"]]]


def test_a_name_in_the_database_leads_to_no_file_outside_the_folder(place):
    url, folder = place
    study = retrained(url)
    trial = study.trials[0]._trial_id
    description = json.dumps({"filename": "learning_curve.csv"})
    for artifact_id in ("../../outside", "/etc/passwd", "", "0" * 35):
        key = f"{PREFIX}{trial}:{artifact_id}"
        study._storage.set_study_system_attr(study._study_id, key, description)
    for odd in (7, None, "no JSON", "[]", "7"):
        key = f"{PREFIX}{trial}:{'0' * 36}"
        study._storage.set_study_system_attr(study._study_id, key, odd)
    store(url, folder)
    assert len(list(folder.iterdir())) == len(NAMES) * len(study.trials)
    assert not (folder.parents[1] / "outside").exists()


def test_a_study_without_retrained_models_makes_no_folder(tmp_path):
    study = dataclasses.replace(synthetic.study(n_trials=8), retrained=())
    store_artifacts("sqlite:///nothing.db", study, folder=tmp_path / "artifacts")
    assert not (tmp_path / "artifacts").exists()


def test_a_folder_that_cannot_be_made_is_a_warning(place, tmp_path, caplog):
    (tmp_path / "file").write_text("in the way")
    store(place[0], tmp_path / "file" / "artifacts")
    assert "artifacts are not complete" in caplog.text


def test_a_database_that_cannot_be_written_is_a_warning(place, tmp_path, caplog):
    execute(
        tmp_path / "studies.db",
        "CREATE TRIGGER fails BEFORE INSERT ON study_system_attributes "
        "BEGIN INSERT INTO secret VALUES (1); END",
    )
    store(*place)
    assert "artifacts are not complete (" in caplog.text
    assert "secret" not in caplog.text
