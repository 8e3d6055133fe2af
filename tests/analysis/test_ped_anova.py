"""PED-ANOVA of many resamples, against Optuna's own of one at a time."""

from __future__ import annotations

import warnings

import numpy as np
import optuna
import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.importance import PedAnovaImportanceEvaluator

from analysis.ped_anova import PedAnova
from tests.analysis.drawn_trials import SPACES, drawn

CONDITIONAL = {
    "not in all trials": ({"a": FloatDistribution(0, 1)}, SPACES["floats"]),
    "of another range in some": (
        {"a": FloatDistribution(1e-3, 1, log=True), "b": CategoricalDistribution(["x", "y"])},
        {"a": FloatDistribution(1e-3, 10, log=True), "b": CategoricalDistribution(["x", "y"])},
    ),
    "of another kind in some": (
        {"a": IntDistribution(0, 9), "b": FloatDistribution(0, 1, step=0.125)},
        {"a": CategoricalDistribution([0, 3, 9]), "b": FloatDistribution(0.5, 0.5)},
    ),
}


def by_optuna(trials, *, quantile):
    # A study of its own gives each trial its own number, which the evaluator tells them apart by.
    study = optuna.create_study(direction="maximize")
    study.add_trials(trials)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return PedAnovaImportanceEvaluator(target_quantile=quantile).evaluate(study)


def normalized(importances):
    total = sum(importances.values())
    return {name: one / total if total > 1e-9 else 0.0 for name, one in importances.items()}


def assert_as_optuna(trials, draws, *, quantile):
    found = PedAnova(trials, quantile=quantile).importances(draws)
    assert len(found) == len(draws)
    for draw, one in zip(draws, found, strict=True):
        expected = by_optuna([trials[i] for i in draw], quantile=quantile)
        missing = dict.fromkeys(one.keys() - expected.keys(), 0.0)  # Of no drawn trial.
        assert normalized(one) == pytest.approx(normalized(expected) | missing, abs=1e-9)


def resamples(n, *, times=4):
    return np.vstack([np.arange(n), np.random.default_rng(0).integers(n, size=(times, n))])


@pytest.mark.parametrize("quantile", [0.1, 0.5])
@pytest.mark.parametrize("n", [12, 90])
@pytest.mark.parametrize("space", SPACES.values(), ids=SPACES)
def test_importances_of_all_resamples_are_those_of_optuna_for_each(space, n, quantile):
    assert_as_optuna(drawn(space, n=n), resamples(n), quantile=quantile)


@pytest.mark.parametrize(("space", "other"), CONDITIONAL.values(), ids=CONDITIONAL)
def test_a_hyperparameter_counts_for_the_trials_that_have_it_alike(space, other):
    trials = drawn(space, n=20) + drawn(other, n=15, seed=1)
    assert_as_optuna(trials, resamples(35), quantile=0.2)


def test_a_hyperparameter_that_one_trial_has_tells_nothing():
    trials = drawn({"a": FloatDistribution(0, 1)}, n=19) + drawn(SPACES["floats"], n=1)
    assert_as_optuna(trials, resamples(20), quantile=0.2)
    (found,) = PedAnova(trials, quantile=0.2).importances(np.arange(20)[None])
    assert found["b"] == 0


def test_equal_accuracies_count_as_equally_good():
    trials = drawn(SPACES["all kinds"], n=60, value=lambda params: round(10 * params["a"]) / 2)
    values = sorted((trial.value for trial in trials), reverse=True)
    assert values[11] == values[12] != values[0]  # More are among the best than a fifth.
    assert_as_optuna(trials, resamples(60), quantile=0.2)


def test_where_all_trials_are_equally_good_nothing_matters():
    trials = drawn(SPACES["all kinds"], n=10, value=lambda _: 0.5)
    (found,) = PedAnova(trials, quantile=0.5).importances(np.arange(10)[None])
    assert set(found.values()) == {0.0}
