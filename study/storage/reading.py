"""Databases to records, as `docs/records.md` says: which studies there are, and one of them."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

from optuna.distributions import CategoricalDistribution
from optuna.storages import BaseStorage
from optuna.study._frozen import FrozenStudy
from optuna.trial import FrozenTrial, TrialState
from sqlalchemy import text

from study.errors import ConfigError, StorageError
from study.records import (
    NO_FAMILIES,
    RETRAINED,
    SCHEMA_VERSION,
    VALIDATED,
    AblationPath,
    RetrainedResult,
    StudyRecord,
    ValidatedResult,
)
from study.storage.decoding import (
    ablation_paths,
    bytes_of,
    dataset_record,
    failed_draws,
    family_record,
    mapping_of,
    retrained_result,
    validated_result,
)
from study.storage.failures import unreadable
from study.storage.opening import open_for_reading
from study.storage.urls import redacted, sqlite_path

logger = logging.getLogger(__name__)

Record = TypeVar("Record")

NEWEST_FINISHED = text(
    "SELECT studies.study_name FROM trials JOIN studies ON trials.study_id = studies.study_id "
    "WHERE trials.datetime_complete IS NOT NULL AND studies.study_name LIKE '%/%' "
    "AND studies.study_name IN "
    "(SELECT s.study_name FROM studies s JOIN study_user_attributes a ON a.study_id = s.study_id "
    "WHERE a.key = 'schema_version') "
    "ORDER BY trials.datetime_complete DESC LIMIT 1"
)


def study_names(storage: str | BaseStorage) -> tuple[str, ...]:
    """Return the names of the studies that this tool made, in alphabetical order.

    Args:
        storage: URL of a database, or an Optuna storage that is open.
    """
    with _opened(storage) as opened:
        return tuple(sorted(study_groups(opened)))


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


def read_study(storage: str | BaseStorage, name: str) -> StudyRecord:
    """Return all that the database knows of a study.

    Args:
        storage: URL of a database, or an Optuna storage that is open, perhaps in memory.
        name: As "cifar10".

    Raises:
        ConfigError: If the URL is not one.
        StorageError: If the database cannot be read, holds no such study, or one of a newer schema.
    """
    with _opened(storage) as opened:
        groups = study_groups(opened)
        if name not in groups:
            known = ", ".join(sorted(groups)) or "none"
            shown = redacted(storage) if isinstance(storage, str) else type(storage).__name__
            raise StorageError(f"There is no study {name!r} in {shown!r}. Known: {known}.")
        members = groups[name]
        for study in members.values():
            check_schema_version(name, study.user_attrs)
        families = tuple(
            family_record(family, study, trials_of(opened, study))
            for family, study in sorted(members.items())
            if family not in NO_FAMILIES
        )
        retrained: tuple[RetrainedResult, ...] = ()
        test_labels = b""
        settings: dict[str, Any] = {}
        if RETRAINED in members:
            trials = trials_of(opened, members[RETRAINED])
            retrained = _whole(trials, retrained_result, "retrained")
            attrs = members[RETRAINED].user_attrs
            test_labels = bytes_of(attrs.get("test_labels"))
            settings = mapping_of(attrs.get("settings"))
        validated: tuple[ValidatedResult, ...] = ()
        draws_failed: Mapping[str, int] = {}
        ablations: tuple[AblationPath, ...] = ()
        validation_labels = b""
        if VALIDATED in members:
            trials = trials_of(opened, members[VALIDATED])
            validated = _whole(trials, validated_result, "validated")
            draws_failed = failed_draws(trials, validated)
            ablations = ablation_paths(members[VALIDATED].user_attrs.get("ablation"))
            validation_labels = bytes_of(members[VALIDATED].user_attrs.get("validation_labels"))
        any_member = members.get(RETRAINED) or next(iter(members.values()))
        return StudyRecord(
            name=name,
            dataset=dataset_record(any_member.user_attrs.get("dataset")),
            families=families,
            retrained=tuple(result for result in retrained if result.draw == 0),
            redrawn=tuple(result for result in retrained if result.draw != 0),
            validated=validated,
            failed_draws=draws_failed,
            ablations=ablations,
            validation_labels=validation_labels,
            test_labels=test_labels,
            retraining_settings=settings,
        )


def check_readable(url: str, name: str) -> None:
    """Read a study that is there, so that a run of it needs not stop at what it finds later.

    Raises:
        StorageError: If it was written by a newer version of this tool, or cannot be read.
    """
    path = sqlite_path(url)
    if path is None or not path.exists() or not path.stat().st_size:
        return
    with open_for_reading(url) as storage:
        for study in study_groups(storage).get(name, {}).values():
            check_schema_version(name, study.user_attrs)
            trials_of(storage, study)


def check_schema_version(name: str, user_attrs: Mapping[str, Any]) -> None:
    """Raise a StorageError if a study was written by a newer version of this tool.

    Version 1 is the first, so there is nothing older to read.
    """
    version = user_attrs.get("schema_version")
    is_number = isinstance(version, int) and not isinstance(version, bool)
    if not (is_number and version in range(1, SCHEMA_VERSION + 1)):
        raise StorageError(
            f"Study {name!r} has schema version {version!r}, but this program reads 1 up to "
            f"{SCHEMA_VERSION}; update the program."
        )


def check_study_name(name: str) -> None:
    """Raise a ConfigError if a name cannot stand before the "/" of an Optuna study's name."""
    is_plain = name.isprintable() and name == name.strip() and "/" not in name
    # A file's name has at most 255 bytes, and a leading "-" would make an option of it.
    is_path = is_plain and 0 < len(name.encode()) <= 200 and name not in {".", ".."}
    if not is_path or name.startswith("-"):
        shown = name if len(name) <= 40 else name[:40] + "..."
        raise ConfigError(
            f"Study name {shown!r} is not usable; give 1 to 200 printable characters (bytes, in "
            "UTF-8) without '/', and neither a space at its ends nor a '-' at its beginning."
        )


