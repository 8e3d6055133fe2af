"""Functional analysis of variance, against Optuna's own and against closed forms."""

from __future__ import annotations

import warnings

import numpy as np
import optuna
import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.importance import FanovaImportanceEvaluator

from analysis.fanova import Fanova
from tests.analysis.drawn_trials import SPACES, drawn


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
    assert min(found.values()) >= 0  # Rounding may err below 0.


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


def test_choices_that_no_tree_can_ask_for_have_no_share():
    space = {"a": CategoricalDistribution(["x", "y"]), "b": FloatDistribution(0, 1)}
    alike = [trial for trial in drawn(space, n=40) if trial.params["a"] == "x"]
    for seed in range(20):
        found = Fanova(alike).importances(np.arange(len(alike)), n_trees=2, seed=seed)
        assert 0 <= found["a"] < 1e-12


def test_a_range_finer_than_a_forest_sees_gives_finite_shares():
    # Of 32 bits, a float knows no odd number beyond 2 ** 24.
    space = {"a": IntDistribution(2**24 + 1, 2**24 + 5), "b": FloatDistribution(0, 1)}
    found = Fanova(drawn(space, n=40)).importances(np.arange(40), n_trees=8, seed=0)
    assert all(0 <= share <= 1 for share in found.values())


def test_a_hyperparameter_of_many_choices_takes_no_more_than_its_boxes():
    # All combinations of what its thirty columns can be are a thousand million.
    choices = CategoricalDistribution([f"choice {i}" for i in range(30)])
    space = {"a": choices, "b": FloatDistribution(0, 1)}
    trials = drawn(space, n=300, value=lambda params: float(params["a"] == "choice 7"))

    found = Fanova(trials).importances(np.arange(300), n_trees=16, seed=0)

    assert found["a"] > 0.95


def test_trees_that_do_not_divide_the_space_have_no_say():
    # Every tree is of one of two trials or of both, in which case one hyperparameter has it all.
    trials = drawn(SPACES["floats"], n=2, value=lambda params: params["a"])
    found = Fanova(trials).importances(np.arange(2), n_trees=50, seed=0)
    assert found["a"] + found["b"] == pytest.approx(1.0)


def test_equal_accuracies_leave_nothing_to_share():
    trials = drawn(SPACES["floats"], n=10, value=lambda _: 0.5)
    assert Fanova(trials).importances(np.arange(10), n_trees=4, seed=0) == {"a": 0.0, "b": 0.0}
