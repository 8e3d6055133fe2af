"""KerasTuner's Hyperband in our studies: brackets, promotions, interruptions."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import optuna
import pytest
from keras_tuner import Objective
from keras_tuner.oracles import HyperbandOracle

from study import search
from study.keras_tuner.adapter import hyperparameters
from study.keras_tuner.places import Place
from study.keras_tuner.scheduler import TunerScheduler
from study.schedulers import TrialProgress
from study.storage import open_for_writing
from tests.study import small
from tests.study.local_workers import LocalWorkers
from tests.study.quick_search import stop_at
from tests.study.quick_tuning import (
    HYPERBAND,
    Killed,
    assert_is_settled,
    curves,
    epochs,
    read,
    run,
    score,
)


def live_sweep(space, *, n_epochs):
    """Run KerasTuner's own oracle, as it is, through one sweep.

    Returns:
        How many trials were trained from each epoch to each other.
    """
    oracle = HyperbandOracle(
        objective=Objective("score", "max"),
        max_epochs=n_epochs,
        hyperparameters=hyperparameters(space),
        seed=1,
    )
    oracle.save = lambda: None
    oracle._save_trial = lambda trial: None
    oracle.verbose = 0
    rounds = Counter()
    while (trial := oracle.create_trial("only")).status == "RUNNING":
        values = trial.hyperparameters.values
        rounds[values["tuner/initial_epoch"], values["tuner/epochs"]] += 1
        oracle.update_trial(trial.trial_id, {"score": values["units"]})
        trial.status = "COMPLETED"
        oracle.end_trial(trial)
    return rounds


def places(folder):
    """Return what is noted of each trial's place in Hyperband."""
    with open_for_writing(small.config(folder).storage_url) as storage:
        study = optuna.load_study(study_name="trial-run/alpha", storage=storage)
        return [trial.user_attrs.get("hyperband") for trial in study.trials]


@pytest.mark.parametrize(("n_epochs", "n_configurations"), [(9, 17), (4, 8)])
def test_a_sweep_has_the_rounds_that_keras_tuner_gives_it(tmp_path, n_epochs, n_configurations):
    theirs = live_sweep(small.space(), n_epochs=n_epochs)
    n_trials = 2 + n_configurations
    run(tmp_path, settings=replace(HYPERBAND, epochs=n_epochs, n_trials=n_trials))
    trials = read(tmp_path)
    assert_is_settled(trials, n_trials=n_trials)
    stops = sorted({stop for _, stop in theirs})
    ours = Counter()
    for trial, place in zip(trials[2:], places(tmp_path)[2:], strict=True):
        reached = [stop for stop in stops[place["bracket"] :] if stop <= len(epochs(trial))]
        assert len(reached) == place["round"] + 1
        assert reached[-1] == place["epochs"]
        ours.update(zip([0, *reached], reached, strict=False))
    assert ours == theirs
    ended = {(trial.state, len(epochs(trial)) == n_epochs) for trial in trials}
    assert ended == {("COMPLETE", True), ("PRUNED", False)}


@pytest.mark.parametrize("n_at_once", [2, 5])
def test_the_rounds_are_the_same_where_several_are_trained_at_once(n_at_once):
    space, settings = small.space(), replace(HYPERBAND, epochs=9, n_trials=17)
    scheduler = TunerScheduler(space, config=settings, workers=LocalWorkers())
    rng, trials, until, rounds = np.random.default_rng(0), [], {}, Counter()

    def end(number):
        trial, n_epochs = trials[number], until.pop(number)
        rounds[len(trial.scores), n_epochs] += 1
        scores = [score(trial.params) * epoch for epoch in range(1, n_epochs + 1)]
        trials[number] = replace(trial, scores=scores, is_running=False)

    while (task := scheduler.next_task(trials)) or until:
        if task is None or len(until) == n_at_once:
            end(int(rng.choice(sorted(until))))
        elif task.trial is None:
            until[len(trials)] = task.until_epoch
            trials.append(
                TrialProgress(
                    number=len(trials),
                    scores=[],
                    is_running=True,
                    params=task.params,
                    attrs=task.attrs,
                )
            )
        else:
            until[task.trial] = task.until_epoch
            trial = trials[task.trial]
            trials[task.trial] = replace(trial, is_running=True, attrs=task.attrs)
    assert rounds == live_sweep(space, n_epochs=9)


