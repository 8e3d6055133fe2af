"""Configurations trained anew for validation: which, from which seeds, and used for what."""

from __future__ import annotations

import itertools

import pytest

from search_spaces import SPACES
from study import validate
from study.config import RetrainConfig, SearchConfig
from study.errors import ConfigError
from study.records import (
    ABLATION,
    FINALIST,
    MEASURED,
    FamilyRecord,
    TrialRecord,
    ValidatedResult,
    validation_key,
)
from study.storage import read_study
from study.training.fit import DivergedError
from study.validation_runs import finalist_runs, measured_runs, missing
from study.winners import pick_winner
from tests.study import small


def family(*values, name="custom_cnn", seconds=None):
    trials = [
        TrialRecord(
            number=number,
            state="COMPLETE",
            value=value,
            validation_accuracy=((1, value),),
            training_seconds=seconds,
            params={"units": number},
        )
        for number, value in enumerate(values)
    ]
    return FamilyRecord(family=name, trials=tuple(trials))


def fresh(trial, *accuracies, first_seed=0, name="custom_cnn", purpose=FINALIST):
    """Return what a finalist scored with seeds 0, 1, ..."""
    return [
        ValidatedResult(
            number=0,
            family=name,
            purpose=purpose,
            params={"units": trial},
            seed=seed,
            validation_accuracy=accuracy,
            source_trial=trial,
        )
        for seed, accuracy in enumerate(accuracies, start=first_seed)
    ]


@pytest.mark.parametrize(
    ("validated", "winner"),
    [
        ([], 1),
        # The best of the search did worse with fresh seeds than the next.
        (fresh(1, 0.6, 0.6) + fresh(2, 0.7, 0.6), 2),
        (fresh(1, 0.7, 0.6) + fresh(2, 0.6, 0.6), 1),
        # Of equals the one that was ahead in the search.
        (fresh(1, 0.6, 0.7) + fresh(2, 0.7, 0.6), 1),
        # Without the seeds of the best trial nobody can be compared with it.
        (fresh(1, 0.6, 0.6) + fresh(2, 0.9), 1),
        (fresh(1, 0.6) + fresh(2, 0.5, 0.9), 1),
        # A search that went on has a new best trial, which was not trained again yet.
        (fresh(0, 0.9) + fresh(2, 0.95), 1),
        (fresh(1, 0.6) + fresh(2, 0.9, purpose=MEASURED), 1),
        (fresh(1, 0.6) + fresh(2, 0.9, name="alexnet_lite"), 1),
        # A trial that the search has not, or that did not complete, cannot win.
        (fresh(1, 0.6) + fresh(9, 0.9), 1),
    ],
)
def test_the_winner_is_the_finalist_with_the_highest_mean_over_the_same_fresh_seeds(
    validated, winner
):
    assert pick_winner(family(0.5, 0.8, 0.7), validated).trial.number == winner


def test_finalists_are_the_best_completed_trials_of_each_family_seed_by_seed():
    families = [family(0.5, 0.8, 0.7), family(0.1, name="alexnet_lite")]

    runs = finalist_runs(families, n_finalists=2, n_seeds=2)

    planned = [(run.seed, run.family, run.source_trial) for run in runs]
    each = [("custom_cnn", 1), ("custom_cnn", 2), ("alexnet_lite", 0)]
    assert planned == [(seed, *one) for seed, one in itertools.product(range(2), each)]
    assert {run.purpose for run in runs} == {FINALIST}
    assert finalist_runs(families, n_finalists=0, n_seeds=2) == ()


def test_the_slowest_finalist_of_a_seed_comes_first():
    families = [family(0.5, seconds=1.0), family(0.1, name="alexnet_lite", seconds=2.0)]
    runs = finalist_runs(families, n_finalists=1, n_seeds=2)
    assert [run.family for run in runs] == ["alexnet_lite", "custom_cnn"] * 2


def test_measured_configurations_are_independent_draws_that_more_of_them_do_not_change():
    spaces = list(SPACES.values())
    few, many = (measured_runs(spaces, n_trials=n, base_seed=3) for n in (2, 5))
    other = measured_runs(spaces, n_trials=5, base_seed=4)

    assert many[: len(few)] == few
    assert len({run.key for run in many} | {run.key for run in other}) == len(many) + len(other)
    for run in many:
        assert run.params.keys() == SPACES[run.family].roles.keys()
        assert run.source_trial is None


