"""The real command line with trials that cost nothing: `python -m tests.faults.quick_study run`.

Worker processes, database, folders and messages are the real ones; no model is trained. Each worker
stops at the places that `FAULT_FOLDER` names, so that a test can break something just there.
"""

from __future__ import annotations

import os
import time
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import optuna

from search_spaces import SPACES
from study import job
from study.byte_coding import encode_bytes
from study.commands import run
from study.environment import this_process
from study.files import replaced, writable
from study.results import RetrainedModel
from study.storage import open_for_writing, opening, translated
from study.studies import load_search_study
from study.trials import train_trial
from study.validated import ValidatedModel

PATIENCE_SECONDS = 120.0


def at(place: str) -> None:
    """Say that this place is reached, and wait to be let go on, where the test wants that."""
    folder = os.environ.get("FAULT_FOLDER")
    if folder is None or not (Path(folder) / f"{place}.wanted").exists():
        return
    (Path(folder) / f"{place}.reached").touch()
    deadline = time.monotonic() + PATIENCE_SECONDS
    while (Path(folder) / f"{place}.wanted").exists() and time.monotonic() < deadline:
        time.sleep(0.01)


@dataclass(frozen=True, kw_only=True)
class QuickTrials:
    """Stands in for `study.work.TrialWork`: scores follow from the trial's number and epoch."""

    config: Any
    sample: Any
    precision: str

    @contextmanager
    def open(self):
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        config = self.config
        with open_for_writing(config.storage_url) as storage:
            studies = {
                family: load_search_study(storage, config, family) for family in config.families
            }

            def train(task):
                trial = optuna.Trial(studies[task.family], task.trial_id)
                is_whole = task.until_epoch == config.search.epochs
                with translated(config.storage_url):
                    return train_trial(
                        lambda: self._train(trial, task.family, task.until_epoch),
                        is_whole=is_whole,
                    )

            yield train

    def _train(self, trial: optuna.Trial, family: str, until_epoch: int) -> float:
        trial.set_user_attr("worker", this_process())
        SPACES[family].suggest(trial)
        stored = trial.storage.get_trial(trial._trial_id)
        checkpoints = self.config.out / "checkpoints"
        score = 0.0
        for epoch in range(len(stored.intermediate_values) + 1, until_epoch + 1):
            at(f"trial-{trial.number}-epoch-{epoch}")
            time.sleep(float(os.environ.get("FAULT_EPOCH_SECONDS", "0")))
            score = (1 + trial.number % 7 + epoch) / 20
            trial.report(score, step=epoch)
            checkpoint = checkpoints / f"{family}-{trial.number}.npz"
            with writable(checkpoints), replaced(checkpoint) as file:
                file.write(b"x" * int(os.environ.get("FAULT_CHECKPOINT_BYTES", "1000")))
        if until_epoch == self.config.search.epochs:
            checkpoint.unlink()
        return score


@dataclass(frozen=True, kw_only=True)
class QuickValidation:
    """Stands in for `study.work.ValidationWork`."""

    config: Any
    sample: Any
    precision: str

    @contextmanager
    def open(self):
        labels = encode_bytes(self.sample.validation.labels.tobytes())

        def train(run_):
            at("validation")
            return ValidatedModel(
                started=datetime.now(),
                accuracy_by_epoch={1: 0.5},
                attributes={
                    "purpose": run_.purpose,
                    "source_trial": run_.source_trial,
                    "hyperparameters": dict(run_.params),
                    "predictions": labels,
                },
            )

        yield train


@dataclass(frozen=True, kw_only=True)
class QuickRetraining:
    """Stands in for `study.work.RetrainWork`."""

    config: Any
    train: Any
    test: Any
    precision: str

    @contextmanager
    def open(self):
        def train(run_):
            at(f"retrained-{run_.augmented:d}-{run_.seed}")
            return RetrainedModel(
                started=datetime.now(),
                test_accuracy=0.6 + run_.seed / 100 + run_.augmented / 10,
                training_accuracy_by_epoch={1: 0.5},
                attributes={
                    "configuration": run_.candidate.configuration,
                    "source_trial": run_.candidate.source_trial,
                    "hyperparameters": dict(run_.candidate.params),
                    "predictions": encode_bytes(
                        np.asarray(self.test.labels, dtype=np.uint8).tobytes()
                    ),
                },
                file=b"x" * int(os.environ.get("FAULT_MODEL_BYTES", "1000")),
            )

        yield train


# Here, not in the block below: a worker imports this file under another name.
job.TrialWork = QuickTrials
job.ValidationWork = QuickValidation
job.RetrainWork = QuickRetraining
if "FAULT_BUSY_SECONDS" in os.environ:
    opening.BUSY_TIMEOUT_SECONDS = float(os.environ["FAULT_BUSY_SECONDS"])
if "FAULT_REPORT" not in os.environ:
    run._show = lambda *_: None
    import analysis.report

    analysis.report.write_report = lambda _record, *, out: type("Files", (), {"html": out})


if __name__ == "__main__":
    from study.cli import main

    raise SystemExit(main())
