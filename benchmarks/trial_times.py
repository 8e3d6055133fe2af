"""Trials of a search, run in this process with a stopwatch at all that they do.

This file imports TensorFlow.
"""

from __future__ import annotations

import dataclasses
import gc
import io
import statistics
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest import mock

import optuna
from rich.console import Console

import study.objective
from benchmarks.stopwatch import Stopwatch
from search_spaces import SPACES, SearchSpace
from study.config import StudyConfig
from study.datasets import DATASETS, Sample
from study.family_search import FamilySearch
from study.objective import Objective
from study.progress import Progress
from study.search import SearchTasks
from study.training.evaluation import Scorer
from study.training.kept_models import KeptModels
from study.training.loop import Training
from study.training.tensorflow_steps import TensorFlowSteps
from study.trials import TrialTask, train_trial

TRAINING = "training and validating"
SAMPLING, BUILDING, TRACING = "scheduler and sampler", "building", "tracing"
STORAGE, CLEARING, REST = "storage and checkpoints", "clearing up", "the rest"
KINDS = (TRAINING, SAMPLING, BUILDING, TRACING, STORAGE, CLEARING, REST)

_EXTRA = "measuring"
"""Done by the stopwatch alone; not part of a trial."""

CALLS: tuple[tuple[Any, str, str], ...] = (
    (optuna.Trial, "set_user_attr", STORAGE),
    (optuna.Trial, "report", STORAGE),
    (optuna.Trial, "should_prune", STORAGE),
    (study.objective, "forward_flops", BUILDING),
    (KeptModels, "adopt", BUILDING),
    (KeptModels, "keep", BUILDING),
    (Training, "__init__", BUILDING),
    (Training, "run_epoch", TRAINING),
    (Training, "save", STORAGE),
    (Training, "restore", STORAGE),
    (gc, "collect", CLEARING),
)
"""What is timed, and as what."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class TrialTimes:
    """One trial's time.

    Attributes:
        family: The family.
        epochs: How many it trained.
        seconds: By kind, each of `KINDS`.
    """

    family: str
    epochs: int
    seconds: Mapping[str, float]

    def plus(self, other: TrialTimes) -> TrialTimes:
        """Return the time of both, of one trial that went on."""
        seconds = {kind: self.seconds[kind] + other.seconds[kind] for kind in self.seconds}
        return TrialTimes(family=self.family, epochs=self.epochs + other.epochs, seconds=seconds)


def run_search(
    studies: Mapping[str, optuna.Study], *, config: StudyConfig, sample: Sample, precision: str
) -> list[TrialTimes]:
    """Search as the program does, in this process, and return where the time of each trial went.

    What a trial needs each time that it goes on after a pause is part of it.
    """
    watch, epochs, kept_models = Stopwatch(), [], KeptModels()
    objectives = {
        family: Objective(
            space=_watched_space(SPACES[family], watch),
            dataset=DATASETS[config.dataset],
            sample=sample,
            config=config.search,
            precision=precision,
            checkpoints=config.out,
            kept_models=kept_models,
            on_epoch=lambda _family, _trial, scores: epochs.append(scores.epoch),
        )
        for family in studies
    }
    silent = Progress(console=Console(file=io.StringIO()), quiet=True)
    searches = [
        FamilySearch(SPACES[family], optuna_study, config=config.search)
        for family, optuna_study in studies.items()
    ]
    tasks = SearchTasks(searches, config=config.search, progress=silent)
    times: dict[tuple[str, int], TrialTimes] = {}
    gc.freeze()  # As a worker does.
    while True:
        watch.seconds.clear()
        epochs.clear()
        with _watched(watch):
            start = time.perf_counter()
            with watch.measure(SAMPLING):
                task = tasks.next_task()
            if task is None:
                return list(times.values())
            _train(task, objectives, studies, tasks, watch)
            total = time.perf_counter() - start
        total -= watch.seconds.pop(_EXTRA, 0.0)
        watch.seconds[REST] = total - sum(watch.seconds.values())
        seconds = {kind: watch.seconds.get(kind, 0.0) for kind in KINDS}
        key = task.family, task.trial_id
        one = TrialTimes(family=task.family, epochs=len(epochs), seconds=seconds)
        times[key] = one if key not in times else times[key].plus(one)


def _watched_space(space: SearchSpace, watch: Stopwatch) -> SearchSpace:
    return dataclasses.replace(space, build=watch.timed(BUILDING, space.build))


def _train(
    task: TrialTask,
    objectives: Mapping[str, Objective],
    studies: Mapping[str, optuna.Study],
    tasks: SearchTasks,
    watch: Stopwatch,
) -> None:
    trial = optuna.Trial(studies[task.family], task.trial_id)
    objective = objectives[task.family]
    end = train_trial(
        lambda: objective(trial, until_epoch=task.until_epoch),
        is_whole=task.until_epoch == objective.config.epochs,
    )
    with watch.measure(STORAGE):
        tasks.done(task, end)


@contextmanager
def _watched(watch: Stopwatch) -> Iterator[None]:
    steps: list[tuple[float, int]] = []
    with ExitStack() as patches:
        for owner, name, kind in CALLS:
            timed = watch.timed(kind, getattr(owner, name))
            patches.enter_context(mock.patch.object(owner, name, timed))
        for owner, name, changed in (
            (TensorFlowSteps, "run", _noting_paces(TensorFlowSteps.run, steps)),
            (Scorer, "__call__", _scoring_twice(Scorer.__call__, watch)),
        ):
            patches.enter_context(mock.patch.object(owner, name, changed))
        yield
    _move_tracing(watch, _first_call_excess(steps))


def _noting_paces(run: Any, steps: list[tuple[float, int]]) -> Any:
    def noting(self: Any, batches: Any, first_step: int) -> Any:
        start = time.perf_counter()
        result = run(self, batches, first_step)
        steps.append((time.perf_counter() - start, len(batches)))
        return result

    return noting


def _scoring_twice(score: Any, watch: Stopwatch) -> Any:
    # What a first scoring takes longer than a second one is tracing.
    seen: set[int] = set()

    def scoring(self: Any) -> Any:
        if id(self) in seen:
            return score(self)
        seen.add(id(self))
        start = time.perf_counter()
        result = score(self)
        first = time.perf_counter() - start
        with watch.measure(_EXTRA):
            start = time.perf_counter()
            score(self)
            second = time.perf_counter() - start
        _move_tracing(watch, max(0.0, first - second))
        return result

    return scoring


def _first_call_excess(steps: list[tuple[float, int]]) -> float:
    # What the first call of the steps takes longer than its steps do later.
    if len(steps) < 2:
        return 0.0
    (first, n_steps), *later = steps
    pace = statistics.median(seconds / n for seconds, n in later)
    return max(0.0, first - n_steps * pace)


def _move_tracing(watch: Stopwatch, seconds: float) -> None:
    watch.seconds[TRAINING] -= seconds
    watch.seconds[TRACING] += seconds
