"""Trials without training, for tests of what goes on around it; processes can import them."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import optuna

from search_spaces import SearchSpace
from study.config import StudyConfig
from study.environment import this_process
from study.storage import open_for_writing
from study.studies import load_search_study
from study.trials import train_trial
from tests.study import small


def quick_training(trial: optuna.Trial, params: Any, *, epochs: int, until_epoch: int) -> float:
    """Report scores that follow from the configuration, from where the trial paused."""
    stored = trial.storage.get_trial(trial._trial_id)
    for epoch in range(len(stored.intermediate_values) + 1, until_epoch + 1):
        trial.report(params["units"] / 512 * epoch / epochs, step=epoch)
        if epoch < epochs and trial.should_prune():
            raise optuna.TrialPruned
    return params["units"] / 512


@dataclass(frozen=True, kw_only=True)
class QuickWork:
    """Trials of the small space, or of another.

    Attributes:
        config: Of the study.
        before: Called before each trial's training.
        train: Stands in for it.
        space: What families have.
    """

    config: StudyConfig
    before: Callable[[], object] = int
    train: Callable[..., float] = quick_training
    space: SearchSpace | None = None

    @contextmanager
    def open(self):
        config = self.config
        with open_for_writing(config.storage_url) as storage:
            studies = {
                family: load_search_study(storage, config, family) for family in config.families
            }

            space = self.space or small.space()

            def do(task):
                trial = optuna.Trial(studies[task.family], task.trial_id)
                trial.set_user_attr("worker", this_process())
                params = space.suggest(trial)
                self.before()
                epochs = config.search.epochs
                return self.train(trial, params, epochs=epochs, until_epoch=task.until_epoch)

            yield lambda task: train_trial(
                lambda: do(task), is_whole=task.until_epoch == config.search.epochs
            )


def die_once(note: Path) -> None:
    """Kill this process, where none was killed before."""
    with suppress(FileExistsError):
        note.touch(exist_ok=False)
        os.kill(os.getpid(), signal.SIGKILL)


@dataclass(frozen=True)
class AskingWork:
    """A task is to ask for a trial and to end it: as several programs at once would."""

    config: StudyConfig

    @contextmanager
    def open(self):
        with open_for_writing(self.config.storage_url) as storage:
            optuna_study = load_search_study(storage, self.config, "alpha")

            def ask_and_tell(_task):
                trial = optuna_study.ask()
                units = trial.suggest_int("units", 2, 512)
                optuna_study.tell(trial, units / 512)
                return trial.number, units

            yield ask_and_tell
