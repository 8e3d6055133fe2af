"""Notes and figures in the database: written once, kept apart from what a reader wrote."""

from __future__ import annotations

import dataclasses
import hashlib
import logging

import optuna
import pytest
from optuna.trial import Trial
from optuna_dashboard import get_note, save_note

from study.dashboard import pages
from study.dashboard.pages import BOUNDARY, WRITTEN, refresh, refresh_all
from study.records import MEASURED, ValidatedResult
from study.storage import read_study
from tests.analysis import synthetic
from tests.study.databases import execute, url_of
from tests.study.written import add_trials, write

SMALL = synthetic.study(n_trials=8)
"""Too few trials for importances, which take their time."""


@pytest.fixture(scope="module")
def shown(tmp_path_factory):
    """A database whose notes and figures have been written."""
    path = tmp_path_factory.mktemp("shown") / "studies.db"
    write(url_of(path), SMALL)
    refresh_all(url_of(path))
    return path


@pytest.fixture
def path(shown, tmp_path):
    """A copy of it."""
    copy = tmp_path / "studies.db"
    copy.write_bytes(shown.read_bytes())
    return copy


def member(path, name):
    return optuna.load_study(storage=url_of(path), study_name=f"cifar10/{name}")


def trial_note(study, number):
    return get_note(Trial(study, study.trials[number]._trial_id))


def system_attrs(path, name):
    study = member(path, name)
    return study._storage.get_study_system_attrs(study._study_id)


def better_trial(family, number):
    best = max((one for one in family.trials if one.value), key=lambda one: one.value)
    better = dataclasses.replace(best, number=number, value=best.value + 0.01, baseline=None)
    return dataclasses.replace(family, trials=(better,))


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_every_study_and_the_winner_alone_has_a_note(path):
    for name in ("alexnet_lite", "custom_cnn", "retrained"):
        note = get_note(member(path, name))
        assert "custom CNN is BETTER than AlexNet-lite" in note
        assert note.endswith(BOUNDARY)
    search = member(path, "custom_cnn")
    notes = [bool(trial_note(search, trial.number)) for trial in search.trials]
    assert notes == [trial.number == search.best_trial.number for trial in search.trials]


def test_links_lead_to_the_studies_of_this_database(path):
    search, final = member(path, "custom_cnn"), member(path, "retrained")
    note = trial_note(search, search.best_trial.number)
    numbers = [one.number for one in final.trials if one.params["family"] == "custom_cnn"]
    for number in numbers:
        assert f"/dashboard/studies/{final._study_id}/trials?numbers={number})" in note


def test_a_long_note_is_read_back_whole(path):
    assert len(get_note(member(path, "custom_cnn"))) > 2045


def test_what_has_not_gone_on_is_not_written_again(path, caplog):
    caplog.set_level(logging.INFO)
    before = digest(path)
    refresh_all(url_of(path))
    assert digest(path) == before
    assert caplog.text == ""


def test_a_study_that_goes_on_has_its_notes_and_figures_replaced_and_not_piled_up(path):
    before = set(system_attrs(path, "custom_cnn"))
    family = better_trial(SMALL.families[1], number=8)
    add_trials(url_of(path), "cifar10", family)
    refresh_all(url_of(path))
    search = member(path, "custom_cnn")
    assert search.best_trial.number == 8
    assert "highest validation accuracy" in trial_note(search, 8)
    assert "Of 9 trials" in trial_note(search, 8)
    figures = {key.split(":")[2] for key in system_attrs(path, "custom_cnn") if "plot" in key}
    assert figures == {key.split(":")[2] for key in before if "plot" in key}
    assert figures == {"importance", "curves", "differences"}


def test_notes_are_written_anew_where_configurations_were_trained_anew(path):
    before = system_attrs(path, "custom_cnn")[WRITTEN]["source"]
    study = read_study(url_of(path), "cifar10")
    result = ValidatedResult(
        number=0,
        family="custom_cnn",
        purpose=MEASURED,
        params={},
        seed=0,
        validation_accuracy=0.99,
    )
    refresh(url_of(path), dataclasses.replace(study, validated=(result,)))
    after = system_attrs(path, "custom_cnn")[WRITTEN]["source"]
    assert after != before