def test_the_best_of_a_round_are_promoted_and_train_on_where_they_stopped(tmp_path):
    trained = run(tmp_path, settings=replace(HYPERBAND, epochs=12, n_trials=14))
    bracket = read(tmp_path)[2:]
    order = sorted(bracket, key=lambda trial: -score(trial.params))
    assert [len(epochs(trial)) for trial in order] == [12] * 2 + [4] * 2 + [2] * 8
    assert [trial.state for trial in order] == ["COMPLETE"] * 2 + ["PRUNED"] * 10
    # Not an epoch was trained twice.
    assert len(set(trained)) == len(trained)


@pytest.mark.parametrize(
    ("n_trials", "sizes"), [(2, []), (3, [1]), (4, [2]), (5, [3]), (9, [5, 2]), (13, [5, 3, 3])]
)
def test_hyperband_is_cut_to_any_budget_and_each_bracket_completes_something(
    tmp_path, n_trials, sizes
):
    run(tmp_path, settings=replace(HYPERBAND, n_trials=n_trials))
    trials = read(tmp_path)
    assert_is_settled(trials, n_trials=n_trials)
    brackets = [place["bracket"] for place in places(tmp_path)[2:]]
    assert [brackets.count(bracket) for bracket in range(len(sizes))] == sizes
    completed = {
        bracket
        for bracket, trial in zip(brackets, trials[2:], strict=True)
        if trial.state == "COMPLETE"
    }
    assert completed == set(range(len(sizes)))


def test_failed_configurations_are_recorded_and_do_not_hold_hyperband_up(tmp_path):
    def fails(params):
        return params["units"] % 3 == 1

    run(tmp_path, settings=replace(HYPERBAND, n_trials=18), failing=fails)
    trials = read(tmp_path)
    assert_is_settled(trials, n_trials=18)
    failed = [trial for trial in trials if trial.state == "FAIL"]
    assert 0 < len(failed) < 16
    assert {trial.failure for trial in failed} == {"diverged"}
    assert all(fails(trial.params) == (trial in failed) for trial in trials)


@pytest.fixture(scope="module")
def whole_hyperband(tmp_path_factory):
    """The trials of a Hyperband that nothing stopped."""
    folder = tmp_path_factory.mktemp("whole")
    run(folder, settings=HYPERBAND)
    return read(folder)


@pytest.mark.parametrize(
    ("stop", "k"),
    [
        (KeyboardInterrupt, 1),  # in a named configuration
        (Killed, 7),
        (Killed, 12),  # in the first round, between two epochs
        (KeyboardInterrupt, 13),  # after its epochs, before it waits
        (KeyboardInterrupt, 26),  # before the first epoch of a promotion
        (Killed, 27),
        (Killed, 28),
        (KeyboardInterrupt, 33),  # in the second bracket
    ],
)
def test_hyperband_that_was_stopped_goes_on_as_if_it_had_not_been(
    tmp_path, whole_hyperband, stop, k
):
    with pytest.raises(stop):
        run(tmp_path, settings=HYPERBAND, step=stop_at(k, stop))
    run(tmp_path, settings=HYPERBAND)
    trials = read(tmp_path)
    assert_is_settled(trials, n_trials=10)
    assert len(trials) == 10
    assert curves(trials) == curves(whole_hyperband)


def test_the_time_budget_leaves_a_settled_search_that_can_be_gone_on_with(tmp_path, monkeypatch):
    clock = SimpleNamespace(now=0.0)
    clock.monotonic = lambda: clock.now

    def pass_time():
        clock.now += 1.0

    monkeypatch.setattr(search, "time", clock)
    # Time for both named configurations, five steps each, and for three of the first bracket.
    settings = replace(HYPERBAND, time_budget_seconds=2 * 5 + 3 * 3)
    run(tmp_path, settings=settings, step=pass_time)
    states = [trial.state for trial in read(tmp_path)]
    assert states[:2] == ["COMPLETE"] * 2
    assert states[2:] == ["PRUNED"] * 3
    run(tmp_path, settings=HYPERBAND)
    assert_is_settled(read(tmp_path), n_trials=10)


def test_a_whole_trial_does_not_go_on_whatever_its_record_says():
    more = Place(bracket=0, size=1, round=0, epochs=HYPERBAND.epochs + 1)
    params = {"units": 8, "learning_rate": 0.01}
    whole = TrialProgress(
        number=0, scores=[0.5] * HYPERBAND.epochs, params=params, attrs=more.attrs
    )
    settings = replace(HYPERBAND, n_trials=1)
    scheduler = TunerScheduler(small.space(), config=settings, workers=LocalWorkers())
    assert scheduler.next_task([whole]) is None
