"""Retraining that would not compare with what is done is refused before anything is trained."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from search_spaces import SPACES
from study.config import AugmentationConfig, RetrainConfig
from study.errors import ConfigError
from study.retrain import Retrainer
from study.storage import read_study
from tests.study import small


def test_retraining_with_other_epochs_is_refused_before_anything_is_trained(run_job):
    first = run_job()
    search = replace(small.config(Path()).search, n_trials=4)
    for changes in ({}, {"search": search}):
        with pytest.raises(ConfigError, match="epochs"):
            run_job(retrain=RetrainConfig(epochs=2, n_seeds=1), **changes)
    assert run_job() == first


def test_retraining_that_gave_no_model_yet_may_be_begun_with_other_epochs(
    run_job, tmp_path, monkeypatch
):
    with monkeypatch.context() as patch:
        patch.setattr(Retrainer, "_run", lambda *_: (_ for _ in ()).throw(MemoryError))
        first = run_job(retrain=RetrainConfig(epochs=30, n_seeds=1))
    assert not first.retrained
    record = run_job(retrain=RetrainConfig(epochs=2, n_seeds=1))
    assert {len(one.training_accuracy_by_epoch) for one in record.retrained} == {2}
    assert record.families == first.families


def test_retraining_with_another_augmenter_is_refused_before_anything_is_trained(run_job):
    first = run_job()
    other = AugmentationConfig(augmenter="image-data-generator")
    with pytest.raises(ConfigError, match=r"augmentation.*image-data-generator.*--name"):
        run_job(retrain=RetrainConfig(epochs=1, n_seeds=2, augmentation=other))
    assert run_job() == first


def test_a_family_that_joins_a_retrained_study_is_refused_before_its_search(
    run_job, tmp_path, monkeypatch
):
    first = run_job()
    monkeypatch.setitem(SPACES, "another", small.space("another"))
    with pytest.raises(ConfigError, match=r"'another'.*--name"):
        run_job(families=("small", "another"))
    after = read_study(small.config(tmp_path).storage_url, "trial-run")
    assert not [trial for family in after.families[:-1] for trial in family.trials if trial.started]
    assert run_job(families=("small",)).retrained == first.retrained
