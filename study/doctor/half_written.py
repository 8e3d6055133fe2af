"""Studies whose making was cut short."""

from __future__ import annotations

from collections.abc import Iterator

from optuna.storages._rdb.models import (
    StudyDirectionModel,
    StudyModel,
    StudySystemAttributeModel,
    StudyUserAttributeModel,
)
from sqlalchemy import delete

from search_spaces import SPACES
from study.doctor.patient import Finding, Patient
from study.records import NO_FAMILIES


def check(patient: Patient) -> Iterator[Finding]:
    """Look for members without the schema's version, which is written last, and without trials."""
    for name, study in patient.studies.items():
        member = name.rpartition("/")[2]
        is_ours = member in SPACES or member in NO_FAMILIES
        if is_ours and "schema_version" not in study.user_attrs and not patient.trials(name):
            tables = (StudyUserAttributeModel, StudySystemAttributeModel, StudyDirectionModel)
            yield Finding(
                where=name,
                problem="was begun and holds nothing yet",
                remedy="delete it; a run makes it anew",
                statements=tuple(
                    delete(table).where(table.study_id == study._study_id)
                    for table in (*tables, StudyModel)
                ),
            )
