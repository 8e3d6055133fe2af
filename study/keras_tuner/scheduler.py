"""KerasTuner as a scheduler: it is asked in a process of its own, as it imports TensorFlow."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from search_spaces import SearchSpace
from study.config import SearchConfig
from study.keras_tuner.places import KEY, place_of
from study.keras_tuner.tuners import TUNERS, Past
from study.schedulers import Task, TrialProgress
from study.seeds import derive_seed
from study.start_backend import import_backend
from study.workers import Workers, ask

logger = logging.getLogger(__name__)


READ = (KEY, "sampler")
"""What tuners read of a trial's attributes."""


@dataclass(frozen=True, kw_only=True)
class TunerWork:
    """Ask one of KerasTuner's tuners what it wants next.

    Attributes:
        tuner: Key of TUNERS.
    """

    tuner: str

    @contextmanager
    def open(self) -> Iterator[Callable[[Past], Task | None]]:
        """Import KerasTuner, and Keras with it."""
        import_backend()
        yield TUNERS[self.tuner]


class TunerScheduler:
    """What a tuner of KerasTuner wants trained next, for one family.

    What waits in the middle of its epochs goes on first; the tuner is asked for the rest.
    """

    def __init__(self, space: SearchSpace, *, config: SearchConfig, workers: Workers) -> None:
        self._space = space
        self._config = config
        self._workers = workers
        self._last: tuple[list[TrialProgress], Task | None] | None = None
        self._is_exhausted = False

    def next_task(self, trials: Sequence[TrialProgress]) -> Task | None:
        """See `study.schedulers.Scheduler.next_task`."""
        for trial in trials:
            until_epoch = self._until_epoch(trial)
            waits = not trial.is_running and not trial.has_failed
            if waits and len(trial.scores) < until_epoch:
                return Task(trial=trial.number, until_epoch=until_epoch)
        settled = [_settled(one) if one.is_running else one for one in trials]
        if self._last is None or self._last[0] != settled:
            self._last = settled, self._ask(settled)
        return self._last[1]

    def _until_epoch(self, trial: TrialProgress) -> int:
        place = place_of(trial.attrs)
        # A damaged record may ask for more than there are.
        return min(self._config.epochs, place.epochs) if place else self._config.epochs

    def _ask(self, trials: Sequence[TrialProgress]) -> Task | None:
        past = Past(
            space=self._space,
            trials=trials,
            proposer=self._config.proposer,
            epochs=self._config.epochs,
            n_trials=self._config.n_trials,
            seed=derive_seed(self._config.seed, self._space.name, "sampler", len(trials)),
        )
        task = ask(self._workers, TunerWork(tuner=self._config.tuner), past)
        if task is None and past.n_left and not any(trial.is_running for trial in trials):
            self._say_exhausted(len(trials))
        return task

    def _say_exhausted(self, n_trials: int) -> None:
        if not self._is_exhausted:
            self._is_exhausted = True
            logger.warning(
                "%s: %s has no further configuration; %d of %d were tried.",
                *(self._space.name, self._config.proposer, n_trials, self._config.n_trials),
            )


def _settled(trial: TrialProgress) -> TrialProgress:
    """Return a trial under way without what changes with every epoch, which no tuner looks at."""
    attrs = {name: trial.attrs[name] for name in READ if name in trial.attrs}
    return replace(trial, scores=(), attrs=attrs)
