"""Values that Optuna cannot read: it reads no study that has one, and so nobody does."""

from __future__ import annotations

from collections.abc import Iterator

from optuna.distributions import json_to_distribution
from optuna.storages._rdb.models import BaseModel
from sqlalchemy import Table

from study.doctor.patient import Finding, Patient
from study.doctor.raw_rows import Row, every_row, odd_columns, undecoded
from study.doctor.row_repairs import Known, finding, known_of


def check(patient: Patient) -> Iterator[Finding]:
    """Look at every value of studies and trials as it is stored."""
    tables = [table for table in BaseModel.metadata.sorted_tables if table.name != "version_info"]
    # Attributes first: a trial that is marked as failed gets a new one.
    tables.sort(key=lambda table: "value_json" not in table.columns)
    with patient.storage.engine.connect() as connection, undecoded(connection):
        known = known_of(connection)
        for table in tables:
            for one in connection.execute(every_row(table)):
                row = one._asdict()
                odd = odd_columns(table, row, connection)
                if not odd and _is_odd_as_a_whole(table, row, known):
                    odd = [""]
                # In a trial's own row, each value can be mended by itself.
                for column in odd if table.name == "trials" else odd[:1]:
                    yield finding(table, row, column, known)


def _is_odd_as_a_whole(table: Table, row: Row, known: Known) -> bool:
    """Return whether columns that can be read one by one do not fit together."""
    if table.name == "trial_params":
        return not _is_parameter(row)
    if table.name == "trial_values":
        is_placed = row["objective"] in range(known.n_values[row["trial_id"]])
        return not is_placed or (row["value"] is None) is (row["value_type"] == "FINITE")
    if table.name == "trial_intermediate_values":
        return (row["intermediate_value"] is None) is (row["intermediate_value_type"] == "FINITE")
    return False


def _is_parameter(row: Row) -> bool:
    try:
        distribution = json_to_distribution(row["distribution_json"])
        distribution.to_external_repr(row["param_value"])
        return bool(distribution._contains(row["param_value"]))
    except Exception:  # noqa: BLE001 - a distribution is made of whatever stands in the JSON
        return False
