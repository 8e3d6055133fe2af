"""Real trials in processes: bounded memory, and scores that do not depend on who trains."""

from __future__ import annotations

import gc
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from multiprocessing import get_context

import psutil
import pytest

from benchmarks.memory import MOST_MIB
from search_spaces import SPACES
from study.attributes import common_attrs
from study.config import SearchConfig
from study.datasets import DATASETS
from study.family_search import FamilySearch
from study.samplers import N_STARTUP_TRIALS
from study.search import SearchTasks
from study.storage import open_for_writing, read_study
from study.studies import open_search_study
from study.workers import WorkerPool, threads_per_worker
from study.workers.worker import Limits
from tests.study import small
from tests.study.local_workers import LocalWorkers
from tests.study.small_work import SmallTrialWork

MEBIBYTE = 2**20
SETTINGS = SearchConfig(n_trials=100, epochs=1, fraction=1.0, precision="float32", pruner="none")
MAX_TASKS = Limits().max_tasks


class WatchedTasks(SearchTasks):
    """Looks at the memory of the parent and of its workers after each trial."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.parent_bytes, self.worker_bytes = [], {}

    def done(self, task, result):
        super().done(task, result)
        self.parent_bytes.append(psutil.Process().memory_info().rss)
        worker = self._searches[task.family].trial(task).user_attrs["worker"]["pid"]
        if psutil.pid_exists(worker):
            used = self.worker_bytes.setdefault(worker, [])
            used.append(psutil.Process(worker).memory_info().rss)
        if len(self.parent_bytes) == self.n_wanted < SETTINGS.n_trials:
            raise KeyboardInterrupt


def search(folder, workers, *, n_trials=SETTINGS.n_trials):
    """Search until so many trials have ended; return the memory seen, parent's and workers'."""
    config = small.config(folder, search=SETTINGS)
    attrs = common_attrs(config, small.dataset(), small.sample(), precision="float32")
    with open_for_writing(config.storage_url) as storage, workers:
        optuna_study = open_search_study(storage, config, small.space(), attrs=attrs)
        tasks = WatchedTasks(
            [FamilySearch(small.space(), optuna_study, config=SETTINGS)],
            config=SETTINGS,
            progress=small.silent_progress(),
        )
        tasks.n_wanted = n_trials
        work = SmallTrialWork(config=config, sample=small.sample(), precision="float32")
        with suppress(KeyboardInterrupt):
            workers.run(work, tasks)
    return tasks.parent_bytes, tasks.worker_bytes


def trials_in(folder):
    config = small.config(folder, search=SETTINGS)
    (family,) = read_study(config.storage_url, config.name).families
    return family.trials


def search_with_processes(folder):
    return search(folder, WorkerPool(n_workers=1, n_threads=threads_per_worker(1)))


@pytest.fixture(scope="module")
def searched(tmp_path_factory):
    """A hundred trials in a row, by one worker after another; the folder and the memory seen.

    In a process of its own: this one may hold what other tests left, TensorFlow to begin with.
    """
    folder = tmp_path_factory.mktemp("searched")
    with ProcessPoolExecutor(max_workers=1, mp_context=get_context("spawn")) as own:
        parent_bytes, worker_bytes = own.submit(search_with_processes, folder).result()
    return folder, parent_bytes, worker_bytes


def test_memory_stays_bounded_over_a_hundred_trials(searched):
    folder, parent_bytes, worker_bytes = searched
    assert len(trials_in(folder)) == SETTINGS.n_trials
    assert [len(used) for used in worker_bytes.values()] == 4 * [MAX_TASKS]
    assert max(parent_bytes) < MOST_MIB["parent"] * MEBIBYTE
    assert max(map(max, worker_bytes.values())) < MOST_MIB["largest worker"] * MEBIBYTE
    for used in worker_bytes.values():
        assert used[-1] - used[0] < MAX_TASKS * 12 * MEBIBYTE
    # A successor begins where its predecessor began, not where it ended.
    beginnings = [used[0] for used in worker_bytes.values()]
    assert max(beginnings) - min(beginnings) < 100 * MEBIBYTE
    assert parent_bytes[-1] - parent_bytes[5] < 30 * MEBIBYTE


def test_scores_and_suggestions_do_not_depend_on_the_process(searched, tmp_path, monkeypatch):
    trials = trials_in(searched[0])
    # What other tests left makes it slow; a worker's own process has nothing to look through.
    monkeypatch.setattr(gc, "collect", lambda: 0)
    # Registered by the work, which here is opened in the process of all other tests.
    monkeypatch.setitem(DATASETS, "stripes", small.dataset())
    monkeypatch.setitem(SPACES, "small", small.space())
    search(tmp_path, LocalWorkers(), n_trials=N_STARTUP_TRIALS + 3)
    for one, other in zip(trials_in(tmp_path), trials[: N_STARTUP_TRIALS + 3], strict=True):
        assert (one.params, one.seed) == (other.params, other.seed)
        assert one.validation_accuracy == other.validation_accuracy
        assert one.training_loss == other.training_loss
