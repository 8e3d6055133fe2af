"""What KerasTuner's Gaussian process proposes while other trials are under way."""

from __future__ import annotations

from dataclasses import replace

import optuna
import pytest
from keras_tuner.oracles import BayesianOptimizationOracle

from study.config import SearchConfig
from study.keras_tuner import oracles
from study.keras_tuner.adapter import to_params
from study.keras_tuner.scheduler import TunerScheduler
from study.keras_tuner.tuners import TUNERS, Past
from study.schedulers import Task, TrialProgress
from tests.study import small
from tests.study.quick_tuning import score, stay_at_random_points

N_COMPLETED, EPOCHS = 14, 3


@pytest.fixture(autouse=True)
def _quick_acquisition(monkeypatch):
    stay_at_random_points(monkeypatch)


def trial(number, params, *, is_running=False):
    scores = () if is_running else (score(params),) * EPOCHS
    return TrialProgress(
        number=number,
        scores=scores,
        is_running=is_running,
        has_failed=False,
        params=params,
        attrs={},
    )


def completed():
    optuna_study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    asked = [optuna_study.ask() for _ in range(N_COMPLETED)]
    for one in asked:
        small.space().suggest(one)
    return [trial(one.number, one.params) for one in asked]


def past(*trials):
    return Past(
        space=small.space(),
        trials=trials,
        proposer="keras-tuner/bayesian",
        epochs=EPOCHS,
        n_trials=40,
        seed=7,
    )


def wanted(known, *, imagines):
    """Return the configuration that the process wants, whether or not it was tried."""
    n_random = oracles.n_initial_points(known)
    oracle = oracles.informed(BayesianOptimizationOracle, known, num_initial_points=n_random)
    if imagines:
        oracles.imagine_running(oracle, known)
    return to_params(known.space, oracle.populate_space("next")["values"])


def test_the_bayesian_tuner_does_not_want_what_is_under_way():
    first = TUNERS["bayesian"](past(*completed())).params
    busy = past(*completed(), trial(N_COMPLETED, first, is_running=True))
    assert wanted(busy, imagines=False) == first

    second = TUNERS["bayesian"](busy).params

    assert second == wanted(busy, imagines=True) != first
    # It still goes by what it has learnt.
    assert score(second) > sorted(one.scores[-1] for one in completed())[N_COMPLETED // 2]


def test_a_trial_under_way_before_any_score_is_known_disturbs_nobody():
    (first,) = completed()[:1]
    busy = past(trial(0, first.params, is_running=True))
    assert TUNERS["bayesian"](busy).params != first.params


class Answering:
    """A worker that gives every question the same answer, and keeps what it was told."""

    def __init__(self):
        self.told = []

    def run(self, work, tasks):
        while (past := tasks.next_task()) is not None:
            self.told.append(past)
            tasks.done(past, Task(trial=None, until_epoch=EPOCHS, params={}))


def test_a_tuner_is_not_asked_again_because_a_trial_under_way_goes_on():
    workers = Answering()
    settings = SearchConfig(engine="keras-tuner", tuner="bayesian", epochs=EPOCHS)
    scheduler = TunerScheduler(small.space(), config=settings, workers=workers)
    done = completed()
    begun = trial(N_COMPLETED, done[0].params, is_running=True)
    later = replace(begun, scores=(0.5,), attrs={"training_loss": [1.0], "sampler": "baseline"})
    begun = replace(begun, attrs={"sampler": "baseline"})

    answers = [scheduler.next_task([*done, one]) for one in (begun, later)]
    assert answers[0] is answers[1]
    assert len(workers.told) == 1

    scheduler.next_task([*done, replace(later, is_running=False, scores=(0.5,) * EPOCHS)])
    assert len(workers.told) == 2
