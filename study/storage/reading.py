"""Databases to records, as `docs/records.md` says; what is missing or odd reads as absent."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from optuna.distributions import distribution_to_json
from optuna.storages import RDBStorage
from optuna.study._frozen import FrozenStudy
from optuna.trial import FrozenTrial, TrialState
from sqlalchemy import text

from study.errors import ConfigError, StorageError
from study.records import (
    RETRAINED,
    SCHEMA_VERSION,
    DatasetRecord,
    FamilyRecord,
    RetrainedResult,
    StudyRecord,
    TrialRecord,
    decode_labels,
)
from study.storage.opening import open_for_reading
from study.storage.urls import redacted, sqlite_path

NEWEST_FINISHED = text(
    "SELECT studies.study_name FROM trials JOIN studies ON trials.study_id = studies.study_id "
    "WHERE trials.datetime_complete IS NOT NULL AND studies.study_name LIKE '%/%' "
    "AND studies.study_name IN "
    "(SELECT s.study_name FROM studies s JOIN study_user_attributes a ON a.study_id = s.study_id "
    "WHERE a.key = 'schema_version') "
    "ORDER BY trials.datetime_complete DESC LIMIT 1"
)


def study_names(url: str) -> tuple[str, ...]:
    """Return the names of the studies in a database that this tool made, in alphabetical order."""
    with open_for_reading(url) as storage:
        return tuple(sorted(_groups(storage)))


def newest_study_name(url: str) -> str:
    """Return the name of the study with the newest finished trial.

    Raises:
        StorageError: If there is none.
    """
    with open_for_reading(url) as storage, storage.engine.connect() as connection:
        row = connection.execute(NEWEST_FINISHED).first()
    if row is None:
        raise StorageError(
            f"Storage {redacted(url)!r} holds no finished trial; run `python -m study run` first."
        )
    return str(row[0]).rpartition("/")[0]


def read_study(url: str, name: str) -> StudyRecord:
    """Return all that the database knows of a study.

    Raises:
        ConfigError: If the URL is not one.
        StorageError: If the database cannot be read, holds no such study, or one of a newer schema.
    """
    with open_for_reading(url) as storage:
        groups = _groups(storage)
        if name not in groups:
            known = ", ".join(sorted(groups)) or "none"
            raise StorageError(f"There is no study {name!r} in {redacted(url)!r}. Known: {known}.")
        members = groups[name]
        for study in members.values():
            check_schema_version(name, study.user_attrs)
        families = tuple(
            _family(family, study, storage.get_all_trials(study._study_id, deepcopy=False))
            for family, study in sorted(members.items())
            if family != RETRAINED
        )
        retrained: tuple[RetrainedResult, ...] = ()
        test_labels = b""
        settings: dict[str, Any] = {}
        if RETRAINED in members:
            trials = storage.get_all_trials(members[RETRAINED]._study_id, deepcopy=False)
            retrained = tuple(result for trial in trials if (result := retrained_result(trial)))
            attrs = members[RETRAINED].user_attrs
            test_labels = _labels(attrs.get("test_labels"))
            settings = _mapping(attrs.get("settings"))
        any_member = members.get(RETRAINED) or next(iter(members.values()))
        return StudyRecord(
            name=name,
            dataset=_dataset(any_member.user_attrs.get("dataset")),
            families=families,
            retrained=retrained,
            test_labels=test_labels,
            retraining_settings=settings,
        )


def check_readable(url: str, name: str) -> None:
    """Raise a StorageError if a study is there and was written by a newer version of this tool."""
    path = sqlite_path(url)
    if path is None or not path.exists() or not path.stat().st_size:
        return
    with open_for_reading(url) as storage:
        for study in _groups(storage).get(name, {}).values():
            check_schema_version(name, study.user_attrs)


def check_schema_version(name: str, user_attrs: Mapping[str, Any]) -> None:
    """Raise a StorageError if a study was written by a newer version of this tool."""
    version = user_attrs.get("schema_version")
    if not isinstance(version, int) or version > SCHEMA_VERSION:
        raise StorageError(
            f"Study {name!r} has schema version {version!r}, but this program reads up to "
            f"{SCHEMA_VERSION}; update the program."
        )


def check_study_name(name: str) -> None:
    """Raise a ConfigError if a name cannot stand before the "/" of an Optuna study's name."""
    if not name or "/" in name or not name.isprintable() or len(name) > 200 or name in {".", ".."}:
        shown = name if len(name) <= 40 else name[:40] + "..."
        raise ConfigError(
            f"Study name {shown!r} is not usable; give 1 to 200 printable characters without '/'."
        )


def trial_record(trial: FrozenTrial) -> TrialRecord:
    """Return the record of one search trial."""
    attrs = trial.user_attrs
    return TrialRecord(
        number=trial.number,
        state=trial.state.name,
        params=dict(trial.params),
        distributions={
            key: distribution_to_json(value) for key, value in trial.distributions.items()
        },
        value=trial.value if trial.state == TrialState.COMPLETE else None,
        validation_accuracy=tuple(sorted(trial.intermediate_values.items())),
        training_accuracy=_numbers(attrs.get("training_accuracy")),
        training_loss=_numbers(attrs.get("training_loss")),
        validation_loss=_numbers(attrs.get("validation_loss")),
        n_parameters=_integer(attrs.get("n_parameters")),
        forward_flops=_integer(attrs.get("forward_flops")),
        training_seconds=_number(attrs.get("training_seconds")),
        sampler=_text(attrs.get("sampler")),
        seed=_integer(attrs.get("seed")),
        baseline=_text(attrs.get("baseline")),
        failure=_text(attrs.get("failure")),
        started=_utc(trial.datetime_start),
        finished=_utc(trial.datetime_complete),
    )


