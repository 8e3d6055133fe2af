"""A status as a reader sees it: plain lines without a character that controls the terminal."""

from __future__ import annotations

from collections.abc import Iterator

from study.console import printable
from study.records.progress import ProcessRecord
from study.status.model import ENDED, LIVE, SILENT, FamilyStatus, Phase, Running, StudyStatus

MAX_RUNNING = 20
"""Trials under way that are listed; a large machine has some dozens."""


def text(status: StudyStatus) -> str:
    """Return a study's status, several lines."""
    lines = [printable(status.name)]
    lines += [f"  {head:<12}{printable(said)}".rstrip() for head, said in _lines(status)]
    return "\n".join(lines)


def _lines(status: StudyStatus) -> Iterator[tuple[str, str]]:
    yield "run", _run(status)
    for name, phase in status.phases.items():
        yield name, _phase(phase, "trials" if name == "search" else "models")
        if name == "search":
            for family in status.families:
                yield "", _family(family)
    if status.best is not None:
        best = status.best
        yield "best", f"{best.validation_accuracy:.2%}, {best.family} trial {best.trial}"
    head = "running" if status.run != ENDED else "left behind"
    for one in status.running[:MAX_RUNNING]:
        yield head, _running(one)
        head = ""
    if len(status.running) > MAX_RUNNING:
        yield "", f"and {len(status.running) - MAX_RUNNING} more"
    head = "failed"
    for failures in status.failures:
        yield head, f"{failures.count} of {failures.family}, {failures.phase}: {failures.reason}"
        head = ""
    if status.other_failures:
        yield "", f"{status.other_failures} for other reasons"
    yield "time left", _time_left(status)


def _run(status: StudyStatus) -> str:
    if status.process is None or status.heartbeat_age_seconds is None:
        return "no sign of life recorded"
    ago = f"{_duration(status.heartbeat_age_seconds)} ago"
    who = _process(status.process)
    if status.run == LIVE:
        return f"goes on: {who}, last heartbeat {ago}"
    if status.run == SILENT:
        return f"silent, perhaps killed: {who}, last heartbeat {ago}"
    return f"ended {ago}: {who}"


def _phase(phase: Phase, what: str) -> str:
    planned = "" if phase.planned is None else f" of {phase.planned}"
    said = f"{phase.done}{planned} {what}"
    if phase.per_hour is not None and phase.seconds_left != 0:
        said += f", {_rate(phase.per_hour)} an hour"
    if phase.seconds_left:
        said += f", about {_duration(phase.seconds_left)} left"
    return said


def _family(family: FamilyStatus) -> str:
    target = "" if family.target is None else f" of {family.target}"
    states = ", ".join(f"{count} {state}" for state, count in sorted(family.states.items()))
    said = f"{family.family}: {family.tried}{target}"
    said += f" ({states})" if states else ""
    if family.best is None:
        return said
    return f"{said}, best {family.best.validation_accuracy:.2%} (trial {family.best.trial})"


def _running(running: Running) -> str:
    since = "" if running.seconds is None else f", begun {_duration(running.seconds)} ago"
    worker = _process(running.worker)
    epochs = f"{running.n_epochs} epoch{'' if running.n_epochs == 1 else 's'}"
    return f"{running.family} trial {running.trial}, {epochs} so far{since}: {worker}"


def _process(process: ProcessRecord) -> str:
    pid = "process not recorded" if process.pid is None else f"process {process.pid}"
    host = "" if process.host is None else f" on {process.host}"
    started = "" if process.started is None else f" since {process.started:%Y-%m-%d %H:%M} UTC"
    return f"{pid}{host}{started}"


def _time_left(status: StudyStatus) -> str:
    if not status.seconds_left:
        return status.time_left_basis
    on = "" if status.run == LIVE else " once it goes on"
    return f"about {_duration(status.seconds_left)}{on}, {status.time_left_basis}"


def _rate(per_hour: float) -> str:
    return f"{per_hour:,.0f}" if per_hour >= 10 else f"{per_hour:.2g}"


def _duration(seconds: float) -> str:
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    if whole < 86_400:
        return f"{whole // 3600} h {whole % 3600 // 60} min"
    return f"{whole // 86_400} d {whole % 86_400 // 3600} h"
