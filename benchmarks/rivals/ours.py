"""Our own search, with its own defaults, but without the named configurations.

The rivals do not know these, and they would be a head start.
"""

from __future__ import annotations

import time
from dataclasses import replace

from benchmarks.rivals.outcome import Found, Tried
from benchmarks.rivals.setting import Assignment
from search_spaces import SPACES
from study import cli, progress
from study.records import StudyRecord
from study.storage import read_study
from study.winners import pick_winners

NAME = "rivals"


class _SearchOverError(Exception):
    def __init__(self) -> None:
        super().__init__()
        self.at = time.time()


class _UntilRetraining(progress.Progress):
    def retraining_started(self, n_done: int, *, target: int) -> None:
        raise _SearchOverError


def search(assignment: Assignment) -> Found:
    """Run the command line up to the moment when it would begin to retrain the winner.

    Raises:
        RuntimeError: If it ended before that.
    """
    family, setting = assignment.setting.family, assignment.setting
    SPACES[family] = replace(SPACES[family], baselines={})
    progress.Progress = _UntilRetraining  # type: ignore[misc]
    storage_url = f"sqlite:///{assignment.scratch / 'studies.db'}"
    command = {
        "--name": NAME,
        "--dataset": setting.dataset,
        "--data-dir": assignment.data_dir,
        "--architectures": family,
        "--fraction": assignment.fraction,
        "--trials": setting.n_trials,
        "--epochs": setting.epochs,
        "--seed": assignment.seed,
        "--finalists": 0,
        "--storage": storage_url,
        "--out": assignment.scratch / "report",
    }
    try:
        code = cli.main(["run", *(f"{option}={value}" for option, value in command.items())])
    except _SearchOverError as over:
        return _found(read_study(storage_url, NAME), over.at)
    raise RuntimeError(f"The command ended with {code} before it retrained anything.")


def _found(record: StudyRecord, ended_at: float) -> Found:
    (winner,) = pick_winners(record.families)
    trials = [trial for trial in record.families[0].trials if trial.started is not None]
    return Found(
        tried=tuple(
            Tried(
                params=dict(trial.params),
                accuracies=tuple(accuracy for _, accuracy in trial.validation_accuracy),
            )
            for trial in trials
        ),
        winner=dict(winner.trial.params),
        winner_accuracy=winner.trial.value or 0.0,
        first_trial_at=min(trial.started.timestamp() for trial in trials if trial.started),
        ended_at=ended_at,
        remarks={"precision": record.families[0].settings.get("precision")},
    )