def retrained_result(trial: FrozenTrial) -> RetrainedResult | None:
    """Return the record of one retrained model; None for a trial that is not a whole one."""
    attrs, params = trial.user_attrs, trial.params
    family, configuration = _text(params.get("family")), _text(attrs.get("configuration"))
    seed, augmented = _integer(params.get("seed")), params.get("augmentation")
    if trial.state != TrialState.COMPLETE or trial.value is None:
        return None
    if family is None or configuration is None or seed is None or not isinstance(augmented, bool):
        return None
    curve = sorted(trial.intermediate_values.items())
    return RetrainedResult(
        number=trial.number,
        family=family,
        configuration=configuration,
        source_trial=_integer(attrs.get("source_trial")),
        params=_mapping(attrs.get("hyperparameters")),
        augmented=augmented,
        seed=seed,
        epochs=_integer(attrs.get("epochs")),
        test_accuracy=trial.value,
        unflipped_test_accuracy=_number(attrs.get("unflipped_test_accuracy")),
        training_accuracy=_number(attrs.get("training_accuracy")),
        training_accuracy_by_epoch=tuple(value for _, value in curve),
        training_loss_by_epoch=_numbers(attrs.get("training_loss_by_epoch")),
        precision=_numbers(attrs.get("precision")),
        recall=_numbers(attrs.get("recall")),
        f1=_numbers(attrs.get("f1")),
        confusion_matrix=_matrix(attrs.get("confusion_matrix")),
        predictions=_labels(attrs.get("predictions")),
        n_parameters=_integer(attrs.get("n_parameters")),
        forward_flops=_integer(attrs.get("forward_flops")),
        model_bytes=_integer(attrs.get("model_bytes")),
        training_seconds=_number(attrs.get("training_seconds")),
        milliseconds_per_image=_number(attrs.get("milliseconds_per_image")),
        finished=_utc(trial.datetime_complete),
    )


def _groups(storage: RDBStorage) -> dict[str, dict[str, FrozenStudy]]:
    groups: dict[str, dict[str, FrozenStudy]] = {}
    for study in storage.get_all_studies():
        name, separator, member = study.study_name.rpartition("/")
        if separator and "schema_version" in study.user_attrs:
            groups.setdefault(name, {})[member] = study
    return groups


def _family(family: str, study: FrozenStudy, trials: Sequence[FrozenTrial]) -> FamilyRecord:
    attrs = study.user_attrs
    return FamilyRecord(
        family=family,
        trials=tuple(trial_record(trial) for trial in trials),
        roles={key: str(role) for key, role in _mapping(attrs.get("roles")).items()},
        baselines={key: _mapping(value) for key, value in _mapping(attrs.get("baselines")).items()},
        settings=_mapping(attrs.get("settings")),
        versions={key: str(value) for key, value in _mapping(attrs.get("versions")).items()},
    )


def _dataset(value: Any) -> DatasetRecord:
    attrs = _mapping(value)
    return DatasetRecord(
        name=_text(attrs.get("name")) or "unknown",
        classes=tuple(str(label) for label in _sequence(attrs.get("classes"))),
        image_shape=_integers(attrs.get("image_shape")),
        digests={key: str(digest) for key, digest in _mapping(attrs.get("digests")).items()},
        fraction=_number(attrs.get("fraction")),
        sample_seed=_integer(attrs.get("sample_seed")),
        n_train=_integer(attrs.get("n_train")),
        n_validation=_integer(attrs.get("n_validation")),
        n_test=_integer(attrs.get("n_test")),
        substitute_for=_text(attrs.get("substitute_for")),
    )


def _utc(moment: datetime | None) -> datetime | None:
    # Optuna gives the local time of whoever reads, which a report must not depend on.
    return None if moment is None else moment.astimezone(UTC)


def _number(value: Any) -> float | None:
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        return None
    try:
        return float(value) if math.isfinite(value) else None
    except OverflowError:  # An integer past the range of floats.
        return None


def _integer(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _sequence(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list) else []


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _numbers(value: Any) -> tuple[float, ...]:
    # What is no number becomes NaN, so that the others keep their epochs and classes.
    numbers = (_number(item) for item in _sequence(value))
    return tuple(math.nan if number is None else number for number in numbers)


def _integers(value: Any) -> tuple[int, ...]:
    integers = [_integer(item) for item in _sequence(value)]
    return tuple(integer for integer in integers if integer is not None)


def _matrix(value: Any) -> tuple[tuple[int, ...], ...]:
    rows = tuple(_integers(row) for row in _sequence(value))
    is_square = all(len(row) == len(rows) for row in rows)
    return rows if is_square else ()


def _labels(value: Any) -> bytes:
    try:
        return decode_labels(value) if isinstance(value, str) else b""
    except ValueError:
        return b""
