"""Trials of a search, run in this process with a stopwatch at all that they do.

This file imports TensorFlow.
"""

from __future__ import annotations

import dataclasses
import gc
import statistics
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest import mock

import keras
import optuna

import study.objective
from benchmarks.stopwatch import Stopwatch
from search_spaces import SearchSpace
from study.config import StudyConfig
from study.datasets import DATASETS, Sample
from study.objective import Objective
from study.samplers import SAMPLERS
from study.seeds import derive_seed
from study.training.evaluation import Scorer
from study.training.loop import Training
from study.training.tensorflow_steps import TensorFlowSteps
from study.trials import TrialFailedError

TRAINING = "training and validating"
SAMPLING, BUILDING, TRACING = "sampling", "building", "tracing"
STORAGE, CLEARING, REST = "storage and pruner", "clearing up", "the rest"
KINDS = (TRAINING, SAMPLING, BUILDING, TRACING, STORAGE, CLEARING, REST)

_EXTRA = "measuring"
"""Done by the stopwatch alone; not part of a trial."""

CALLS: tuple[tuple[Any, str, str], ...] = (
    (optuna.Study, "ask", SAMPLING),
    (optuna.Study, "tell", STORAGE),
    (optuna.Trial, "set_user_attr", STORAGE),
    (optuna.Trial, "report", STORAGE),
    (optuna.Trial, "should_prune", STORAGE),
    (study.objective, "forward_flops", BUILDING),
    (Training, "__init__", BUILDING),
    (Training, "run_epoch", TRAINING),
    (keras.backend, "clear_session", CLEARING),
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


def run_trial(
    space: SearchSpace,
    optuna_study: optuna.Study,
    *,
    config: StudyConfig,
    sample: Sample,
    precision: str,
) -> TrialTimes:
    """Ask for a trial, train it as a search does, tell its end, and return where its time went."""
    watch = Stopwatch()
    epochs = []
    objective = Objective(
        space=dataclasses.replace(
            space,
            build=watch.timed(BUILDING, space.build),
            suggest_architecture=watch.timed(SAMPLING, space.suggest_architecture),
        ),
        dataset=DATASETS[config.dataset],
        sample=sample,
        config=config.search,
        precision=precision,
        on_epoch=lambda _family, _trial, scores: epochs.append(scores.epoch),
    )
    with _watched(watch):
        start = time.perf_counter()
        seed = derive_seed(config.search.seed, space.name, "sampler", len(optuna_study.trials))
        optuna_study.sampler = SAMPLERS[config.search.sampler](seed)
        _run(objective, optuna_study)
        total = time.perf_counter() - start
    total -= watch.seconds.pop(_EXTRA, 0.0)
    watch.seconds[REST] = total - sum(watch.seconds.values())
    seconds = {kind: watch.seconds.get(kind, 0.0) for kind in KINDS}
    return TrialTimes(family=space.name, epochs=len(epochs), seconds=seconds)


def _run(objective: Callable[[optuna.Trial], float], optuna_study: optuna.Study) -> None:
    trial = optuna_study.ask()
    try:
        optuna_study.tell(trial, objective(trial))
    except optuna.TrialPruned:
        optuna_study.tell(trial, state=optuna.trial.TrialState.PRUNED)
    except TrialFailedError:
        optuna_study.tell(trial, state=optuna.trial.TrialState.FAIL)


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
