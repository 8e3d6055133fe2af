"""Write each study's notes and figures into its database, where optuna-dashboard finds them."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import optuna
from optuna.exceptions import StorageInternalError
from optuna.trial import Trial
from sqlalchemy.exc import SQLAlchemyError

from study.dashboard import NOT_INSTALLED, is_installed
from study.errors import StorageError
from study.records import FINISHED, RETRAINED, StudyRecord
from study.storage import (
    check_writable,
    open_for_reading,
    open_for_writing,
    read_study,
    study_names,
)
from study.studies import load_as_is

if TYPE_CHECKING:
    from analysis.dashboard import Page

logger = logging.getLogger(__name__)

WRITTEN = "study:written"
"""System attribute: what the notes and figures were made of, and which trials have a note."""

BOUNDARY = (
    "\n\n---\n\n*The text above is written anew when the study goes on. What you write here stays.*"
)
"""Ends what the program writes of a note; nothing from a database can look like it, as the texts
above it are escaped."""


def refresh_all(url: str) -> None:
    """Write the notes and figures of all studies of a database that have gone on since.

    Raises:
        StorageError: If the database is not there or cannot be read.
    """
    for name in study_names(url):
        try:
            refresh(url, read_study(url, name))
        except StorageError as error:
            logger.warning("Study %r gets no notes. %s", name, error)


def refresh(url: str, study: StudyRecord) -> None:
    """Write a study's notes and figures, unless nothing has been added since they were written.

    A database that cannot be written stays as it is, with a warning.
    """
    if not is_installed():
        logger.warning("The dashboard's notes are not written. %s", NOT_INSTALLED)
        return
    try:
        _refresh(url, study)
    except StorageError as error:
        logger.warning("The dashboard's notes are not written. %s", error)
    except (SQLAlchemyError, StorageInternalError) as error:
        # The driver's own words may repeat the URL with its password.
        logger.warning("The dashboard's notes are not written (%s).", type(error).__name__)


def _refresh(url: str, study: StudyRecord) -> None:
    from analysis.dashboard import EDITION, pages

    source = {"edition": EDITION, **_progress(study)}
    if not source["finished"]:
        return
    names = _names(study)
    with open_for_reading(url) as storage:
        ids = {member: storage.get_study_id_from_name(name) for member, name in names.items()}
        written = [
            storage.get_study_system_attrs(study_id).get(WRITTEN) for study_id in ids.values()
        ]
    if all(isinstance(one, dict) and one.get("source") == source for one in written):
        return
    check_writable(url)
    logger.info("Writing the dashboard's notes and figures of %r.", study.name)
    found = pages(study, study_ids=ids)
    with open_for_writing(url) as storage:
        for page in found:
            _write(load_as_is(storage, names[page.member]), page, source)


def _names(study: StudyRecord) -> dict[str, str]:
    members = [family.family for family in study.families]
    if study.retrained:
        members.append(RETRAINED)
    return {member: f"{study.name}/{member}" for member in members}


def _progress(study: StudyRecord) -> dict[str, int]:
    trials = [trial for family in study.families for trial in family.trials]
    return {
        "finished": sum(trial.state in FINISHED for trial in trials),
        "epochs": sum(len(trial.validation_accuracy) for trial in trials),
        "retrained": len(study.retrained) + len(study.redrawn),
        "validated": len(study.validated),
    }


def _write(optuna_study: optuna.Study, page: Page, source: Mapping[str, int]) -> None:
    from optuna_dashboard import save_plotly_graph_object

    storage, study_id = optuna_study._storage, optuna_study._study_id
    _save_note(optuna_study, page.note)
    trials = {trial.number: trial for trial in optuna_study.get_trials(deepcopy=False)}
    noted = _noted(storage.get_study_system_attrs(study_id).get(WRITTEN)) & trials.keys()
    for number in sorted(noted | page.trial_notes.keys()):
        # A trial that was overtaken loses what the program wrote of it.
        trial = Trial(optuna_study, trials[number]._trial_id)
        _save_note(trial, page.trial_notes.get(number, ""))
    for name, figure in page.figures.items():
        save_plotly_graph_object(optuna_study, figure, graph_object_id=name)
    # Last, so that what was cut short is done again.
    value: Any = {"source": dict(source), "trials": sorted(page.trial_notes)}
    storage.set_study_system_attr(study_id, WRITTEN, value)


def _noted(written: Any) -> set[int]:
    numbers = written.get("trials") if isinstance(written, dict) else None
    return {one for one in numbers if isinstance(one, int)} if isinstance(numbers, list) else set()


def _save_note(place: optuna.Study | Trial, text: str) -> None:
    """Write a note above what its reader added to it; an unchanged one is not written."""
    from optuna_dashboard import get_note, save_note

    before = get_note(place)
    ours, boundary, theirs = before.partition(BOUNDARY)
    theirs = theirs if boundary else f"\n\n{ours}" if ours else ""
    note = f"{text}{BOUNDARY}{theirs}" if text else theirs.lstrip()
    if note != before:
        save_note(place, note)
