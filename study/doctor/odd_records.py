"""Records that the report skips, wholly or in part."""

from __future__ import annotations

import math
from collections.abc import Iterator

from optuna.trial import FrozenTrial, TrialState

from study.doctor.patient import Finding, Patient
from study.records import RETRAINED, VALIDATED
from study.storage.decoding import bytes_of, retrained_result, validated_result

RESULTS = {RETRAINED: retrained_result, VALIDATED: validated_result}


def check(patient: Patient) -> Iterator[Finding]:
    """Decode every completed trial as the report does."""
    for name, study in patient.studies.items():
        if "schema_version" not in study.user_attrs:
            continue
        member = name.rpartition("/")[2]
        for trial in patient.trials(name):
            problem = _problem(member, trial) if trial.state == TrialState.COMPLETE else None
            if problem is not None:
                yield Finding(
                    where=name,
                    problem=f"trial {trial.number}: {problem}",
                    remedy="nothing is lost by leaving it; who wrote it can write it again",
                )


def _problem(member: str, trial: FrozenTrial) -> str | None:
    values = trial.values
    if not values or not all(math.isfinite(value) for value in values):
        return "complete, but without a score"
    if any(not math.isfinite(value) for value in trial.intermediate_values.values()):
        return "a score after an epoch is no number"
    if member in RESULTS and RESULTS[member](trial) is None:
        return "lacks what the report needs to use it"
    predictions = trial.user_attrs.get("predictions")
    if predictions is not None and not bytes_of(predictions):
        return "its predictions cannot be read"
    return None
