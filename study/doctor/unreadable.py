"""Attributes that are no JSON: Optuna reads no study that has one, and so nobody does."""

from __future__ import annotations

import json
from collections.abc import Iterator

from optuna.storages._rdb.models import BaseModel
from sqlalchemy import select

from study.doctor.patient import Finding, Patient


def check(patient: Patient) -> Iterator[Finding]:
    """Read every attribute of studies and trials."""
    with patient.storage.engine.connect() as connection:
        for table in BaseModel.metadata.sorted_tables:
            if "value_json" not in table.columns:
                continue
            (identity,) = table.primary_key.columns
            rows = connection.execute(select(identity, table.c.key, table.c.value_json))
            for row_id, key, text in rows:
                if not _is_json(text):
                    yield Finding(
                        where=f"table {table.name}",
                        problem=f"has an attribute {key!r} that cannot be read",
                        remedy="delete the attribute; what depends on it reads as absent",
                        statements=(table.delete().where(identity == row_id),),
                    )


def _is_json(text: object) -> bool:
    try:
        json.loads(str(text))
    except ValueError:
        return False
    return True
