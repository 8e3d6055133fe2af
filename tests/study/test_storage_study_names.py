"""The names of studies: which may be used, which are known, and which is the newest."""

from __future__ import annotations

from datetime import datetime, timedelta

import optuna
import pytest
from optuna.trial import TrialState, create_trial

from study.errors import ConfigError
from study.storage import (
    check_study_name,
    newest_study_name,
    open_for_writing,
    read_study,
    study_names,
)
from tests.study.databases import add_study, error_of, url_of


def test_an_unknown_study_lists_the_known_ones(database):
    with open_for_writing(database) as storage:
        add_study(storage, "second/custom_cnn")
        add_study(storage, "second/retrained")
        optuna.create_study(storage=storage, study_name="of another program")
        optuna.create_study(storage=storage, study_name="of/another program")
    message = error_of(read_study, database, "third")
    assert "'third'" in message
    assert "Known: first, second." in message


@pytest.mark.parametrize("name", ["cifar10", "my study", "x" * 200, "ä-猫", "a.b", "...", "<b>"])
def test_a_usable_study_name_is_taken(name):
    check_study_name(name)


@pytest.mark.parametrize(
    "name", ["", "a/b", "/", "x" * 201, "line\nbreak", "tab\t", "nul\x00", ".", "..", "\x1b[31m"]
)
def test_an_unusable_study_name_is_one_line(name):
    message = error_of(check_study_name, name, kind=ConfigError)
    assert "\x1b" not in message


def test_the_newest_study_is_the_one_with_the_last_finished_trial(tmp_path):
    url, noon = url_of(tmp_path / "studies.db"), datetime(2030, 1, 1, 12)
    with open_for_writing(url) as storage:
        add_study(storage, "middle/custom_cnn", finished=noon)
        add_study(storage, "newest/alexnet_lite", finished=noon - timedelta(hours=2))
        add_study(storage, "newest/retrained", finished=noon + timedelta(hours=1))
        add_study(storage, "oldest/custom_cnn", finished=noon - timedelta(hours=3))
        add_study(storage, "nothing finished/custom_cnn", values=())
        later = optuna.create_study(storage=storage, study_name="of another/program")
        later.add_trial(create_trial(state=TrialState.COMPLETE, value=0.5))
        running = optuna.load_study(storage=storage, study_name="oldest/custom_cnn")
        running.ask()
    assert newest_study_name(url) == "newest"


def test_the_newest_study_is_one_that_can_be_read(database):
    with open_for_writing(database) as storage:
        add_study(storage, "without a group", finished=datetime(2100, 1, 1))
    assert newest_study_name(database) in study_names(database)


def test_without_finished_trials_there_is_no_newest_study(tmp_path):
    url = url_of(tmp_path / "studies.db")
    with open_for_writing(url) as storage:
        add_study(storage, "empty/custom_cnn", values=())
    assert "no finished trial" in error_of(newest_study_name, url)
