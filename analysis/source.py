"""Where the evidence of a call comes from: a storage and a name, an Optuna study, or evidence."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, TypedDict, Unpack

from sqlalchemy.engine import URL

from analysis.evidence import Evidence, from_study
from analysis.statistics.verdict import DEFAULT_MARGIN
from study.errors import ConfigError
from study.storage import default_storage_url, newest_study_name, read_study, study_names

if TYPE_CHECKING:
    import optuna
    from optuna.storages import BaseStorage


class Place(TypedDict, total=False):
    """The keywords of `load`."""

    storage: str | Path | BaseStorage | None
    name: str | None
    optuna_study: optuna.Study | None
    margin: float


class Source(Place, total=False):
    """The keywords that every function of `analysis` takes.

    `evidence` is what `load` has returned: it saves reading the database again, and goes alone.
    """

    evidence: Evidence


def load(
    *,
    storage: str | Path | BaseStorage | None = None,
    name: str | None = None,
    optuna_study: optuna.Study | None = None,
    margin: float = DEFAULT_MARGIN,
) -> Evidence:
    """Return all that is known of a study, for several calls to share.

    Args:
        storage: URL of a database, path of an SQLite file, or an Optuna storage, perhaps in memory.
            If not given: `OPTUNA_STORAGE` where that is set, else `sqlite:///studies.db`.
        name: Of the study, as "cifar10". If not given: of a database, the study with the newest
            finished trial; of an Optuna storage, the only one in it.
        optuna_study: One of the study's Optuna studies, as "cifar10/custom_cnn". It tells both the
            storage and the name, and takes their place; all families are read, not its alone.
        margin: Differences of accuracy up to this do not matter, a share in (0, 1).

    Raises:
        ConfigError: If an argument cannot be used, or two of them contradict each other.
        StorageError: If the database cannot be read, or holds no finished trial of such a study.
    """
    if not 0 < margin < 1:
        raise ConfigError(f"margin must be above 0 and below 1, but got {margin}: 0.01 is a point.")
    if optuna_study is None:
        place = _place(storage)
        return from_study(read_study(place, name or _only_name(place)), margin=margin)
    if storage is not None or name is not None:
        raise ConfigError(
            f"optuna_study {optuna_study.study_name!r} tells storage and name; leave these out."
        )
    return from_study(read_study(optuna_study._storage, _name_of(optuna_study)), margin=margin)


def evidence_of(*, evidence: Evidence | None = None, **place: Unpack[Place]) -> Evidence:
    """Return the evidence that was given, or load it.

    Raises:
        ConfigError: If evidence was given together with a place to load it from.
        StudyError: As `load` raises it.
    """
    if evidence is None:
        return load(**place)
    if place:
        raise ConfigError(f"The evidence is loaded already; leave out {', '.join(sorted(place))}.")
    return evidence


def _place(storage: str | Path | BaseStorage | None) -> str | BaseStorage:
    if isinstance(storage, Path):
        return URL.create("sqlite", database=str(storage)).render_as_string()
    return default_storage_url() if storage is None else storage


def _only_name(storage: str | BaseStorage) -> str:
    if isinstance(storage, str):
        return newest_study_name(storage)
    names = study_names(storage)
    if len(names) != 1:
        known = ", ".join(names) or "none"
        raise ConfigError(f"The storage holds {len(names)} studies; give name. Known: {known}.")
    return names[0]


def _name_of(optuna_study: optuna.Study) -> str:
    whole = optuna_study.study_name
    name, separator, _ = whole.rpartition("/")
    if not separator or not name:
        raise ConfigError(
            f"Optuna study {whole!r} is no part of a study; name it NAME/FAMILY, "
            "as docs/records.md says."
        )
    if "schema_version" not in optuna_study.user_attrs:
        raise ConfigError(
            f"Optuna study {whole!r} lacks what docs/records.md asks for; "
            'add it: set_user_attr("schema_version", 1).'
        )
    if [direction.name for direction in optuna_study.directions] != ["MAXIMIZE"]:
        raise ConfigError(
            f"Optuna study {whole!r} does not maximize one value; keep accuracies in one that does."
        )
    return name
