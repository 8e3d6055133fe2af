"""Records that a real run wrote: all that docs/records.md documents and nothing else."""

from __future__ import annotations

import optuna
import pytest

from study.records import NO_FAMILIES
from tests.study.documented_records import (
    COMMON,
    DATASET,
    RESULT,
    RETRAINED,
    SEARCH,
    SETTINGS,
    TRIAL,
    VALIDATED,
    VALIDATION,
)


@pytest.fixture
def written(real_run):
    """Every attribute that a real run wrote: studies by name, and their trials."""
    storage = optuna.storages.RDBStorage(real_run.config.storage_url)
    studies = {study.study_name: study for study in storage.get_all_studies()}
    trials = {
        name: storage.get_all_trials(study._study_id, deepcopy=False)
        for name, study in studies.items()
    }
    storage.engine.dispose()
    return studies, trials


# Written only where there is something to say.
SOMETIMES = {
    *("failure", "paused", "lost_seconds", "lost_epochs", "died_after"),
    *("hyperband", "unflipped_test_accuracy"),
}


def test_a_real_run_writes_what_is_documented_and_nothing_else(written):
    studies, trials = written
    for name, study in studies.items():
        is_final = name.endswith("/retrained")
        expected = SEARCH
        if name.endswith("/validated"):
            expected = SEARCH - {"roles", "baselines", "space"} | VALIDATION - {"ablation"}
        assert set(study.user_attrs) == (RETRAINED | COMMON if is_final else expected)
        without = set() if is_final else {"n_test"}
        assert set(study.user_attrs["dataset"]) == DATASET - without
        if not is_final:
            assert set(study.user_attrs["settings"]) == SETTINGS
    searched = [
        trial
        for name in trials
        if name.rpartition("/")[2] not in NO_FAMILIES
        for trial in trials[name]
    ]
    assert set().union(*(trial.user_attrs for trial in searched)) == TRIAL - SOMETIMES
    anew = trials["digits-run/validated"]
    assert len(anew) == 2
    assert all(set(trial.user_attrs) == VALIDATED - SOMETIMES for trial in anew)
    assert all(set(trial.params) == {"family", "seed"} for trial in anew)
    final = trials["digits-run/retrained"]
    assert all(set(trial.user_attrs) == RESULT - SOMETIMES for trial in final)
    assert all(set(trial.params) == {"family", "augmentation", "seed"} for trial in final)


def test_a_real_run_is_read_back_with_nothing_missing(real_run):
    for family in real_run.record.families:
        assert family.settings["epochs"] == 1
        tried = [trial for trial in family.trials if trial.state != "WAITING"]
        assert len(tried) == 2
        for trial in tried:
            assert set(trial.params) == set(family.roles)
            absent = {name for name, value in vars(trial).items() if value is None}
            assert absent <= {*SOMETIMES, "baseline", "value"}
            assert len(trial.validation_accuracy) == len(trial.training_loss) == 1
    for result in real_run.record.retrained:
        absent = {name for name, value in vars(result).items() if value in (None, (), b"")}
        assert absent <= SOMETIMES
