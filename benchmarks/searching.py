"""Run the search of a study as `python -m study run` does, without what comes after it."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import optuna
from optuna.trial import FrozenTrial
from rich.console import Console

from search_spaces import SPACES
from study.attributes import common_attrs
from study.config import RetrainConfig, SearchConfig, StudyConfig
from study.datasets import DATASETS, Sample, default_data_dir, draw_sample
from study.family_search import FamilySearch
from study.progress import Progress
from study.search import SearchTasks
from study.storage import open_for_writing
from study.studies import open_search_study
from study.work import TrialWork
from study.workers import WorkerPool, threads_per_worker, usable_gpus
from study.workers.worker import Limits


def load_sample(dataset: str, search: SearchConfig) -> Sample:
    """Return the sample that a study of a dataset searches with."""
    plug_in = DATASETS[dataset]
    return draw_sample(
        plug_in.load_training(default_data_dir()),
        n_classes=plug_in.n_classes,
        fraction=search.fraction,
        seed=search.seed,
    )


def search_families(
    dataset: str,
    search: SearchConfig,
    *,
    sample: Sample,
    n_workers: int,
    folder: Path,
    limits: Limits | None = None,
    families: Sequence[str] = tuple(SPACES),
) -> list[FrozenTrial]:
    """Search families in a new database and return their trials, in the order they began.

    Args:
        dataset: Key of `study.datasets.DATASETS`.
        search: How to search; its precision is not "auto".
        sample: As `load_sample` gives it.
        n_workers: Processes that train.
        folder: Where the database is made.
        limits: When a worker is replaced; None for the default.
        families: Keys of `search_spaces.SPACES`.
    """
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    pool = WorkerPool(
        n_workers=n_workers,
        n_threads=threads_per_worker(n_workers),
        gpus=usable_gpus(),
        limits=limits or Limits(),
    )
    begun = begun_search(dataset, search, sample=sample, folder=folder, families=families)
    with begun as (config, tasks, studies), pool as workers:
        workers.run(TrialWork(config=config, sample=sample, precision=search.precision), tasks)
        tasks.close()
        trials = [trial for one in studies.values() for trial in one.get_trials()]
    begun_trials = [trial for trial in trials if trial.datetime_start is not None]
    return sorted(begun_trials, key=lambda trial: (trial.datetime_start, trial.number))


@contextmanager
def begun_search(
    dataset: str,
    search: SearchConfig,
    *,
    sample: Sample,
    folder: Path,
    families: Sequence[str] = tuple(SPACES),
) -> Iterator[tuple[StudyConfig, SearchTasks, dict[str, optuna.Study]]]:
    """Give a new study, its tasks, and its Optuna studies by family; see `search_families`."""
    config = StudyConfig(
        name="benchmark",
        dataset=dataset,
        families=tuple(families),
        storage_url=f"sqlite:///{folder / 'benchmark.db'}",
        data_dir=default_data_dir(),
        out=folder,
        search=search,
        retrain=RetrainConfig(),
    )
    attrs = common_attrs(config, DATASETS[dataset], sample, precision=search.precision)
    with open_for_writing(config.storage_url) as storage:
        studies = {
            family: open_search_study(storage, config, SPACES[family], attrs=attrs)
            for family in families
        }
        searches = [
            FamilySearch(SPACES[family], optuna_study, config=search)
            for family, optuna_study in studies.items()
        ]
        silent = Progress(console=Console(file=io.StringIO()), quiet=True)
        yield config, SearchTasks(searches, config=search, progress=silent), studies
