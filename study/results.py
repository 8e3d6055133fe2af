"""The final results: what a retrained model comes back as, and how it is recorded and kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, IntDistribution
from optuna.trial import FrozenTrial, TrialState

from search_spaces import SPACES
from study.config import MAX_SEED
from study.errors import ConfigError
from study.files import replaced, writable
from study.progress import Progress
from study.run_tasks import RunTasks
from study.runs import Run
from study.storage.decoding import retrained_result


@dataclass(frozen=True, kw_only=True)
class RetrainedModel:
    """A model that was trained and tested.

    Attributes:
        started: When its training began.
        test_accuracy: In [0, 1].
        training_accuracy_by_epoch: In [0, 1], by epoch, from 1.
        attributes: User attributes of its trial, those of `docs/records.md`.
        file: Content of its `.keras` file.
    """

    started: datetime
    test_accuracy: float
    training_accuracy_by_epoch: Mapping[int, float]
    attributes: Mapping[str, Any]
    file: bytes


class RetrainingTasks(RunTasks[Run, RetrainedModel]):
    """The winners' runs as tasks for workers."""

    def __init__(
        self,
        optuna_study: optuna.Study,
        runs: Sequence[Run],
        *,
        models_dir: Path,
        progress: Progress,
    ) -> None:
        super().__init__(runs)
        self._optuna_study = optuna_study
        self._models_dir = models_dir
        self._progress = progress

    def record(self, run: Run, model: RetrainedModel, *, lost_seconds: float) -> None:
        """Record a tested model, and keep it where it is the best of its family so far."""
        if run.draw == 0:  # What the verdict is about, whatever else is measured.
            self._keep_if_best(run.candidate.family, model)
        trial = _add_trial(self._optuna_study, run, model, lost_seconds=lost_seconds)
        recorded = retrained_result(trial)
        if recorded is None:
            raise RuntimeError(f"The record of {run.key} cannot be read back.")
        self._progress.retrained(recorded)

    def record_failure(self, run: Run, reason: str, *, lost_seconds: float) -> None:
        """Record a run that gave no model as a failed trial; another run of the program retries."""
        trial = optuna.create_trial(
            state=TrialState.FAIL,
            params=_params(run),
            distributions=_distributions(self._optuna_study),
            user_attrs={
                "configuration": run.candidate.configuration,
                "source_trial": run.candidate.source_trial,
                "draw": run.draw,
                "failure": reason,
                "lost_seconds": lost_seconds,
            },
        )
        add_finished(self._optuna_study, trial, started=datetime.now())

    def _keep_if_best(self, family: str, model: RetrainedModel) -> None:
        kept = self._models_dir / f"{family}.keras"
        best = _best_accuracy(self._optuna_study, family)
        if not kept.exists() or model.test_accuracy > best:
            with writable(self._models_dir), replaced(kept) as file:
                file.write(model.file)


def check_families(optuna_study: optuna.Study, families: Sequence[str]) -> None:
    """Raise a ConfigError if results of a family cannot be added to what was retrained before.

    Optuna keeps a categorical parameter's choices as they were at a study's first trial, so a
    family that the program learnt later cannot join.
    """
    known = family_choices(optuna_study).choices
    for family in families:
        if family not in known:
            raise ConfigError(
                f"Family {family!r} cannot join {optuna_study.study_name!r}, which was begun with "
                f"{', '.join(map(str, known))}; give --name for a new study."
            )


def family_choices(optuna_study: optuna.Study) -> CategoricalDistribution:
    """Return the distribution of the parameter `family`, as it was at a study's first trial."""
    for trial in optuna_study.get_trials(deepcopy=False):
        choices = trial.distributions.get("family")
        if isinstance(choices, CategoricalDistribution):
            return choices
    return CategoricalDistribution(sorted(SPACES))


def _best_accuracy(optuna_study: optuna.Study, family: str) -> float:
    trials = optuna_study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    return max(
        (
            trial.value or 0.0
            for trial in trials
            if trial.params.get("family") == family and not trial.user_attrs.get("draw")
        ),
        default=-1.0,
    )


def _add_trial(
    optuna_study: optuna.Study, run: Run, model: RetrainedModel, *, lost_seconds: float
) -> FrozenTrial:
    trial = optuna.create_trial(
        state=TrialState.COMPLETE,
        value=model.test_accuracy,
        params=_params(run),
        distributions=_distributions(optuna_study),
        user_attrs={**model.attributes, **lost(lost_seconds)},
        intermediate_values=dict(model.training_accuracy_by_epoch),
    )
    return add_finished(optuna_study, trial, started=model.started)


def _params(run: Run) -> dict[str, Any]:
    return {"family": run.candidate.family, "augmentation": run.augmented, "seed": run.seed}


def _distributions(optuna_study: optuna.Study) -> dict[str, BaseDistribution]:
    return {
        "family": family_choices(optuna_study),
        "augmentation": CategoricalDistribution((False, True)),
        "seed": IntDistribution(0, MAX_SEED),
    }


def lost(seconds: float) -> dict[str, float]:
    """Return the attribute that tells of time lost, where there is some to tell of."""
    return {"lost_seconds": seconds} if seconds else {}


def add_finished(
    optuna_study: optuna.Study, trial: FrozenTrial, *, started: datetime
) -> FrozenTrial:
    """Add a trial that ends now and began when its training did; return it as it is stored."""
    trial.datetime_start = started
    storage = optuna_study._storage
    return storage.get_trial(storage.create_new_trial(optuna_study._study_id, trial))
