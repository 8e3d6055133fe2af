"""What a configuration trained anew comes back as, and how it is recorded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import optuna
from optuna.distributions import IntDistribution
from optuna.trial import TrialState

from study.config import MAX_SEED
from study.progress import Progress
from study.results import add_finished, family_choices, lost
from study.run_tasks import RunTasks
from study.storage.decoding import validated_result
from study.validation_runs import ValidationRun


@dataclass(frozen=True, kw_only=True)
class ValidatedModel:
    """A model that was trained and scored on the validation images.

    Attributes:
        started: When its training began.
        accuracy_by_epoch: In [0, 1], by epoch, from 1.
        attributes: User attributes of its trial, those of `docs/records.md`.
    """

    started: datetime
    accuracy_by_epoch: Mapping[int, float]
    attributes: Mapping[str, Any]


class ValidationTasks(RunTasks[ValidationRun, ValidatedModel]):
    """Configurations to train anew, as tasks for workers."""

    def __init__(
        self, optuna_study: optuna.Study, runs: Sequence[ValidationRun], *, progress: Progress
    ) -> None:
        super().__init__(runs)
        self._optuna_study = optuna_study
        self._progress = progress

    def record(self, run: ValidationRun, model: ValidatedModel, *, lost_seconds: float) -> None:
        """Record a scored model."""
        trial = optuna.create_trial(
            state=TrialState.COMPLETE,
            value=model.accuracy_by_epoch[max(model.accuracy_by_epoch)],
            user_attrs={**model.attributes, **lost(lost_seconds)},
            intermediate_values=dict(model.accuracy_by_epoch),
            **self._named(run),
        )
        stored = add_finished(self._optuna_study, trial, started=model.started)
        recorded = validated_result(stored)
        if recorded is None:
            raise RuntimeError(f"The record of {run.key} cannot be read back.")
        self._progress.validated(recorded)

    def record_failure(self, run: ValidationRun, reason: str, *, lost_seconds: float) -> None:
        """Record a run that gave no model as a failed trial; another run of the program retries."""
        trial = optuna.create_trial(
            state=TrialState.FAIL,
            user_attrs={
                "purpose": run.purpose,
                "source_trial": run.source_trial,
                "hyperparameters": dict(run.params),
                "failure": reason,
                "lost_seconds": lost_seconds,
            },
            **self._named(run),
        )
        add_finished(self._optuna_study, trial, started=datetime.now())

    def _named(self, run: ValidationRun) -> dict[str, Any]:
        """Return the parameters that name a run, with their distributions."""
        return {
            "params": {"family": run.family, "seed": run.seed},
            "distributions": {
                "family": family_choices(self._optuna_study),
                "seed": IntDistribution(0, MAX_SEED),
            },
        }
