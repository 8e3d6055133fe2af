"""The whole job: search, finalists, winners, retraining. Worker processes do all the training."""

from __future__ import annotations

import functools
import itertools
import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

import optuna
from optuna.storages import RDBStorage

from search_spaces import SPACES
from study import arithmetic, surrogate
from study.ablation import ablation_runs, path_attrs, plan
from study.attributes import common_attrs, retrained_attrs, space_attrs
from study.byte_coding import encode_bytes
from study.checkpoints import delete_checkpoints
from study.config import StudyConfig
from study.datasets import DATASETS, Images, Sample
from study.draws import sample_of_draw
from study.family_search import FamilySearch
from study.heartbeat import Heartbeat, beating, last_beats, refuse_others
from study.keras_tuner.scheduler import TunerScheduler
from study.matching import size_matches
from study.progress import Progress
from study.records import RETRAINED, VALIDATED, AblationPath, FamilyRecord, StudyRecord
from study.results import RetrainingTasks, check_families
from study.runs import candidates, missing_runs, planned_runs
from study.schedulers import Scheduler
from study.search import SearchTasks
from study.storage import open_for_writing, read_study
from study.studies import find_study, open_search_study, open_study
from study.validated import ValidationTasks
from study.validation_runs import (
    ValidationRun,
    finalist_runs,
    matched_runs,
    measured_runs,
    missing,
    warn_of_lacking,
)
from study.winners import pick_winners
from study.work import RetrainWork, TrialWork, ValidationWork
from study.workers import NO_GPU, Limits, WorkerPool, Workers, threads_per_worker, usable_gpus

logger = logging.getLogger(__name__)

ADVISERS: dict[str, Any] = {"n_workers": 1, "gpus": (NO_GPU,), "limits": Limits(max_tasks=1_000)}
"""KerasTuner's process trains nothing, so it leaves little behind and no GPU's memory is its."""


def run(config: StudyConfig, *, sample: Sample, progress: Progress) -> StudyRecord:
    """Search, pick the winners, retrain and test them; what is already done is not done again.

    Args:
        config: What to do.
        sample: The images to search with.
        progress: Told how far the run is.

    Returns:
        All that the database then holds of the study.
    """
    with _opened(config, sample, progress) as job:
        # Before the first sign of life: a run that is refused writes nothing.
        job.check_results()
        with beating(job.storage, _members(config)):
            job.search()
            job.validate()
            job.retrain()
    return read_study(config.storage_url, config.name)


def ablate(
    config: StudyConfig, *, sample: Sample, progress: Progress, baseline: str | None = None
) -> StudyRecord:
    """Train the path from a named configuration to each family's winner, step by step.

    Then, of two families, the larger winner's rival of the smaller one's size.

    Args:
        config: Of the study as it is; its `retrain.n_seeds` says how often each step is trained.
        sample: The images that were searched with.
        progress: Told how far the run is.
        baseline: Where to begin; the named configuration that scored highest, if not given.

    Returns:
        All that the database then holds of the study.

    Raises:
        ConfigError: If a family has no winner, or no named configuration to begin with.
    """
    with _opened(config, sample, progress) as job:
        # Before the first sign of life, as above.
        paths = job.paths(baseline)
        with beating(job.storage, _members(config)):
            job.ablate(paths)
    return read_study(config.storage_url, config.name)


@contextmanager
def _opened(config: StudyConfig, sample: Sample, progress: Progress) -> Iterator[_Job]:
    # This program's own log says the same in fewer words.
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    with (
        open_for_writing(config.storage_url) as storage,
        WorkerPool(
            n_workers=config.n_workers,
            n_threads=threads_per_worker(config.n_workers),
            gpus=usable_gpus(),
            task_timeout_seconds=config.trial_timeout_seconds,
        ) as workers,
        # Asked while trainers are at work, who need the time there is at a Ctrl-C.
        WorkerPool(**ADVISERS, n_threads=1, stop_seconds=0) as advisers,
    ):
        refuse_others(storage, _members(config))
        precision, trainers = arithmetic.trainers(storage, config, workers)
        yield _Job(
            config=config,
            sample=sample,
            progress=progress,
            trainers=trainers,
            advisers=advisers,
            storage=storage,
            earlier=last_beats(storage, _members(config)),
            precision=precision,
        )


def _members(config: StudyConfig) -> list[str]:
    # What is not there yet is claimed as it is made, see `open_search_study`.
    return [f"{config.name}/{family}" for family in config.families]


