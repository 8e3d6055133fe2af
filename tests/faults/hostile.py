"""The real command line, with families that do harm: `python -m tests.faults.hostile run ...`.

`FAULTS` says what the named configurations of each family do, as "alpha=good,segfault;beta=good";
they are the first trials. `FAULTS_EPOCH_SECONDS` is how long an epoch takes. Workers are spawned
and import this module too, so all of it holds for them.

Trials and retraining are stand-ins that need no TensorFlow, unless `FAULTS_WORK` is "real".
"""

from __future__ import annotations

import ctypes
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import optuna

from search_spaces import SPACES
from study import epoch_records
from study.byte_coding import encode_bytes
from study.cli import main
from study.datasets import DATASETS
from study.files import write_text
from study.interruption import interrupt_at_signals, stop_if_asked
from study.results import RetrainedModel
from study.runs import Run
from study.storage import open_for_writing
from study.studies import load_search_study
from study.training.fit import EpochScores
from study.trials import TrialEnd, TrialFailedError, TrialTask, train_trial
from study.work import RetrainWork, TrialWork
from tests.study import small

HANG_SECONDS = 600.0


def segfault() -> None:
    ctypes.string_at(0)


def be_killed() -> None:
    """Die as a process does that the system ends for want of memory."""
    os.kill(os.getpid(), signal.SIGKILL)


def hang() -> None:
    """Hear nothing, not even that one is asked to stop."""
    time.sleep(HANG_SECONDS)


def want_memory() -> None:
    raise MemoryError


def be_impossible() -> None:
    raise ValueError("there is no such network")


HARMS: dict[str, Callable[[], None]] = {
    "segfault": segfault,
    "killed": be_killed,
    "hang": hang,
    "memory": want_memory,
    "impossible": be_impossible,
}
"""What a configuration does when its model is built, by its name."""

LATER = {"hang_retrained": "hang", "killed_retrained": "killed"}
"""Harm that is done in retraining alone."""

FIRST_UNITS = {
    name: 10_000 + 100 * index for index, name in enumerate((*HARMS, *LATER, "diverges", "good"))
}


def harm_of(params: Any) -> str:
    """Return which configuration this is; what a sampler proposes is a good one."""
    first = params["units"] // 100 * 100
    names = {units: name for name, units in FIRST_UNITS.items()}
    return names.get(first, "good")


def do_harm(params: Any, *, retrains: bool = False) -> None:
    name = harm_of(params)
    name = LATER.get(name, name) if retrains else name
    if name in HARMS:
        HARMS[name]()


def space(family: str, configurations: list[str]) -> Any:
    """Return the small space with such named configurations."""
    baselines = {
        f"{number}_{name}": {
            **small.NUISANCE,
            "units": FIRST_UNITS[name] + number,
            **({"learning_rate": 1e30} if name == "diverges" else {}),
        }
        for number, name in enumerate(configurations)
    }

    def build(params: Any, **shape: Any) -> Any:
        do_harm(params)
        return small.build({**params, "units": params["units"] % 100 + 2}, **shape)

    def suggest(suggester: Any) -> dict[str, int]:
        return {"units": suggester.suggest_int("units", 2, 12_000)}

    return small.space(family, suggest_architecture=suggest, baselines=baselines, build=build)


def pass_time(seconds: float) -> None:
    """Train for so long, and stop where a real epoch would."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        stop_if_asked()
        time.sleep(0.01)


def epoch_seconds() -> float:
    return float(os.environ.get("FAULTS_EPOCH_SECONDS", "0"))


def accuracy_of(params: Any) -> float:
    # What does harm later must first win.
    return 0.95 if harm_of(params) in LATER else 0.1 + 0.8 * (params["units"] % 997) / 997


def train(trial: optuna.Trial, params: Any, file: Path, *, until_epoch: int, epochs: int) -> float:
    """Do as the objective does: go on from the checkpoint and write down each epoch."""
    do_harm(params)
    accuracy = accuracy_of(params)
    epoch = int(file.read_text()) if file.exists() and epoch_records.n_reported(trial) else 0
    epoch_records.go_on_after(trial, epoch)
    while epoch < until_epoch:
        pass_time(epoch_seconds())
        epoch += 1
        scores = EpochScores(
            epoch=epoch,
            training_accuracy=accuracy * epoch / epochs,
            training_loss=1.0 / epoch,
            validation_accuracy=accuracy * epoch / epochs,
            validation_loss=1.0 / epoch,
            seconds=epoch_seconds(),
        )
        epoch_records.record(trial, scores)
        if epoch < epochs:
            write_text(file, str(epoch))
    if epoch == epochs:
        file.unlink(missing_ok=True)
    return accuracy


@contextmanager
def open_trials(self: TrialWork) -> Iterator[Callable[[TrialTask], TrialEnd]]:
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    config = self.config
    folder = config.out / "checkpoints"
    folder.mkdir(parents=True, exist_ok=True)
    with open_for_writing(config.storage_url) as storage:

        def do(task: TrialTask) -> float:
            trial = optuna.Trial(load_search_study(storage, config, task.family), task.trial_id)
            params = SPACES[task.family].suggest(trial)
            file = folder / f"{task.family}-{trial.number}"
            try:
                return train(
                    trial, params, file,
                    until_epoch=task.until_epoch, epochs=config.search.epochs,
                )  # fmt: skip
            except ValueError as error:
                raise TrialFailedError(f"cannot be built: {error}") from error

        yield lambda task: train_trial(
            lambda: do(task), is_whole=task.until_epoch == config.search.epochs
        )


@contextmanager
def open_retraining(self: RetrainWork) -> Iterator[Callable[[Run], RetrainedModel]]:
    epochs = self.config.retrain.epochs

    def retrain(run: Run) -> RetrainedModel:
        started = datetime.now()
        do_harm(run.candidate.params, retrains=True)
        for _ in range(epochs):
            pass_time(epoch_seconds())
        predicted = np.roll(self.test.labels, run.seed)
        return RetrainedModel(
            started=started,
            test_accuracy=float(np.mean(predicted == self.test.labels)),
            training_accuracy_by_epoch=dict.fromkeys(range(1, epochs + 1), 0.5),
            attributes={
                "configuration": run.candidate.configuration,
                "source_trial": run.candidate.source_trial,
                "hyperparameters": dict(run.candidate.params),
                "epochs": epochs,
                "predictions": encode_bytes(predicted.astype(np.uint8).tobytes()),
                "training_accuracy": 0.5,
                "training_seconds": epochs * epoch_seconds(),
            },
            file=b"a model",
        )

    yield retrain


def take_effect() -> None:
    """Replace families, dataset and work in this process."""
    DATASETS["stripes"] = small.dataset()
    SPACES.clear()
    for family in os.environ.get("FAULTS", "alpha=good;beta=good").split(";"):
        name, _, configurations = family.partition("=")
        SPACES[name] = space(name, configurations.split(","))
    if os.environ.get("FAULTS_WORK") != "real":
        TrialWork.open = open_trials
        RetrainWork.open = open_retraining


take_effect()

if __name__ == "__main__":
    interrupt_at_signals()
    raise SystemExit(main())