def test_a_configuration_with_a_seed_is_trained_once():
    planned = finalist_runs([family(0.5, 0.8, 0.7)], n_finalists=3, n_seeds=2)

    left = missing(planned * 2, fresh(1, 0.6, 0.6) + fresh(0, 0.6))

    assert [(run.source_trial, run.seed) for run in left] == [(2, 0), (2, 1), (0, 1)]
    # Whoever may become the winner is trained as a finalist, whatever else was made of it.
    elsewhere = fresh(1, 0.6, 0.6, purpose=ABLATION)
    assert len(missing(planned, elsewhere)) == len(planned)
    left = missing(planned, elsewhere + fresh(1, 0.6, 0.6) + fresh(2, 0.6, 0.6))
    assert {(run.source_trial, run.seed) for run in left} == {(0, 0), (0, 1)}
    assert validation_key("a", {"x": 1, "y": 2}, 0) == validation_key("a", {"y": 2, "x": 1}, 0)


def test_finalists_and_measured_configurations_are_trained_recorded_and_not_trained_again(
    run_job, monkeypatch
):
    settings = {
        "retrain": RetrainConfig(epochs=1, n_seeds=2, n_finalists=2),
        "search": SearchConfig(
            n_trials=3, epochs=2, fraction=1.0, precision="float32", pruner="none", n_measured=2
        ),
    }
    record = run_job(**settings)

    purposes = [(one.purpose, one.seed) for one in record.validated]
    assert purposes == [(FINALIST, 0)] * 2 + [(FINALIST, 1)] * 2 + [(MEASURED, 0), (MEASURED, 1)]
    for one in record.validated:
        assert [epoch for epoch, _ in one.validation_accuracy_by_epoch] == [1, 2]
        assert one.validation_accuracy == one.validation_accuracy_by_epoch[-1][1]
        absent = {name for name, value in vars(one).items() if value is None}
        assert absent == ({"source_trial"} if one.purpose == MEASURED else set())
    winner = pick_winner(record.families[0], record.validated).trial
    assert {result.source_trial for result in record.retrained} == {winner.number}

    def no_training(self, run):
        raise AssertionError(f"{run} was trained again")

    monkeypatch.setattr(validate.Validator, "__call__", no_training)
    assert run_job(**settings).validated == record.validated


def test_a_run_says_which_finalists_have_too_few_seeds_to_win(run_job, caplog):
    run_job(retrain=RetrainConfig(epochs=1, n_seeds=1, n_finalists=2))
    assert "lack fresh seeds" not in caplog.text
    run_job(retrain=RetrainConfig(epochs=1, n_seeds=2, n_finalists=1))
    assert "Finalists of small lack fresh seeds" in caplog.text
    assert "--finalists 2 --seeds 2 trains them" in caplog.text
    caplog.clear()
    run_job(retrain=RetrainConfig(epochs=1, n_seeds=2, n_finalists=2))
    assert "lack fresh seeds" not in caplog.text


def test_one_that_diverges_is_left_out_and_the_others_go_on(run_job, monkeypatch):
    train = validate.Validator._run

    def diverging(self, run):
        if run.seed == 0:
            raise DivergedError("the loss is not a number")
        return train(self, run)

    monkeypatch.setattr(validate.Validator, "_run", diverging)

    record = run_job(retrain=RetrainConfig(epochs=1, n_seeds=2))

    assert [one.seed for one in record.validated] == [1]
    assert len(record.retrained) == 4


def test_draws_that_gave_no_model_are_counted_until_they_do(run_job, monkeypatch):
    train = validate.Validator._run

    def diverging(self, run):
        if run.purpose == MEASURED and run.seed == 0:
            raise DivergedError("the loss is not a number")
        return train(self, run)

    settings = {
        "retrain": RetrainConfig(epochs=1, n_seeds=1, n_finalists=0),
        "search": SearchConfig(
            n_trials=2, epochs=1, fraction=1.0, precision="float32", pruner="none", n_measured=3
        ),
    }
    with monkeypatch.context() as patch:
        patch.setattr(validate.Validator, "_run", diverging)
        for _ in range(2):
            record = run_job(**settings)
            assert [one.seed for one in record.validated] == [1, 2]
            assert record.failed_draws == {"small": 1}
    assert run_job(**settings).failed_draws == {}


def test_results_of_longer_trials_do_not_join_those_of_shorter_ones(run_job, tmp_path):
    run_job()
    longer = SearchConfig(n_trials=3, epochs=2, fraction=1.0, precision="float32")
    with pytest.raises(ConfigError, match="was begun with epochs 1, not 2"):
        run_job(search=longer)
    assert len(read_study(small.config(tmp_path).storage_url, "trial-run").validated) == 1