@dataclass(frozen=True, kw_only=True)
class _Job:
    config: StudyConfig
    sample: Sample
    progress: Progress
    trainers: Workers
    advisers: Workers
    storage: RDBStorage
    earlier: Mapping[str, Heartbeat]
    precision: str

    def check_results(self) -> None:
        # Before the search, not hours later: may its results join what is there?
        retrained = retrained_attrs(self.config, self._attrs())
        for member, attrs in ((VALIDATED, self._attrs()), (RETRAINED, retrained)):
            optuna_study = find_study(self.storage, f"{self.config.name}/{member}", attrs=attrs)
            if optuna_study is not None:
                check_families(optuna_study, self.config.families)
        for family in self.config.families:
            # All of them, before anything is written into one.
            attrs = self._attrs() | space_attrs(SPACES[family])
            find_study(self.storage, f"{self.config.name}/{family}", attrs=attrs)

    def search(self) -> None:
        searches = [
            FamilySearch(
                SPACES[family],
                open_search_study(self.storage, self.config, SPACES[family], attrs=self._attrs()),
                config=self.config.search,
                scheduler=self._scheduler(family),
            )
            for family in self.config.families
        ]
        for search in searches:
            search.adopt(last_beat=self.earlier.get(f"{self.config.name}/{search.family}"))
        work = TrialWork(config=self.config, sample=self.sample, precision=self.precision)
        tasks = SearchTasks(searches, config=self.config.search, progress=self.progress)
        self.trainers.run(work, tasks)
        tasks.close()
        for search in searches:
            delete_checkpoints(self.config.out, search.family, search.records())

    def _scheduler(self, family: str) -> Scheduler | None:
        config = self.config.search
        if config.engine == "keras-tuner":
            return TunerScheduler(SPACES[family], config=config, workers=self.advisers)
        return None

    def validate(self) -> None:
        config = self.config
        record, families = self._records()
        finalists = finalist_runs(
            families, n_finalists=config.retrain.n_finalists, n_seeds=config.retrain.n_seeds
        )
        measured = measured_runs(
            [SPACES[family] for family in config.families],
            n_trials=config.search.n_measured,
            base_seed=config.search.seed,
        )
        self._validate((*finalists, *measured), record)

    def paths(self, baseline: str | None) -> list[AblationPath]:
        record, families = self._records()
        epochs = self.config.search.epochs
        return [
            plan(
                family,
                record,
                baseline=baseline,
                fit=functools.partial(surrogate.fit, family, epochs=epochs),
            )
            for family in families
        ]

    def ablate(self, paths: Sequence[AblationPath]) -> None:
        record, families = self._records()
        # What the search was asked for stays: these settings are of what was trained.
        optuna_study = self._validated_study(keeps_settings=True)
        stored = optuna_study.user_attrs.get("ablation", {})
        attrs = {**stored, **{path.family: path_attrs(path) for path in paths}}
        optuna_study.set_user_attr("ablation", attrs)
        n_seeds = self.config.retrain.n_seeds
        matches = size_matches(families, record.validated)
        planned = (*ablation_runs(paths, n_seeds=n_seeds), *matched_runs(matches, n_seeds=n_seeds))
        self._validate(planned, record, optuna_study)

    def _validate(
        self,
        planned: Sequence[ValidationRun],
        record: StudyRecord,
        optuna_study: optuna.Study | None = None,
    ) -> None:
        runs = missing(planned, record.validated)
        if not runs:
            return
        self.progress.validation_started(len(planned) - len(runs), target=len(planned))
        work = ValidationWork(config=self.config, sample=self.sample, precision=self.precision)
        optuna_study = optuna_study or self._validated_study()
        tasks = ValidationTasks(optuna_study, runs, progress=self.progress)
        self.trainers.run(work, tasks)

    def _validated_study(self, *, keeps_settings: bool = False) -> optuna.Study:
        attrs = self._attrs()
        attrs["validation_labels"] = encode_bytes(self.sample.validation.labels.tobytes())
        name = f"{self.config.name}/{VALIDATED}"
        if keeps_settings and (found := find_study(self.storage, name, attrs=attrs)) is not None:
            attrs["settings"] = found.user_attrs.get("settings", attrs["settings"])
        return open_study(self.storage, name, attrs=attrs, metric="validation accuracy")

    def retrain(self) -> None:
        config = self.config
        record, families = self._records()
        winners = pick_winners(families, record.validated)
        for family in {family.family for family in families} - {one.family for one in winners}:
            logger.warning("No trial of %s completed: it has no winner to retrain.", family)
        warn_of_lacking(families, record.validated, asked_for=config.retrain)
        planned = planned_runs(
            candidates(winners, baselines=config.retrain.baselines),
            n_seeds=config.retrain.n_seeds,
            n_draws=config.retrain.n_draws,
        )
        left = missing_runs(planned, (*record.retrained, *record.redrawn))
        self.progress.retraining_started(len(planned) - len(left), target=len(planned))
        if not left:
            return
        test = DATASETS[config.dataset].load_test(config.data_dir)
        optuna_study = self._retrained_study(test)
        # One draw after another, so that only one is in memory, here and in the workers.
        for draw, runs in itertools.groupby(left, key=attrgetter("draw")):
            sample = sample_of_draw(config, draw) if draw else self.sample
            work = RetrainWork(
                config=config, train=sample.whole, test=test, precision=self.precision
            )
            tasks = RetrainingTasks(
                optuna_study,
                list(runs),
                models_dir=config.out / "models",
                progress=self.progress,
            )
            self.trainers.run(work, tasks)

    def _records(self) -> tuple[StudyRecord, list[FamilyRecord]]:
        """Return what the database knows of the study, and of it the families of this run."""
        record = read_study(self.config.storage_url, self.config.name)
        wanted = self.config.families
        return record, [family for family in record.families if family.family in wanted]

    def _retrained_study(self, test: Images) -> optuna.Study:
        attrs = retrained_attrs(self.config, self._attrs())
        attrs["test_labels"] = encode_bytes(test.labels.tobytes())
        attrs["dataset"]["n_test"] = len(test)
        name = f"{self.config.name}/{RETRAINED}"
        return open_study(self.storage, name, attrs=attrs, metric="test accuracy")

    def _attrs(self) -> dict[str, Any]:
        dataset = DATASETS[self.config.dataset]
        return common_attrs(self.config, dataset, self.sample, precision=self.precision)
