"""Paths from a named configuration to the winner: their order, their steps, really trained."""

from __future__ import annotations

import dataclasses
import sqlite3
from contextlib import closing

import numpy as np
import optuna
import pytest
from optuna.distributions import (
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
    distribution_to_json,
)

from study import job, surrogate
from study.ablation import ablation_runs, best_baseline, plan, plan_path
from study.config import RetrainConfig
from study.errors import ConfigError
from study.records import ABLATION, DatasetRecord, FamilyRecord, StudyRecord, TrialRecord
from study.storage import read_study
from tests.study import small

BASELINES = {"V1": {"a": 1, "b": 1, "c": "x"}, "V2": {"a": 2, "b": 1, "c": "x"}}
DISTRIBUTIONS = {
    "a": distribution_to_json(IntDistribution(1, 64, log=True)),
    "b": distribution_to_json(FloatDistribution(0.0, 10.0)),
    "c": distribution_to_json(CategoricalDistribution(("x", "y"))),
}


def trial(number, value, *, baseline=None, epochs=2, **params):
    return TrialRecord(
        number=number,
        state="COMPLETE" if epochs == 2 else "PRUNED",
        value=value if epochs == 2 else None,
        params=params,
        distributions=DISTRIBUTIONS,
        validation_accuracy=tuple((epoch, value) for epoch in range(1, epochs + 1)),
        baseline=baseline,
    )


FAMILY = FamilyRecord(
    family="small",
    trials=(
        trial(0, 0.5, baseline="V1", epochs=2, **BASELINES["V1"]),
        trial(1, 0.7, baseline="V2", epochs=1, **BASELINES["V2"]),
        trial(2, 0.9, a=4, b=3.0, c="y"),
    ),
    baselines=BASELINES,
)
STUDY = StudyRecord(name="s", dataset=DatasetRecord(name="d", classes=()), families=(FAMILY,))


def additive(gains):
    """Return a model in which each value that is the winner's gains so much."""
    won = FAMILY.trials[2].params
    return lambda configurations: np.array(
        [sum(gain for name, gain in gains.items() if p[name] == won[name]) for p in configurations]
    )


def no_fit():
    raise AssertionError("a model was fitted where no path is to be planned")


def test_a_path_changes_one_hyperparameter_a_step_the_one_that_gains_most_first():
    path = plan_path(
        FAMILY, FAMILY.trials[2], baseline="V1", predict=additive({"a": 1, "b": 3, "c": 2})
    )

    assert [step.changed for step in path.steps] == ["", "b", "c", "a"]
    assert path.steps[0].params == BASELINES["V1"]
    assert path.steps[-1].params == FAMILY.trials[2].params
    for before, after in zip(path.steps, path.steps[1:], strict=False):
        differing = {name for name in after.params if after.params[name] != before.params[name]}
        assert differing == {after.changed}


def test_what_both_ends_have_in_common_is_no_step():
    winner = dataclasses.replace(FAMILY.trials[2], params={"a": 1, "b": 3.0, "c": "x"})
    path = plan_path(FAMILY, winner, baseline="V1", predict=additive({"a": 1, "b": 1, "c": 1}))
    assert [step.changed for step in path.steps] == ["", "b"]


def test_a_value_that_optuna_rounds_otherwise_is_no_step_and_the_path_still_ends_in_the_winner():
    three_tenths = 3 * 0.1
    assert three_tenths != 0.3
    family = dataclasses.replace(FAMILY, baselines={"V1": {"a": 1, "b": 0.3, "c": "x"}})
    winner = dataclasses.replace(FAMILY.trials[2], params={"a": 4, "b": three_tenths, "c": "x"})

    path = plan_path(family, winner, baseline="V1", predict=additive({"a": 1}))

    assert [step.changed for step in path.steps] == ["", "a"]
    assert path.steps[-1].params == winner.params


def test_a_path_begins_with_the_named_configuration_that_came_furthest_and_scored_highest():
    assert best_baseline(FAMILY) == "V1"
    further = trial(1, 0.7, baseline="V2", epochs=2, **BASELINES["V2"])
    trials = (FAMILY.trials[0], further, FAMILY.trials[2])
    assert best_baseline(dataclasses.replace(FAMILY, trials=trials)) == "V2"
    assert best_baseline(dataclasses.replace(FAMILY, trials=FAMILY.trials[2:])) is None


