"""Trials that are RUNNING, although nobody is at them."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from optuna.trial import FrozenTrial, TrialState
from sqlalchemy import Executable

from study import setbacks
from study.doctor.changes import fail, set_attr
from study.doctor.patient import Finding, Patient, numbers
from study.heartbeat import Heartbeat, heartbeat_of
from study.records import NO_FAMILIES
from study.workers import MAX_DEATHS

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
                remedy="count the death, and mark as paused, from where the next run goes on, or "
                f"as failed after {MAX_DEATHS} in a row",
                statements=tuple(one for trial in left for one in _adoption(trial, beat)),
            )


def _adoption(trial: FrozenTrial, beat: Heartbeat | None) -> Iterator[Executable]:
    """Yield what makes of a trial what the next run would, see `FamilySearch.adopt`."""
    attrs, scores = trial.user_attrs, trial.intermediate_values
    n_epochs = next(epoch for epoch in itertools.count() if epoch + 1 not in scores)
    changes = setbacks.died(attrs, n_epochs=n_epochs, at=setbacks.last_heard(beat, attrs))
    for name, value in {"paused": True, **changes}.items():
        yield from set_attr(trial, name, value)
    if setbacks.n_deaths_in_a_row(changes) >= MAX_DEATHS:
        yield from fail(trial, f"the whole run ended while it was trained, {MAX_DEATHS} times")


def _unfinished(name: str, trials: list[FrozenTrial]) -> Iterator[Finding]:
    # This program records a result whole or not at all.
    if trials:
        yield Finding(
            where=name,
            problem=f"{numbers(trials)}: a result that was never finished",
            remedy="mark as failed",
            statements=tuple(one for trial in trials for one in fail(trial, "never finished")),
        )
