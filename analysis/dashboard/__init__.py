"""What optuna-dashboard shows of a study: notes and figures, made from its records."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from analysis.dashboard import figures, notes, winners
from analysis.evidence import Evidence, from_study
from study.records import RETRAINED, StudyRecord

EDITION = 3
"""Raise it when notes or figures change: what an earlier edition wrote is then written anew."""


@dataclass(frozen=True, kw_only=True)
class Page:
    """What is shown of one Optuna study.

    Attributes:
        member: The last part of its name: a family, or "retrained".
        note: Markdown.
        trial_notes: Markdown by number of the trial.
        figures: Plotly figures by name.
    """

    member: str
    note: str
    trial_notes: Mapping[int, str] = field(default_factory=dict)
    figures: Mapping[str, Any] = field(default_factory=dict)


def pages(study: StudyRecord, *, study_ids: Mapping[str, int]) -> tuple[Page, ...]:
    """Return what is shown of each Optuna study of a study.

    Args:
        study: The records.
        study_ids: The database's number of each of its Optuna studies by the last part of its
            name, for links.

    Raises:
        StorageError: If no trial of the study has finished.
    """
    evidence = from_study(study)
    found = [_of_search(evidence, family, study_ids) for family in evidence.families]
    if study.retrained:
        note = notes.of_results(evidence, study_ids=study_ids)
        found.append(Page(member=RETRAINED, note=note, figures=figures.of_results(evidence)))
    return tuple(found)


def _of_search(evidence: Evidence, family: str, study_ids: Mapping[str, int]) -> Page:
    winner = evidence.winners.get(family)
    trial_notes = {}
    if winner is not None:
        trial_notes[winner.number] = winners.of_winner(evidence, family, study_ids=study_ids)
    return Page(
        member=family,
        note=notes.of_search(evidence, family, study_ids=study_ids),
        trial_notes=trial_notes,
        figures=figures.of_search(evidence, family),
    )