def test_a_path_that_was_begun_stays_as_it_was_planned():
    first = plan(FAMILY, STUDY, baseline="V1", fit=lambda: additive({"a": 1, "b": 3, "c": 2}))
    known = dataclasses.replace(STUDY, ablations=(first,))

    again = plan(FAMILY, known, baseline="V1", fit=no_fit)
    other = plan(FAMILY, known, baseline="V2", fit=lambda: additive({"a": 3, "b": 1, "c": 2}))

    assert again == first
    assert [step.changed for step in other.steps] == ["", "a", "c", "b"]


@pytest.mark.parametrize(
    ("family", "baseline", "said"),
    [
        (dataclasses.replace(FAMILY, trials=FAMILY.trials[1:2]), None, "no completed trial"),
        (dataclasses.replace(FAMILY, trials=FAMILY.trials[2:]), None, "no named configuration"),
        (FAMILY, "V9", "no named configuration 'V9'; --baseline can be V1, V2"),
    ],
)
def test_without_two_ends_there_is_no_path(family, baseline, said):
    with pytest.raises(ConfigError, match=said):
        plan(family, STUDY, baseline=baseline, fit=no_fit)


def test_the_model_of_a_search_learns_from_trials_that_were_stopped_early():
    # Late accuracy depends on b; only those with a low b were trained to the end.
    rng = np.random.default_rng(2)
    trials = []
    for number in range(60):
        a, b, c = int(rng.integers(1, 65)), float(rng.uniform(0, 10)), "xy"[int(rng.integers(2))]
        epochs = 2 if b < 8 else 1
        one = trial(number, 0.3, epochs=epochs, a=a, b=b, c=c)
        curve = tuple((epoch, 0.05 * b + 0.1 * epoch) for epoch in range(1, epochs + 1))
        trials.append(dataclasses.replace(one, validation_accuracy=curve))
    predict = surrogate.fit(dataclasses.replace(FAMILY, trials=tuple(trials)), epochs=2)

    found = predict([{"a": 5, "b": b, "c": "x"} for b in (1.0, 5.0, 9.5)])

    assert found[:2] == pytest.approx([0.25, 0.45], abs=0.03)
    # No trial was seen to the end there: all that is known of it is its first epoch.
    assert found[2] > found[1] + 0.08


def test_seeds_are_outermost_so_that_all_steps_have_had_equally_many():
    path = plan(FAMILY, STUDY, baseline="V1", fit=lambda: additive({"a": 1, "b": 3, "c": 2}))
    runs = ablation_runs([path], n_seeds=2)
    assert [run.seed for run in runs] == [0] * 4 + [1] * 4
    assert {run.purpose for run in runs} == {ABLATION}


def validated_settings(config):
    url = config.storage_url
    stored = optuna.load_study(storage=url, study_name=f"{config.name}/validated").user_attrs
    return stored["settings"]


def test_a_path_is_trained_recorded_and_not_trained_again(run_job, tmp_path, monkeypatch):
    record = run_job(retrain=RetrainConfig(epochs=1, n_seeds=2))
    config = small.config(tmp_path, retrain=RetrainConfig(epochs=1, n_seeds=2), command="ablate")
    asked = validated_settings(config)
    options = {"sample": small.sample(), "progress": small.silent_progress()}

    studied = job.ablate(config, **options)

    (path,) = studied.ablations
    keys = {(str(sorted(one.params.items())), one.seed) for one in studied.validated}
    for step in path.steps:
        for seed in (0, 1):
            assert (str(sorted(step.params.items())), seed) in keys
    assert studied.retrained == record.retrained
    labels = np.frombuffer(studied.validation_labels, np.uint8)
    assert labels.tolist() == small.sample().validation.labels.tolist()
    for one in studied.validated:
        right = np.frombuffer(one.predictions, np.uint8) == labels
        assert right.mean() == pytest.approx(one.validation_accuracy)
    assert job.ablate(config, **options).validated == studied.validated
    # What the search was asked for, not what the path was trained by.
    assert validated_settings(config) == asked
    assert read_study(config.storage_url, "trial-run").ablations == (path,)


def test_a_path_that_cannot_be_planned_leaves_the_database_as_it_is(run_job, tmp_path):
    run_job()
    path = tmp_path / "studies.db"

    def rows():
        with closing(sqlite3.connect(path)) as connection:
            return list(connection.iterdump())

    before = rows()
    options = {"sample": small.sample(), "progress": small.silent_progress()}
    with pytest.raises(ConfigError, match="no named configuration 'nix'"):
        job.ablate(small.config(tmp_path), **options, baseline="nix")
    assert rows() == before
