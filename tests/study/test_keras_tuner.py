"""KerasTuner's tuners in our studies: budgets and interruptions; training is played."""

from __future__ import annotations

from dataclasses import dataclass, replace

import optuna
import pytest
from optuna.distributions import distribution_to_json

from search_spaces import SearchSpace
from study.keras_tuner.adapter import hyperparameters
from study.keras_tuner.tuners import TUNERS
from study.storage import read_study
from tests.study import small
from tests.study.quick_search import stop_at
from tests.study.quick_tuning import (
    HYPERBAND,
    SETTINGS,
    Killed,
    assert_is_settled,
    configurations,
    curves,
    epochs,
    read,
    run,
    score,
    stay_at_random_points,
)


@pytest.fixture
def quick_acquisition(monkeypatch):
    stay_at_random_points(monkeypatch)


every_tuner = pytest.mark.parametrize("tuner", TUNERS)


@every_tuner
@pytest.mark.usefixtures("quick_acquisition")
def test_each_tuner_spends_the_budget_in_all_and_tries_the_named_configurations_first(
    tmp_path, tuner
):
    settings = replace(SETTINGS, tuner=tuner)
    for n_trials in (1, 8, 4):
        run(tmp_path, settings=replace(settings, n_trials=n_trials))
    trials = read(tmp_path)
    assert_is_settled(trials, n_trials=8)
    assert [trial.baseline for trial in trials] == ["B1", "B2", *[None] * 6]
    assert [trial.sampler for trial in trials] == ["baseline"] * 2 + [f"keras-tuner/{tuner}"] * 6
    named = small.space().baselines
    assert [dict(trial.params) for trial in trials[:2]] == [named["B1"], named["B2"]]
    asked = optuna.create_study(sampler=optuna.samplers.RandomSampler()).ask()
    small.space().suggest(asked)
    wanted = {name: distribution_to_json(one) for name, one in asked.distributions.items()}
    assert all(trial.distributions == wanted for trial in trials)
    if tuner != "hyperband":
        assert {(trial.state, len(epochs(trial))) for trial in trials} == {("COMPLETE", 3)}
    assert any(trial.state == "COMPLETE" for trial in trials[2:])


def test_families_take_turns_and_get_equal_numbers_of_configurations(tmp_path):
    families = ("alpha", "beta")
    run(tmp_path, families=families, settings=replace(SETTINGS, n_trials=4))
    by_start = sorted((t.started, family) for family in families for t in read(tmp_path, family))
    assert [family for _, family in by_start] == ["alpha", "beta"] * 4


@pytest.mark.parametrize("tuner", ["random", "hyperband"])
def test_equal_seeds_propose_equal_configurations_and_different_ones_do_not(tmp_path, tuner):
    proposed = []
    for number, seed in enumerate([0, 0, 1]):
        folder = tmp_path / str(number)
        folder.mkdir()
        run(folder, settings=replace(SETTINGS, tuner=tuner, seed=seed, n_trials=4))
        proposed.append(configurations(read(folder)[2:]))
    assert proposed[0] == proposed[1]
    assert not set(proposed[0]) & set(proposed[2])


def test_the_bayesian_tuner_learns_where_the_best_configurations_are(tmp_path):
    run(tmp_path, settings=replace(SETTINGS, tuner="random", n_trials=14))
    run(tmp_path, settings=replace(SETTINGS, tuner="bayesian", n_trials=16))
    trials = read(tmp_path)
    best_at_random = max(score(trial.params) for trial in trials[:14])
    assert min(score(trial.params) for trial in trials[14:]) > best_at_random


@dataclass(frozen=True, kw_only=True)
class TinySpace(SearchSpace):
    def suggest(self, suggester):
        return {
            "units": suggester.suggest_int("units", 1, 3),
            "deep": suggester.suggest_categorical("deep", (False, True)),
        }


def tiny(name):
    baselines = {"B1": {"units": 2, "deep": True}}
    return TinySpace(**{**vars(small.space(name)), "baselines": baselines})


