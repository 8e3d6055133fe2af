"""Which arithmetic a run trains in: the faster one, or the one that its study was begun with."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from optuna.storages import RDBStorage

from study.config import StudyConfig
from study.errors import WorkerError
from study.studies import stored_precision
from study.work import PrecisionWork, SpeedUpWork
from study.workers import Tasks, Work, Workers, ask
from study.workers.tasks import Result, Task

logger = logging.getLogger(__name__)

SLOW = 1 / 1.5
"""A precision that makes less than this of the other one's speed is worth a warning."""

N_MEASUREMENTS = 3
"""The median counts."""


def trainers(storage: RDBStorage, config: StudyConfig, workers: Workers) -> tuple[str, Workers]:
    """Return the precision to train in, "float32" or "bfloat16", and who is to train in it.

    Args:
        storage: Where the study may have been begun.
        config: What was asked for.
        workers: Who can measure which is faster, and train.
    """
    if config.search.precision != "auto":
        remedy = "Give --precision auto for the faster one."
        return config.search.precision, _wary(workers, config.search.precision, remedy)
    # A continued study keeps the arithmetic it was begun with: its scores must compare.
    stored = stored_precision(storage, config)
    if stored is not None:
        remedy = (
            f"Study {config.name!r} was begun in it, and scores in float32 would not compare: "
            "continue it on a machine like its first, or give --name for a new study."
        )
        return stored, _wary(workers, stored, remedy)
    n_trials = config.search.n_trials * len(config.families)
    chosen = ask(workers, PrecisionWork(), "auto", n_to_follow=n_trials - 1)
    logger.info("Training computes in %s.", chosen)
    return chosen, workers


def _wary(workers: Workers, precision: str, remedy: str) -> Workers:
    # Where a processor has no bfloat16 of its own it takes many times as long; float32 at worst
    # forgoes what bfloat16 gains.
    return _Wary(workers=workers, remedy=remedy) if precision == "bfloat16" else workers


@dataclass(kw_only=True)
class _Wary:
    """Workers who, before they train in bfloat16, warn once where that is slow."""

    workers: Workers
    remedy: str
    has_measured: bool = False

    def run(self, work: Work[Task, Result], tasks: Tasks[Task, Result]) -> None:
        if tasks.n_left() and not self.has_measured:
            self.has_measured = True
            self._warn_if_slow()
        self.workers.run(work, tasks)

    def _warn_if_slow(self) -> None:
        try:
            speed_up = ask(self.workers, SpeedUpWork(), N_MEASUREMENTS)
        except WorkerError as error:  # Nobody asked to measure: training may still go well.
            logger.debug("Whether bfloat16 is slow here was not measured: %s", error)
            return
        if speed_up < SLOW:
            logger.warning(
                "On this machine training takes about %.2g times as long in bfloat16 as in "
                "float32. %s",
                1 / speed_up,
                self.remedy,
            )
