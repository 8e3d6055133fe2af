"""Searches whose trials pause and go on."""

from __future__ import annotations

from dataclasses import replace

import optuna
import pytest
from optuna.distributions import IntDistribution
from optuna.trial import TrialState

from study.config import SearchConfig
from study.proposals import propose
from study.schedulers import SCHEDULERS, TrialProgress, make_scheduler
from tests.study import small
from tests.study.quick_search import configurations, read, run, stop_at

SETTINGS = SearchConfig(
    n_trials=12, epochs=9, fraction=1.0, precision="float32", sampler="random", pruner="asha"
)
BOTH = [replace(SETTINGS, pruner=pruner) for pruner in SCHEDULERS]
ONLY = {"families": ("alpha",)}


def epochs(trial):
    return [epoch for epoch, _ in trial.validation_accuracy]


@pytest.fixture(scope="module", params=BOTH, ids=SCHEDULERS)
def searched(request, tmp_path_factory):
    """Settings, and the trials of a search with them that ran to its end in one piece."""
    folder = tmp_path_factory.mktemp("whole")
    run(folder, settings=request.param, **ONLY)
    return request.param, read(folder)["alpha"]


def asked_for(settings, found, *, n_ended=0):
    """Return the epochs of each trial that the scheduler asks for, the first having ended."""

    def progress(number, n_epochs, **state):
        units = found[number].params["units"]
        scores = [units / 512 * epoch / 9 for epoch in range(1, n_epochs + 1)]
        return TrialProgress(number=number, scores=scores, **state)

    scheduler = make_scheduler(settings.pruner, n_trials=settings.n_trials, epochs=9)
    trials = [
        progress(number, len(epochs(trial)), has_failed=trial.state == "PRUNED")
        for number, trial in enumerate(found[:n_ended])
    ]
    while task := scheduler.next_task(trials):
        number = len(trials) if task.trial is None else task.trial
        trials[number : number + 1] = [progress(number, task.until_epoch)]
    return [len(trial.scores) for trial in trials]


def test_few_trials_are_trained_to_the_end_and_the_best_of_all_is_among_them(searched):
    _, trials = searched
    assert {trial.state for trial in trials} == {"COMPLETE", "PRUNED"}
    whole = [trial for trial in trials if trial.state == "COMPLETE"]
    # Scores grow in proportion to `units`, so the best is the best from the first epoch on.
    assert max(trials, key=lambda trial: trial.params["units"]) in whole
    assert len(whole) < len(trials) / 2
    for trial in trials:
        assert epochs(trial) == list(range(1, len(epochs(trial)) + 1))
        assert (len(epochs(trial)) == SETTINGS.epochs) == (trial.state == "COMPLETE")


def test_the_epochs_trained_are_those_that_the_scheduler_asks_for(searched):
    settings, found = searched
    assert [len(epochs(trial)) for trial in found] == asked_for(settings, found)


@pytest.mark.parametrize("k", [2, 7, 16])
def test_an_interrupted_search_ends_as_one_that_was_not(searched, tmp_path, k):
    settings, whole = searched
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, settings=settings, stop=stop_at(k), **ONLY)
    run(tmp_path, settings=settings, **ONLY)
    pieces = read(tmp_path)["alpha"]
    assert configurations(whole) == configurations(pieces)
    assert [epochs(trial) for trial in whole] == [epochs(trial) for trial in pieces]
    assert [trial.state for trial in whole] == [trial.state for trial in pieces]


@pytest.mark.parametrize("settings", BOTH)
def test_a_search_that_is_extended_ranks_new_trials_among_the_old(tmp_path, settings):
    run(tmp_path, settings=replace(settings, n_trials=6), **ONLY)
    before = read(tmp_path)["alpha"]
    run(tmp_path, settings=settings, **ONLY)
    after = read(tmp_path)["alpha"]
    assert after[:6] == before
    assert [trial.state for trial in after].count("RUNNING") == 0
    assert [len(epochs(trial)) for trial in after] == asked_for(settings, after, n_ended=6)
    # Among themselves alone another number of the new ones would go on.
    alone = [len(epochs(trial)) for trial in after[6:]]
    assert alone != asked_for(replace(settings, n_trials=6), after[6:])


class Watching(optuna.samplers.RandomSampler):
    """Notes what it is shown."""

    def sample_relative(self, study, trial, search_space):
        self.seen = [(t.state, t.params["units"], t.intermediate_values) for t in study.trials[:-1]]
        return {}


def test_a_sampler_learns_from_paused_trials_and_knows_those_under_way():
    space = {"units": IntDistribution(2, 512)}

    def trial(state, units, scores, value=None):
        return optuna.create_trial(
            state=state,
            value=value,
            params={"units": units},
            distributions=space,
            intermediate_values=scores,
        )

    trials = [
        trial(TrialState.COMPLETE, 10, {1: 0.1, 2: 0.2}, value=0.2),
        trial(TrialState.PRUNED, 20, {1: 0.1}),
        trial(TrialState.RUNNING, 30, {1: 0.3}),
        trial(TrialState.RUNNING, 40, {}),
        optuna.create_trial(state=TrialState.FAIL),
        optuna.create_trial(state=TrialState.WAITING),
    ]
    sampler = Watching(seed=0)
    params = propose(trials, small.space(), sampler)
    assert sampler.seen == [
        (TrialState.COMPLETE, 10, {1: 0.1, 2: 0.2}),
        (TrialState.PRUNED, 20, {1: 0.1}),
        (TrialState.PRUNED, 30, {1: 0.3}),
        (TrialState.RUNNING, 40, {}),
    ]
    assert set(params) == set(small.space().roles)
