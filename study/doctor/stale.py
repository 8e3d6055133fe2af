"""Trials that are RUNNING, although nobody is at them."""

from __future__ import annotations

from collections.abc import Iterator

from optuna.trial import FrozenTrial, TrialState

from study.doctor.changes import fail, set_attr
from study.doctor.patient import Finding, Patient, numbers
from study.heartbeat import heartbeat_of
from study.records import NO_FAMILIES

OPEN = (TrialState.RUNNING, TrialState.WAITING)


def check(patient: Patient) -> Iterator[Finding]:
    """Compare trials with their run's sign of life."""
    for name, study in patient.studies.items():
        beat = heartbeat_of(study.system_attrs)
        if beat is not None and beat.is_alive():
            continue
        if name.rpartition("/")[2] in NO_FAMILIES:
            yield from _unfinished(name, [t for t in patient.trials(name) if t.state in OPEN])
            continue
        left = [
            trial
            for trial in patient.trials(name)
            if trial.state == TrialState.RUNNING and not trial.user_attrs.get("paused")
        ]
        if left:
            yield Finding(
                where=name,
                problem=f"{numbers(left)}: running, but no run of the study is alive",
                remedy="mark as paused, from where the next run goes on",
                statements=tuple(one for t in left for one in set_attr(t, "paused", True)),
            )


def _unfinished(name: str, trials: list[FrozenTrial]) -> Iterator[Finding]:
    # This program records a result whole or not at all.
    if trials:
        yield Finding(
            where=name,
            problem=f"{numbers(trials)}: a result that was never finished",
            remedy="mark as failed",
            statements=tuple(one for trial in trials for one in fail(trial, "never finished")),
        )
