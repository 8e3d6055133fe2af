"""A search space that changed between runs: the next run refuses and names the difference."""

from __future__ import annotations

import dataclasses
import json
import sqlite3
from contextlib import closing

import pytest
from optuna.distributions import distribution_to_json

from search_spaces import SPACES
from study import job
from study.attributes import common_attrs, space_attrs
from study.datasets import DATASETS
from study.errors import ConfigError
from study.heartbeat import ATTRIBUTE
from study.space_changes import distributions_of
from study.storage import open_for_writing
from study.studies import find_study, open_search_study
from tests.study import small

NAME = "trial-run/small"


def space(*, units=(2, 512), choices=("relu", "gelu"), extra=(), baselines=None):
    """Return the small space with an activation to choose, or one much like it."""

    def suggest(suggester):
        chosen = {"units": suggester.suggest_int("units", *units)}
        if choices:
            chosen["activation"] = suggester.suggest_categorical("activation", choices)
        return chosen | {name: suggester.suggest_float(name, 0.0, 1.0) for name in extra}

    named = {"V1": {"units": 8, "activation": "relu", **small.NUISANCE}}
    if baselines is not None:
        named = {name: {**named["V1"], **params} for name, params in baselines.items()}
    return small.space("small", suggest_architecture=suggest, baselines=named)


def opened(folder, searched, *, read_only=False):
    config = small.config(folder, families=("small",))
    attrs = common_attrs(config, small.dataset(), small.sample(), precision="float32")
    attrs |= space_attrs(searched)
    with open_for_writing(config.storage_url) as storage:
        if read_only:
            return find_study(storage, NAME, attrs=attrs)
        return open_search_study(storage, config, searched, attrs=attrs)


def rows(folder):
    with closing(sqlite3.connect(folder / "studies.db")) as connection:
        return list(connection.iterdump())


CHANGES = {
    "a range": (
        {"units": (2, 256)},
        "units was whole from 2 to 512 in steps of 1 and is now whole from 2 to 256",
    ),
    "a choice": (
        {"choices": ("relu", "swish")},
        "activation was one of 'relu', 'gelu' and is now one of 'relu', 'swish'",
    ),
    "a hyperparameter that is gone": ({"choices": ()}, "activation was one of 'relu', 'gelu'"),
    "a new hyperparameter": ({"extra": ("slope",)}, "slope was not there and is now any from 0.0"),
    "a named configuration": (
        {"baselines": {"V1": {"units": 16}}},
        "configuration 'V1': units was 8 and is now 16",
    ),
    "a named configuration that is gone": ({"baselines": {"V2": {}}}, "'V1': it is gone"),
}


@pytest.mark.parametrize(("change", "words"), CHANGES.values(), ids=CHANGES)
def test_a_change_between_runs_is_refused_by_name_and_nothing_is_written(tmp_path, change, words):
    opened(tmp_path, space())
    before = rows(tmp_path)
    with pytest.raises(ConfigError) as caught:
        opened(tmp_path, space(**change), read_only=True)
    message = str(caught.value)
    assert words in message
    assert "--name" in message
    assert "\n" not in message
    assert rows(tmp_path) == before


def test_a_refused_run_has_not_even_given_a_sign_of_life(tmp_path, monkeypatch):
    opened(tmp_path, space())
    with closing(sqlite3.connect(tmp_path / "studies.db")) as connection, connection:
        connection.execute("DELETE FROM study_system_attributes WHERE key = ?", (ATTRIBUTE,))
    before = rows(tmp_path)
    monkeypatch.setitem(DATASETS, "stripes", small.dataset())
    monkeypatch.setitem(SPACES, "small", space(units=(2, 256)))
    config = small.config(tmp_path, families=("small",))
    with pytest.raises(ConfigError, match="units was whole from 2 to 512"):
        job.run(config, sample=small.sample(), progress=small.silent_progress())
    assert rows(tmp_path) == before


def test_the_same_space_and_a_further_named_configuration_are_welcome(tmp_path):
    opened(tmp_path, space())
    opened(tmp_path, space(baselines={"V1": {}, "V2": {"units": 16}}))
    assert opened(tmp_path, space(baselines={"V1": {}, "V2": {"units": 16}}), read_only=True)


def test_where_the_space_is_not_stored_the_trials_tell(tmp_path):
    config = small.config(tmp_path, families=("small",))
    with open_for_writing(config.storage_url) as storage:
        attrs = common_attrs(config, small.dataset(), small.sample(), precision="float32")
        study = open_search_study(storage, config, space(), attrs=attrs)
        space().suggest(study.ask())
        with storage.engine.begin() as connection:
            connection.exec_driver_sql("DELETE FROM study_user_attributes WHERE key = 'space'")
        assert "space" not in study.user_attrs
    assert opened(tmp_path, space(), read_only=True)
    with pytest.raises(ConfigError, match="units was whole from 2 to 512"):
        opened(tmp_path, space(units=(2, 256)), read_only=True)


@pytest.mark.parametrize("family", SPACES.values(), ids=lambda family: family.name)
def test_what_is_stored_is_what_optuna_is_asked_for(family, tmp_path):
    config = small.config(tmp_path, families=(family.name,))
    attrs = common_attrs(config, small.dataset(), small.sample(), precision="float32")
    with open_for_writing(config.storage_url) as storage:
        study = open_search_study(storage, config, family, attrs=attrs)
        family.suggest(study.ask())
        (trial,) = [trial for trial in study.get_trials() if trial.params]
        asked = {key: distribution_to_json(one) for key, one in trial.distributions.items()}
        stored = {key: json.dumps(one) for key, one in study.user_attrs["space"].items()}
    assert stored == asked
    assert distributions_of(family) == trial.distributions
    changed = dataclasses.replace(family, baselines={})
    assert space_attrs(changed)["space"] == space_attrs(family)["space"]
