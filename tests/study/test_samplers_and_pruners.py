"""Every sampler, pruner and scheduler, through one shared contract."""

from __future__ import annotations

from dataclasses import replace

import optuna
import pytest
from optuna.trial import TrialState

from study.pruners import PRUNERS
from study.samplers import SAMPLERS, n_startup_trials
from study.schedulers import SCHEDULERS
from tests.study import small
from tests.study.quick_search import SETTINGS, configurations, read, run

PLUG_INS = [(sampler, "none") for sampler in SAMPLERS]
PLUG_INS += [("random", pruner) for pruner in (*SCHEDULERS, *PRUNERS)]


@pytest.mark.parametrize(("sampler", "pruner"), PLUG_INS)
def test_every_sampler_and_pruner_runs_a_search_to_its_end(tmp_path, sampler, pruner):
    settings = replace(SETTINGS, n_trials=12, epochs=9, sampler=sampler, pruner=pruner)
    run(tmp_path, settings=settings, families=("alpha",))
    trials = read(tmp_path)["alpha"]
    assert [trial.number for trial in trials] == list(range(12))
    assert {trial.state for trial in trials} <= {"COMPLETE", "PRUNED"}
    assert any(trial.state == "COMPLETE" for trial in trials)
    assert len(set(configurations(trials))) == 12
    if pruner == "none":
        assert {trial.state for trial in trials} == {"COMPLETE"}
    for trial in trials:
        assert set(trial.params) == set(small.space("alpha").roles)
        assert 2 <= trial.params["units"] <= 512


@pytest.mark.parametrize("pruner", [name for name in PRUNERS if name != "none"])
def test_every_pruner_stops_a_hopeless_trial_and_spares_the_best(pruner):
    optuna_study = optuna.create_study(direction="maximize", pruner=PRUNERS[pruner](9))
    for accuracy in (*(0.5 + number / 100 for number in range(12)), 0.9, 0.01, 0.01, 0.01):
        trial = optuna_study.ask()
        for epoch in range(1, 10):
            trial.report(accuracy, step=epoch)
            if epoch < 9 and trial.should_prune():
                optuna_study.tell(trial, state=TrialState.PRUNED)
                break
        else:
            optuna_study.tell(trial, accuracy)
    states = [trial.state for trial in optuna_study.get_trials()]
    assert states[12] == TrialState.COMPLETE
    assert TrialState.PRUNED in states[13:]


@pytest.mark.parametrize("epochs", [1, 2, 3])
@pytest.mark.parametrize("pruner", PRUNERS)
def test_every_pruner_takes_short_trials(pruner, epochs):
    optuna_study = optuna.create_study(direction="maximize", pruner=PRUNERS[pruner](epochs))
    for accuracy in (0.5, 0.6, 0.1):
        trial = optuna_study.ask()
        for epoch in range(1, epochs + 1):
            trial.report(accuracy, step=epoch)
            assert trial.should_prune() in (True, False)
        optuna_study.tell(trial, accuracy)


@pytest.mark.parametrize(
    ("n_trials", "expected"), [(1, 10), (20, 10), (30, 12), (50, 20), (100, 20), (5000, 20)]
)
def test_tpe_has_its_say_in_small_searches_and_waits_for_twenty_trials_in_large_ones(
    n_trials, expected
):
    assert n_startup_trials(n_trials) == expected
    assert SAMPLERS["tpe"](0, n_trials)._n_startup_trials == expected