@contextmanager
def _opened(storage: str | BaseStorage) -> Iterator[BaseStorage]:
    if isinstance(storage, str):
        with open_for_reading(storage) as opened:
            yield opened
    else:  # Whoever opened it closes it.
        yield storage


def _whole(
    trials: Sequence[FrozenTrial], record_of: Callable[[FrozenTrial], Record | None], what: str
) -> tuple[Record, ...]:
    """Return the records of the trials that are whole; a warning tells of completed ones left out.

    Trials under way and failed ones have no record and no warning.
    """
    records = {trial.number: record_of(trial) for trial in trials}
    odd = [
        str(trial.number)
        for trial in trials
        if trial.state == TrialState.COMPLETE and records[trial.number] is None
    ]
    if odd:
        logger.warning(
            "%d of the %s models have odd records and are left out: trial %s.",
            *(len(odd), what, ", ".join(odd)),
        )
    return tuple(record for record in records.values() if record is not None)


def study_groups(storage: BaseStorage) -> dict[str, dict[str, FrozenStudy]]:
    """Return the Optuna studies that this tool made, by name and last part of the name."""
    groups: dict[str, dict[str, FrozenStudy]] = {}
    for study in storage.get_all_studies():
        if not isinstance(study.study_name, str):
            raise unreadable()
        name, separator, member = study.study_name.rpartition("/")
        if separator and "schema_version" in study.user_attrs:
            groups.setdefault(name, {})[member] = study
    return groups


def trials_of(storage: BaseStorage, study: FrozenStudy) -> Sequence[FrozenTrial]:
    """Return all trials of an Optuna study.

    Raises:
        UnreadableError: If one holds a text or nothing where SQLite and Optuna let it pass and all
            who compute with it expect a number.
    """
    trials = storage.get_all_trials(study._study_id, deepcopy=False)
    if not all(map(_is_of_numbers, trials)):
        raise unreadable()
    return trials


def _is_of_numbers(trial: FrozenTrial) -> bool:
    values = (
        *(trial.values or ()),
        *trial.intermediate_values.values(),
        *(
            trial.params[name]
            for name, distribution in trial.distributions.items()
            if not isinstance(distribution, CategoricalDistribution)
        ),
    )
    return all(isinstance(whole, int) for whole in (trial.number, *trial.intermediate_values)) and (
        all(isinstance(value, (int, float)) for value in values)
    )