@every_tuner
@pytest.mark.usefixtures("quick_acquisition")
def test_a_space_that_is_used_up_ends_the_search_and_this_is_said_once(tmp_path, tuner, caplog):
    run(tmp_path, settings=replace(HYPERBAND, tuner=tuner, n_trials=40), space=tiny)
    trials = read(tmp_path)
    assert_is_settled(trials, n_trials=len(trials))
    if tuner == "grid":
        every = {(units, deep) for units in (1, 2, 3) for deep in (False, True)}
        assert {(trial.params["units"], trial.params["deep"]) for trial in trials} == every
    (said,) = [line for line in caplog.messages if "no further configuration" in line]
    assert f"keras-tuner/{tuner}" in said
    assert f"{len(trials)} of 40" in said
    assert any(trial.state == "COMPLETE" for trial in trials[1:])


def test_the_grid_gives_a_logarithmic_parameter_ten_values_and_its_lowest():
    parameters = hyperparameters(small.space()).space
    (rate,) = (one for one in parameters if one.name == "learning_rate")
    assert len({rate.default, *rate.values}) == 11


@every_tuner
@pytest.mark.usefixtures("quick_acquisition")
def test_a_search_that_was_stopped_again_and_again_is_the_one_that_was_not(tmp_path, tuner):
    settings = replace(SETTINGS, tuner=tuner, n_trials=6, epochs=2)
    whole, pieces = tmp_path / "whole", tmp_path / "pieces"
    for folder in (whole, pieces):
        folder.mkdir()
    run(whole, settings=settings)
    for k, stop in ((2, Killed), (5, KeyboardInterrupt), (5, Killed), (3, KeyboardInterrupt)):
        with pytest.raises(stop):
            run(pieces, settings=settings, step=stop_at(k, stop))
    run(pieces, settings=settings)
    trials = read(pieces)
    assert_is_settled(trials, n_trials=6)
    assert curves(trials) == curves(read(whole))


@pytest.mark.parametrize(
    "change", [{"engine": "optuna", "sampler": "random"}, {"tuner": "grid"}, {"tuner": "random"}]
)
def test_another_search_settles_what_waits_to_be_promoted(tmp_path, change):
    with pytest.raises(KeyboardInterrupt):
        # The first bracket waits for its promotions.
        run(tmp_path, settings=HYPERBAND, step=stop_at(2 * 5 + 5 * 3 + 1))
    assert [len(epochs(trial)) for trial in read(tmp_path)][:7] == [4, 4, 2, 2, 2, 2, 2]
    settings = replace(HYPERBAND, **change, n_trials=9)
    run(tmp_path, settings=settings)
    trials = read(tmp_path)
    assert_is_settled(trials, n_trials=9)
    samplers = ["baseline"] * 2 + ["keras-tuner/hyperband"] * 5 + [settings.proposer] * 2
    assert [trial.sampler for trial in trials] == samplers


@pytest.mark.parametrize("pruner", ["none", "median"])
def test_hyperband_goes_on_after_another_search_has_settled_what_it_left(tmp_path, pruner):
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, settings=HYPERBAND, step=stop_at(2 * 5 + 5 * 3 + 1))
    others = replace(HYPERBAND, engine="optuna", sampler="random", pruner=pruner, n_trials=9)
    run(tmp_path, settings=others)
    for n_trials in (9, 16):
        run(tmp_path, settings=replace(HYPERBAND, n_trials=n_trials))
    trials = read(tmp_path)
    assert_is_settled(trials, n_trials=16)
    assert {trial.sampler for trial in trials[9:]} == {"keras-tuner/hyperband"}


@pytest.mark.usefixtures("quick_acquisition")
def test_both_engines_share_a_study_and_know_each_others_trials(tmp_path):
    optunas = replace(SETTINGS, engine="optuna", sampler="random", pruner="none")
    run(tmp_path, settings=replace(optunas, n_trials=4))
    for number, tuner in enumerate(TUNERS):
        run(tmp_path, settings=replace(SETTINGS, tuner=tuner, n_trials=6 + 2 * number))
    run(tmp_path, settings=replace(optunas, n_trials=14, sampler="tpe"))
    trials = read(tmp_path)
    assert_is_settled(trials, n_trials=14)
    proposers = ["random", *(f"keras-tuner/{tuner}" for tuner in TUNERS), "tpe"]
    assert [trial.sampler for trial in trials[2::2]] == proposers
    (record,) = read_study(small.config(tmp_path).storage_url, "trial-run").families
    assert (record.settings["engine"], record.settings["tuner"]) == ("optuna", None)
