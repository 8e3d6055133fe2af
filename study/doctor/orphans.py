"""Rows that belong to a study or a trial that is not there."""

from __future__ import annotations

from collections.abc import Iterator

from optuna.storages._rdb.models import BaseModel
from sqlalchemy import Executable, func, select

from study.doctor.patient import Finding, Patient


def check(patient: Patient) -> Iterator[Finding]:
    """Follow the foreign keys of all tables, owners first: their deletion orphans others."""
    with patient.storage.engine.connect() as connection:
        for table in BaseModel.metadata.sorted_tables:
            for column in table.columns:
                for key in column.foreign_keys:
                    owner = key.column
                    orphaned = column.not_in(select(owner))
                    query = select(func.count()).select_from(table).where(orphaned)
                    n_rows = connection.execute(query).scalar_one()
                    if n_rows:
                        yield Finding(
                            where=f"table {table.name}",
                            problem=f"has {n_rows} rows of {owner.table.name} that are not there",
                            remedy="delete them",
                            statements=tuple(_deletions(orphaned_table=table.name)),
                        )


def _deletions(orphaned_table: str) -> Iterator[Executable]:
    """Yield what deletes a table's orphans, and those that their deletion makes."""
    tables = BaseModel.metadata.sorted_tables
    begin = next(i for i, table in enumerate(tables) if table.name == orphaned_table)
    for table in tables[begin:]:
        for column in table.columns:
            for key in column.foreign_keys:
                yield table.delete().where(column.not_in(select(key.column)))
