"""Several processes and one SQLite file: no trial twice, none lost, none left behind."""

from __future__ import annotations

import functools
import itertools
from dataclasses import replace

from optuna.trial import TrialState

from study.attributes import common_attrs
from study.config import SearchConfig
from study.family_search import FamilySearch
from study.search import SearchTasks
from study.storage import open_for_writing, read_study
from study.studies import open_search_study
from study.workers import WorkerPool
from study.workers.worker import Limits
from tests.study import small
from tests.study.quick_work import AskingWork, QuickWork, die_once
from tests.study.toy_work import ToyTasks

FAMILIES = ("alpha", "beta")
SETTINGS = SearchConfig(
    epochs=1, fraction=1.0, precision="float32", sampler="random", pruner="none"
)


QUEUED = [{**small.NUISANCE, "units": units} for units in range(100, 110)]


def search(folder, *, n_trials, n_workers, before=int):
    """Search both families with real processes and return the trials of each."""
    settings = replace(SETTINGS, n_trials=n_trials)
    config = small.config(folder, families=FAMILIES, search=settings)
    attrs = common_attrs(config, small.dataset(), small.sample(), precision="float32")
    with (
        open_for_writing(config.storage_url) as storage,
        WorkerPool(n_workers=n_workers, n_threads=1, limits=Limits(max_tasks=100)) as workers,
    ):
        studies = [
            open_search_study(storage, config, small.space(family), attrs=attrs)
            for family in FAMILIES
        ]
        for optuna_study, params in itertools.product(studies, QUEUED):
            optuna_study.enqueue_trial(params)
        searches = [
            FamilySearch(small.space(family), optuna_study, config=settings)
            for family, optuna_study in zip(FAMILIES, studies, strict=True)
        ]
        tasks = SearchTasks(searches, config=settings, progress=small.silent_progress())
        workers.run(QuickWork(config=config, before=before), tasks)
    record = read_study(config.storage_url, config.name)
    return {family.family: family.trials for family in record.families}


def configuration(params):
    return tuple(sorted(params.items()))


def test_200_fast_trials_of_4_workers_are_each_run_once(tmp_path):
    named = list(small.space().baselines.values())
    for trials in search(tmp_path, n_trials=100, n_workers=4).values():
        assert [trial.number for trial in trials] == list(range(100))
        assert {trial.state for trial in trials} == {"COMPLETE"}
        assert [trial.value for trial in trials] == [t.params["units"] / 512 for t in trials]
        tried = [configuration(trial.params) for trial in trials]
        assert len(set(tried)) == 100
        assert set(tried[:12]) == {configuration(params) for params in (*named, *QUEUED)}
    assert [path.name for path in tmp_path.glob("studies.db*")] == ["studies.db"]


def test_a_trial_whose_process_is_killed_goes_on_in_another_process(tmp_path):
    n_trials = len(QUEUED) + 4
    die = functools.partial(die_once, tmp_path / "note")
    for trials in search(tmp_path, n_trials=n_trials, n_workers=2, before=die).values():
        assert [trial.number for trial in trials] == list(range(n_trials))
        assert {trial.state for trial in trials} == {"COMPLETE"}
        assert len({configuration(trial.params) for trial in trials}) == n_trials
    assert (tmp_path / "note").exists()


def test_processes_that_ask_for_trials_at_the_same_time_never_get_the_same(tmp_path):
    config = small.config(tmp_path, families=("alpha",), search=SETTINGS)
    attrs = common_attrs(config, small.dataset(), small.sample(), precision="float32")
    space = small.space("alpha", baselines={})
    asks = ToyTasks(range(40))
    with (
        open_for_writing(config.storage_url) as storage,
        WorkerPool(n_workers=4, n_threads=1, limits=Limits(max_tasks=100)) as workers,
    ):
        optuna_study = open_search_study(storage, config, space, attrs=attrs)
        for units in range(2, 32):
            optuna_study.enqueue_trial({"units": units})
        workers.run(AskingWork(config), asks)
        states = {trial.state for trial in optuna_study.get_trials()}
    assert states == {TrialState.COMPLETE}
    assert sorted(number for number, _ in asks.results.values()) == list(range(40))
    assert sorted(units for number, units in asks.results.values() if number < 30) == list(
        range(2, 32)
    )
