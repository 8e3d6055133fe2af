"""Records written into a database as docs/records.md says, for tests of what reads them there."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import optuna
from optuna.distributions import (
    CategoricalDistribution,
    IntDistribution,
    json_to_distribution,
)
from optuna.storages import RDBStorage
from optuna.trial import FrozenTrial, TrialState, create_trial

from study.byte_coding import encode_bytes
from study.records import (
    FamilyRecord,
    RetrainedResult,
    StudyRecord,
    TrialRecord,
    ValidatedResult,
)
from study.storage import open_for_writing

TRIAL_ATTRS = (
    *("training_accuracy", "training_loss", "validation_loss", "n_parameters", "forward_flops"),
    *("training_seconds", "sampler", "seed", "baseline", "failure"),
)
RESULT_ATTRS = (
    *(
        "configuration",
        "source_trial",
        "draw",
        "epochs",
        "training_accuracy",
        "training_loss_by_epoch",
    ),
    *("precision", "recall", "f1", "confusion_matrix", "n_parameters", "forward_flops"),
    *("model_bytes", "training_seconds", "milliseconds_per_image"),
)
VALIDATED_ATTRS = ("purpose", "source_trial", "n_parameters", "forward_flops", "training_seconds")


def write(url: str, study: StudyRecord) -> None:
    """Write a study into a database that has none of its name yet."""
    with open_for_writing(url) as storage:
        dataset = asdict(study.dataset)
        for family in study.families:
            attrs = {
                "roles": family.roles,
                "baselines": {name: dict(params) for name, params in family.baselines.items()},
                "settings": family.settings,
                "dataset": dataset,
            }
            member = _add(storage, f"{study.name}/{family.family}", attrs, "validation accuracy")
            for trial in family.trials:
                member.add_trial(_trial(trial))
        if study.retrained:
            attrs = {"dataset": dataset, "test_labels": encode_bytes(study.test_labels)}
            member = _add(storage, f"{study.name}/retrained", attrs, "test accuracy")
            families = [family.family for family in study.families]
            for result in study.retrained:
                member.add_trial(_result(result, families))


def add_trials(url: str, name: str, family: FamilyRecord) -> None:
    """Add trials to a family's search that is there."""
    with open_for_writing(url) as storage:
        member = optuna.load_study(storage=storage, study_name=f"{name}/{family.family}")
        for trial in family.trials:
            member.add_trial(_trial(trial))


def _add(storage: RDBStorage, name: str, attrs: Mapping[str, Any], metric: str) -> optuna.Study:
    study = optuna.create_study(storage=storage, study_name=name, direction="maximize")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        study.set_metric_names([metric])
    for key, value in {"schema_version": 1, **attrs}.items():
        study.set_user_attr(key, value)
    return study


def _trial(trial: TrialRecord) -> FrozenTrial:
    return create_trial(
        state=TrialState[trial.state],
        value=trial.value,
        # Optuna takes no value without a distribution.
        params={key: value for key, value in trial.params.items() if key in trial.distributions},
        distributions={
            key: json_to_distribution(value) for key, value in trial.distributions.items()
        },
        intermediate_values=dict(trial.validation_accuracy),
        user_attrs=_attrs(trial, TRIAL_ATTRS),
    )


def _result(result: RetrainedResult, families: list[str]) -> FrozenTrial:
    return create_trial(
        value=result.test_accuracy,
        params={
            "family": result.family,
            "augmentation": result.augmented,
            "seed": result.seed,
        },
        distributions={
            "family": CategoricalDistribution(families),
            "augmentation": CategoricalDistribution((False, True)),
            "seed": IntDistribution(0, 1000),
        },
        intermediate_values=dict(enumerate(result.training_accuracy_by_epoch, start=1)),
        user_attrs={
            **_attrs(result, RESULT_ATTRS),
            "hyperparameters": dict(result.params),
            "predictions": encode_bytes(result.predictions),
            "confidences": encode_bytes(result.confidences),
            "mistakes": [
                {**asdict(mistake), "pixels": encode_bytes(mistake.pixels)}
                for mistake in result.mistakes
            ],
        },
    )


def validated(result: ValidatedResult, families: list[str]) -> FrozenTrial:
    """Return the trial that a model trained anew for validation is in a database."""
    return create_trial(
        value=result.validation_accuracy,
        params={"family": result.family, "seed": result.seed},
        distributions={
            "family": CategoricalDistribution(families),
            "seed": IntDistribution(0, 1000),
        },
        intermediate_values=dict(result.validation_accuracy_by_epoch),
        user_attrs={
            **_attrs(result, VALIDATED_ATTRS),
            "hyperparameters": dict(result.params),
            "predictions": encode_bytes(result.predictions),
        },
    )


def _attrs(record: object, names: tuple[str, ...]) -> dict[str, Any]:
    values = {name: getattr(record, name) for name in names}
    return {name: value for name, value in values.items() if value is not None}
