"""Retraining that goes on: with more runs, after an interruption, after a new winner."""

from __future__ import annotations

import itertools

import optuna
import pytest

from study import retrain
from study.config import RetrainConfig
from study.storage import open_for_writing, read_study
from study.winners import pick_winner
from tests.study import small


def keys(record):
    return [(result.augmented, result.seed) for result in record.retrained]


def test_more_seeds_and_named_configurations_are_added_to_what_is_done(run_job):
    first = run_job()
    assert keys(first) == [(False, 0), (True, 0)]
    second = run_job(retrain=RetrainConfig(epochs=1, n_seeds=2))
    assert second.retrained[:2] == first.retrained
    assert keys(second)[2:] == [(False, 1), (True, 1)]
    third = run_job(retrain=RetrainConfig(epochs=1, n_seeds=2, baselines=True))
    assert third.retrained[:4] == second.retrained
    won = pick_winner(third.families[0]).trial.baseline
    added = [(result.configuration, result.source_trial) for result in third.retrained[4:]]
    assert added == [(name, None) for _ in range(4) for name in ("B1", "B2") if name != won]


@pytest.mark.parametrize("k", [1, 2, 4])
def test_an_interrupted_retraining_goes_on_where_it_ended(run_job, tmp_path, monkeypatch, k):
    configuration = {"retrain": RetrainConfig(epochs=1, n_seeds=2)}
    calls = itertools.count(1)
    whole_fit = retrain.Retrainer._fit

    def interrupted_fit(self, model, run, fit):
        if next(calls) == k:
            raise KeyboardInterrupt
        return whole_fit(self, model, run, fit)

    monkeypatch.setattr(retrain.Retrainer, "_fit", interrupted_fit)
    with pytest.raises(KeyboardInterrupt):
        run_job(**configuration)
    before = read_study(small.config(tmp_path).storage_url, "trial-run").retrained
    assert len(before) == k - 1
    after = run_job(**configuration)
    assert after.retrained[: k - 1] == before
    assert keys(after) == [(False, 0), (True, 0), (False, 1), (True, 1)]


def test_a_new_winner_is_retrained_and_the_results_of_the_former_stay(run_job, tmp_path):
    first = run_job()
    config = small.config(tmp_path)
    with open_for_writing(config.storage_url) as storage:
        optuna_study = optuna.load_study(study_name="trial-run/small", storage=storage)
        best = max(optuna_study.get_trials(), key=lambda trial: trial.value)
        optuna_study.add_trial(
            optuna.trial.create_trial(
                value=1.0, params=best.params, distributions=best.distributions
            )
        )
    second = run_job()
    assert second.retrained[:2] == first.retrained
    assert {result.source_trial for result in second.retrained[2:]} == {3}
    assert keys(second) == 2 * [(False, 0), (True, 0)]
