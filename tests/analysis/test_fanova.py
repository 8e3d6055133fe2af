"""Functional analysis of variance, against Optuna's own and against closed forms."""

from __future__ import annotations

import warnings

import numpy as np
import optuna
import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.importance import FanovaImportanceEvaluator

from analysis.fanova import Fanova

SPACES = {
    "floats": {"a": FloatDistribution(0, 1), "b": FloatDistribution(-3, 2)},
    "a tiny and a logarithmic range": {
        "a": FloatDistribution(1e-9, 1e-2, log=True),
        "b": FloatDistribution(0, 1e-12),
    },
    "integers in steps": {
        "a": IntDistribution(16, 64, step=16),
        "b": IntDistribution(1, 512, log=True),
    },
    "choices": {
        "a": CategoricalDistribution(["relu", "gelu", "swish", None]),
        "b": CategoricalDistribution([False, True]),
    },
    "all kinds": {
        "a": FloatDistribution(1e-4, 1e-1, log=True),
        "b": IntDistribution(3, 7, step=2),
        "c": CategoricalDistribution([8, 16, 32]),
        "d": CategoricalDistribution(["only"]),
        "e": FloatDistribution(2.0, 2.0),
    },
    "nothing that varies": {"a": CategoricalDistribution(["only"])},
}


def drawn(space, *, n, seed=0, value=None):
    rng = np.random.default_rng(seed)
    sampler = optuna.samplers.RandomSampler(seed=seed)
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(sampler=sampler)
    trials = []
    for _ in range(n):
        params = study.ask(space).params
        score = rng.random() + sum(len(repr(params[name])) % 5 / 5 for name in params)
        trials.append(
            optuna.trial.create_trial(
                params=params, distributions=space, value=value(params) if value else score
            )
        )
    return trials


def by_optuna(trials, *, n_trees):
    study = optuna.create_study()
    study.add_trials(trials)
    return FanovaImportanceEvaluator(n_trees=n_trees, seed=3).evaluate(study)


@pytest.mark.parametrize("n", [12, 90])
@pytest.mark.parametrize("space", SPACES.values(), ids=SPACES)
def test_importances_are_those_of_optuna(space, n):
    trials = drawn(space, n=n)

    found = Fanova(trials).importances(np.arange(n), n_trees=7, seed=3)

    assert found == pytest.approx(by_optuna(trials, n_trees=7), rel=1e-9, abs=1e-12)


def test_trials_that_count_twice_are_as_if_there_were_two_of_them():
    trials = drawn(SPACES["all kinds"], n=20)
    chosen = np.random.default_rng(1).integers(20, size=20)

    found = Fanova(trials).importances(chosen, n_trees=5, seed=3)

    expected = by_optuna([trials[i] for i in chosen], n_trees=5)
    assert found == pytest.approx(expected, rel=1e-9, abs=1e-12)


def test_a_hyperparameter_that_not_every_trial_has_is_left_out():
    trials = drawn({"a": FloatDistribution(0, 1)}, n=10) + drawn(SPACES["floats"], n=10)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        # Two distributions of one name: only "a" is the same in all.
        assert set(Fanova(trials).importances(np.arange(20), n_trees=2, seed=0)) == {"a"}


def test_shares_of_a_sum_are_those_of_its_terms():
    # Var(3 a) is nine times Var(b), for a and b uniform.
    unit = {"a": FloatDistribution(0, 1), "b": FloatDistribution(0, 1)}
    trials = drawn(unit, n=600, value=lambda params: 3 * params["a"] + params["b"])

    found = Fanova(trials).importances(np.arange(600), n_trees=32, seed=0)

    assert found["a"] == pytest.approx(0.9, abs=0.02)
    assert found["b"] == pytest.approx(0.1, abs=0.02)


def test_trees_that_do_not_divide_the_space_have_no_say():
    # Every tree is of one of two trials or of both, in which case one hyperparameter has it all.
    trials = drawn(SPACES["floats"], n=2, value=lambda params: params["a"])
    found = Fanova(trials).importances(np.arange(2), n_trees=50, seed=0)
    assert found["a"] + found["b"] == pytest.approx(1.0)


def test_equal_accuracies_leave_nothing_to_share():
    trials = drawn(SPACES["floats"], n=10, value=lambda _: 0.5)
    assert Fanova(trials).importances(np.arange(10), n_trees=4, seed=0) == {"a": 0.0, "b": 0.0}
