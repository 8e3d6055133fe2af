"""Searches of small spaces, with trials that cost nothing."""

from __future__ import annotations

from contextlib import contextmanager
from itertools import count

import optuna

from study.attributes import common_attrs
from study.config import SearchConfig
from study.family_search import FamilySearch
from study.search import SearchTasks
from study.storage import open_for_writing, read_study
from study.studies import open_search_study
from tests.study import small
from tests.study.local_workers import LocalWorkers
from tests.study.quick_work import QuickWork, quick_training

FAMILIES = ("alpha", "beta")
SETTINGS = SearchConfig(
    n_trials=4, epochs=2, fraction=1.0, precision="float32", sampler="random", pruner="none"
)


def stop_at(k, error=KeyboardInterrupt):
    """Return a function that raises at its k-th call, from 1."""
    calls = count(1)

    def step():
        if next(calls) == k:
            raise error

    return step


def interrupted_space(family, steps):
    """Return the small space, with something that happens while it suggests."""

    def suggest(suggester):
        # As a study is opened, its space is asked what there is to choose; no trial begins then.
        happens = steps if isinstance(suggester, optuna.Trial) else {}
        happens.get("before", int)()
        units = suggester.suggest_int("units", 2, 512)
        happens.get("within", int)()
        return {"units": units}

    return small.space(family, suggest_architecture=suggest)


@contextmanager
def begun(folder, *, settings=SETTINGS, families=FAMILIES, steps=None):
    """Give a search's tasks and the searches of its families."""
    config = small.config(folder, families=families, search=settings)
    attrs = common_attrs(config, small.dataset(), small.sample(), precision="float32")
    with open_for_writing(config.storage_url) as storage:
        searches = [
            FamilySearch(
                interrupted_space(family, steps or {}),
                # A study is told of its space before any trial: that is no step of the search.
                open_search_study(storage, config, small.space(family), attrs=attrs),
                config=settings,
            )
            for family in families
        ]
        yield SearchTasks(searches, config=settings, progress=small.silent_progress()), searches


def run(folder, *, settings=SETTINGS, families=FAMILIES, stop=None, moment="after", train=None):
    """Search with quick trials and return the trials of each family."""
    config = small.config(folder, families=families, search=settings)
    steps = {} if stop is None else {moment: stop}
    work = QuickWork(config=config, before=steps.get("after", int), train=train or quick_training)
    with begun(folder, settings=settings, families=families, steps=steps) as (tasks, searches):
        try:
            LocalWorkers().run(work, tasks)
            tasks.close()
        finally:
            trials = {one.family: one.records() for one in searches}
    return trials


def read(folder):
    record = read_study(small.config(folder).storage_url, "trial-run")
    return {family.family: family.trials for family in record.families}


def counted(trials):
    """Return the trials that the budget counts."""
    finished = ("COMPLETE", "PRUNED", "FAIL")
    return [t for t in trials if t.state in finished and t.failure != "interrupted"]


def configurations(trials):
    return [tuple(sorted(trial.params.items())) for trial in trials]
