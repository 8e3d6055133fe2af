"""Files that the dashboard shows beside retrained trials, in a folder; the database lists them."""

from __future__ import annotations

import json
import logging
import mimetypes
import re
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from optuna.artifacts import FileSystemArtifactStore
from optuna.artifacts.exceptions import ArtifactNotFound
from optuna.exceptions import StorageInternalError
from sqlalchemy.exc import SQLAlchemyError

from study.errors import StorageError
from study.files import replaced
from study.records import RETRAINED, StudyRecord
from study.storage import open_for_writing
from study.studies import load_as_is

logger = logging.getLogger(__name__)

PREFIX = "dashboard:artifacts:"
"""Of the Optuna study's system attributes that list its trials' files: a trial that has ended takes
no attributes of its own any more, and every retrained one has ended when it is recorded."""

IDENTIFIER = re.compile(r"[0-9a-f-]{36}")


def store_artifacts(url: str, study: StudyRecord, *, folder: Path) -> None:
    """Make the files of each retrained trial that has not got them, and list them in the database.

    What is listed but gone from the folder is made again under its former name. A folder or
    database that cannot be written is left as it is, with a warning.

    Args:
        url: Database of the study.
        study: Its records.
        folder: Where the files are kept; made if need be.
    """
    if not study.retrained:
        return
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _store(url, study, folder)
    except StorageError as error:
        logger.warning("The artifacts are not complete. %s", error)
    except (OSError, SQLAlchemyError, StorageInternalError) as error:
        # The driver's own words may repeat the URL with its password.
        logger.warning("The artifacts are not complete (%s).", type(error).__name__)


def _store(url: str, study: StudyRecord, folder: Path) -> None:
    from analysis.dashboard.artifacts import ARTIFACTS, contents

    results = (*study.retrained, *study.redrawn)
    files = FileSystemArtifactStore(folder)
    with open_for_writing(url) as storage:
        optuna_study = load_as_is(storage, f"{study.name}/{RETRAINED}")
        study_id = optuna_study._study_id
        attrs = storage.get_study_system_attrs(study_id)
        trials = {trial.number: trial for trial in optuna_study.get_trials(deepcopy=False)}
        listed = {
            result.number: _listed(attrs, trials[result.number]._trial_id) for result in results
        }
        missing = [
            (result, name)
            for result in results
            for name in ARTIFACTS
            if not _is_there(files, listed[result.number].get(name))
        ]
        for (number, name), content in contents(study, missing).items():
            artifact_id = listed[number].get(name) or str(uuid.uuid4())
            # The file comes first, and whole: what is listed is there. Optuna's store would write
            # it in place, and half of one that is made again would be believed.
            with replaced(folder / artifact_id) as file:
                file.write(content)
            key = f"{PREFIX}{trials[number]._trial_id}:{artifact_id}"
            storage.set_study_system_attr(
                study_id, key, json.dumps(_description(artifact_id, name))
            )


def _listed(attrs: Mapping[str, Any], trial_id: int) -> dict[str, str]:
    """Return the identifiers of a trial's files by their names."""
    found = {}
    for key, value in attrs.items():
        trial, _, artifact_id = key.removeprefix(PREFIX).partition(":")
        if key.startswith(PREFIX) and trial == str(trial_id) and IDENTIFIER.fullmatch(artifact_id):
            found[_filename(value)] = artifact_id
    return found


def _filename(description: Any) -> str:
    """Return the name that a description gives; empty where it was deleted or is none."""
    try:
        return str(json.loads(description)["filename"])
    except (TypeError, ValueError, KeyError):
        return ""


def _is_there(files: FileSystemArtifactStore, artifact_id: str | None) -> bool:
    if artifact_id is None:
        return False
    try:
        files.open_reader(artifact_id).close()
    except ArtifactNotFound:
        return False
    return True


def _description(artifact_id: str, name: str) -> dict[str, str | None]:
    """Return what `optuna.artifacts.ArtifactMeta` holds."""
    mimetype, encoding = mimetypes.guess_type(name)
    return {
        "artifact_id": artifact_id,
        "filename": name,
        "mimetype": mimetype or "application/octet-stream",
        "encoding": encoding,
    }