def test_a_winner_that_was_overtaken_keeps_only_what_its_reader_wrote(path):
    search = member(path, "custom_cnn")
    former = search.best_trial
    save_note(Trial(search, former._trial_id), trial_note(search, former.number) + "\nmine")
    add_trials(url_of(path), "cifar10", better_trial(SMALL.families[1], number=8))
    refresh_all(url_of(path))
    assert trial_note(member(path, "custom_cnn"), former.number) == "mine"


def test_what_a_reader_wrote_below_the_line_stays(path):
    search = member(path, "custom_cnn")
    save_note(search, get_note(search) + "\n\nTry more filters.")
    add_trials(url_of(path), "cifar10", better_trial(SMALL.families[1], number=8))
    refresh_all(url_of(path))
    note = get_note(member(path, "custom_cnn"))
    assert note.endswith(f"{BOUNDARY}\n\nTry more filters.")
    assert note.count(BOUNDARY) == 1


def test_a_note_that_was_there_before_is_kept_below_the_line(tmp_path):
    url = url_of(tmp_path / "studies.db")
    write(url, SMALL)
    save_note(member(tmp_path / "studies.db", "custom_cnn"), "Begun on a Monday.")
    refresh_all(url)
    note = get_note(member(tmp_path / "studies.db", "custom_cnn"))
    assert note.startswith("# custom CNN")
    assert note.endswith(f"{BOUNDARY}\n\nBegun on a Monday.")


def test_a_database_that_cannot_be_written_stays_as_it_is_with_a_warning(tmp_path, caplog):
    path = tmp_path / "studies.db"
    write(url_of(path), SMALL)
    before = digest(path)
    path.chmod(0o444)
    refresh(url_of(path), SMALL)
    assert digest(path) == before
    assert "notes are not written" in caplog.text
    assert "cannot be written" in caplog.text


def test_a_write_that_fails_is_a_warning_without_the_drivers_words(tmp_path, caplog):
    path = tmp_path / "studies.db"
    write(url_of(path), SMALL)
    execute(
        path,
        "CREATE TRIGGER fails BEFORE INSERT ON study_system_attributes "
        "BEGIN INSERT INTO secret VALUES (1); END",
    )
    refresh(url_of(path), SMALL)
    assert "notes are not written (" in caplog.text
    assert "secret" not in caplog.text


def test_a_study_without_a_finished_trial_gets_no_note_and_no_warning(tmp_path, caplog):
    waiting = [dataclasses.replace(family, trials=()) for family in SMALL.families]
    study = dataclasses.replace(SMALL, families=tuple(waiting), retrained=())
    url = url_of(tmp_path / "studies.db")
    write(url, study)
    refresh_all(url)
    assert not [one for one in caplog.records if one.name.startswith("study.")]
    assert get_note(member(tmp_path / "studies.db", "custom_cnn")) == ""


def test_a_study_of_a_newer_version_does_not_keep_the_others_from_their_notes(path, caplog):
    write(url_of(path), dataclasses.replace(SMALL, name="newer"))
    newer = optuna.load_study(storage=url_of(path), study_name="newer/custom_cnn")
    newer.set_user_attr("schema_version", 99)
    refresh_all(url_of(path))
    assert "'newer' gets no notes" in caplog.text


@pytest.mark.parametrize("odd", [None, 7, [], {}, {"trials": "x"}, {"trials": [99, "1", None]}])
def test_odd_words_on_what_was_written_are_passed_over(path, odd):
    search = member(path, "custom_cnn")
    search._storage.set_study_system_attr(search._study_id, pages.WRITTEN, odd)
    refresh(url_of(path), read_study(url_of(path), "cifar10"))
    written = system_attrs(path, "custom_cnn")[pages.WRITTEN]
    assert written["trials"] == [search.best_trial.number]


def test_without_the_dashboard_there_is_a_warning_and_nothing_is_written(path, monkeypatch, caplog):
    monkeypatch.setattr(pages, "is_installed", lambda: False)
    before = digest(path)
    refresh(url_of(path), SMALL)
    assert digest(path) == before
    assert "optuna-dashboard is not installed" in caplog.text
