"""Which settings of a study may change when it goes on, and which may not."""

from __future__ import annotations

from dataclasses import replace

import optuna
import pytest
from optuna.trial import TrialState

from study.attributes import common_attrs
from study.errors import ConfigError, StudyError
from study.storage import open_for_writing, read_study
from study.studies import open_search_study
from tests.study import small
from tests.study.quick_search import SETTINGS, run

CHANGES = [
    ("epochs", {"search": replace(SETTINGS, epochs=3)}, {}),
    ("fraction", {"search": replace(SETTINGS, fraction=0.5)}, {}),
    ("seed", {"search": replace(SETTINGS, seed=1)}, {}),
    ("name", {}, {"dataset": small.dataset(name="other")}),
    ("precision", {}, {"precision": "bfloat16"}),
]


@pytest.mark.parametrize(("named", "config_changes", "other"), CHANGES)
def test_a_study_begun_with_other_settings_is_refused_and_stays_as_it_was(
    tmp_path, named, config_changes, other
):
    run(tmp_path)
    before = read_study(small.config(tmp_path).storage_url, "trial-run")
    config = small.config(tmp_path, **{"search": SETTINGS, **config_changes})
    arguments = {"dataset": small.dataset(), "precision": "float32", **other}
    attrs = common_attrs(
        config, arguments["dataset"], small.sample(), precision=arguments["precision"]
    )
    with (
        open_for_writing(config.storage_url) as storage,
        pytest.raises(ConfigError) as caught,
    ):
        open_search_study(storage, config, small.space("alpha"), attrs=attrs)
    message = str(caught.value)
    assert named in message
    assert "--name" in message
    assert "\n" not in message
    assert read_study(config.storage_url, "trial-run") == before


def test_a_study_that_another_program_filled_is_not_taken_over(tmp_path):
    config = small.config(tmp_path, families=("alpha",))
    with open_for_writing(config.storage_url) as storage:
        theirs = optuna.create_study(storage=storage, study_name="trial-run/alpha")
        theirs.add_trial(optuna.trial.create_trial(state=TrialState.COMPLETE, value=1e9))
    with pytest.raises(StudyError, match="trial-run/alpha"):
        run(tmp_path, families=("alpha",))


@pytest.mark.parametrize(
    "settings",
    [replace(SETTINGS, sampler="tpe"), replace(SETTINGS, pruner="median"), SETTINGS],
)
def test_sampler_and_pruner_may_change_and_are_noted(tmp_path, settings):
    run(tmp_path)
    run(tmp_path, settings=replace(settings, n_trials=5))
    record = read_study(small.config(tmp_path).storage_url, "trial-run")
    for family in record.families:
        assert family.settings["trials"] == 5
        assert family.settings["sampler"] == settings.sampler
        assert family.settings["pruner"] == settings.pruner
