"""The emulator, on made-up curves, and searches that it answers."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from scipy.stats import spearmanr

from benchmarks import emulated_search
from benchmarks.emulated_contenders import (
    DEFAULT_SCHEDULER,
    SAMPLERS,
    SCHEDULERS,
)
from benchmarks.emulator import HEADROOM, known_curves, learn
from benchmarks.replay_policies import ROUNDS
from study.config import SearchConfig
from study.records import (
    MEASURED,
    DatasetRecord,
    FamilyRecord,
    StudyRecord,
    TrialRecord,
    ValidatedResult,
)
from study.schedulers import TrialProgress, make_scheduler
from tests.benchmarks.synthetic_curves import EPOCHS, SPACE, curve, table
from tests.benchmarks.synthetic_pool import FAMILY

pytestmark = [
    pytest.mark.usefixtures("quiet_optuna"),
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
]

EMPTY = StudyRecord(name="none", dataset=DatasetRecord(name="synthetic", classes=()), families=())
RUNGS = (2, 4, EPOCHS)


@pytest.fixture(scope="module")
def emulator():
    return learn(known_curves(table(40), EMPTY, FAMILY), SPACE, rungs=RUNGS)


def test_it_knows_recorded_drawn_and_searched_curves_and_whole_ones_alone():
    whole = tuple((epoch, 0.5) for epoch in range(1, EPOCHS + 1))
    params = dict(curve(FAMILY, 99).params)
    drawn = ValidatedResult(
        number=0,
        family=FAMILY,
        purpose=MEASURED,
        params=params,
        seed=0,
        validation_accuracy=0.5,
        validation_accuracy_by_epoch=whole,
    )
    trial = TrialRecord(number=0, state="COMPLETE", params=params, validation_accuracy=whole)
    record = replace(
        EMPTY,
        families=(
            FamilyRecord(
                family=FAMILY, trials=(trial, replace(trial, validation_accuracy=whole[:3]))
            ),
            FamilyRecord(family="alexnet_lite", trials=(trial,)),
        ),
        validated=(drawn, replace(drawn, purpose="finalist"), replace(drawn, family="other")),
    )
    assert len(known_curves(table(5), record, FAMILY)) == 5 + 1 + 1


def test_it_ranks_configurations_that_it_has_not_seen_as_training_would(emulator):
    unseen = [curve(FAMILY, index, noise=0.0) for index in range(100, 140)]
    answered = [emulator.scores(one.params)[-1] for one in unseen]
    assert spearmanr(answered, [one.validation_accuracy[-1] for one in unseen])[0] > 0.9
    assert emulator.correlation > 0.8


def test_early_scores_come_before_the_last_one_and_foretell_it_as_the_curves_do(emulator):
    known = [curve(FAMILY, index) for index in range(40)]
    expected = np.array([emulator.scores(one.params) for one in known])
    answers = expected + np.random.default_rng(0).normal(0, emulator.noise, expected.shape)
    assert np.all(np.diff(answers, axis=1).mean(axis=0) > 0)
    truly = spearmanr([one.validation_accuracy[1] for one in known], answers[:, -1])[0]
    assert spearmanr(answers[:, 0], answers[:, -1])[0] == pytest.approx(truly, abs=0.2)


def test_nothing_comes_out_much_better_than_what_is_known():
    rates = np.geomspace(1e-4, 1e-2, 15)
    known = [
        ({"rate": rate, "width": 8, "head": "flatten"}, [0.3 + number / 50] * EPOCHS)
        for number, rate in enumerate(rates)
    ]
    emulator = learn(known, SPACE, rungs=RUNGS)
    answers = [
        emulator.scores({"rate": 1e-2, "width": width, "head": head})[-1]
        for width in (8, 64)
        for head in ("average", "flatten")
    ]
    assert max(answers) <= emulator.best + HEADROOM


def random_search(emulator, scheduler, *, n_trials, named=None):
    """Search at random with a scheduler of the contenders."""
    space = SimpleNamespace(
        baselines=named or {},
        suggest=lambda trial: {
            name: trial._suggest(name, distribution) for name, distribution in SPACE.items()
        },
    )
    return emulated_search.search(
        *(emulator, space, SAMPLERS["random"]),
        scheduler=SCHEDULERS[scheduler](n_trials, EPOCHS),
        seed=1,
    )


def test_a_search_chooses_among_what_it_has_begun_and_costs_less_than_all(emulator):
    named = {"named": {"rate": 1e-3, "width": 64, "head": "average"}}
    found = random_search(emulator, "asynchronous 1/2/4, factor 3", n_trials=12, named=named)
    assert emulator.scores(named["named"])[-1] <= found["best"]
    assert found["chosen"] <= found["best"]
    assert 1 / EPOCHS < found["epochs"] < 1
    again = random_search(emulator, "asynchronous 1/2/4, factor 3", n_trials=12, named=named)
    assert again == found


@pytest.mark.parametrize(
    ("scheduler", "n_epochs"),
    [
        ("in rounds 1/2/4, factor 2", 16 * 1 + 8 * 1 + 4 * 2 + 2 * (EPOCHS - 4)),
        ("every trial to its end", 16 * EPOCHS),
    ],
)
def test_a_search_trains_as_many_epochs_as_its_scheduler_says(emulator, scheduler, n_epochs):
    found = random_search(emulator, scheduler, n_trials=16)
    assert found["epochs"] * 16 * EPOCHS == pytest.approx(n_epochs)


@pytest.mark.parametrize("name", SCHEDULERS)
def test_every_scheduler_begins_as_many_trials_as_it_is_to(name):
    scheduler = SCHEDULERS[name](SearchConfig.n_trials, SearchConfig.epochs)
    trials = []
    while task := scheduler.next_task(trials):
        assert task.until_epoch <= SearchConfig.epochs
        number = len(trials) if task.trial is None else task.trial
        trained = TrialProgress(number=number, scores=[0.0] * task.until_epoch)
        trials[number : number + 1] = [trained]
    assert len(trials) == SearchConfig.n_trials
    assert any(len(trial.scores) == SearchConfig.epochs for trial in trials)


@pytest.mark.parametrize(
    ("name", "pruner"), [(DEFAULT_SCHEDULER, SearchConfig.pruner), (ROUNDS, "rounds")]
)
def test_what_the_program_does_is_among_the_contenders_under_its_name(name, pruner):
    n_trials, epochs = SearchConfig.n_trials, SearchConfig.epochs
    of_program = make_scheduler(pruner, n_trials=n_trials, epochs=epochs)
    assert SCHEDULERS[name](n_trials, epochs) == of_program
    assert SearchConfig.sampler == "tpe"
