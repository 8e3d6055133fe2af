"""What is told of a study's progress."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from study.records.progress import ProcessRecord

LIVE, SILENT, ENDED, UNKNOWN = "live", "silent", "ended", "unknown"
"""What is known of a run: it gives signs of life; is gone or silent; has ended."""


@dataclass(frozen=True, kw_only=True)
class Score:
    """A completed trial and its validation accuracy, in [0, 1]."""

    family: str
    trial: int
    validation_accuracy: float


@dataclass(frozen=True, kw_only=True)
class FamilyStatus:
    """How far one family's search is.

    Attributes:
        family: Architecture family.
        target: Trials asked for; None where that is not recorded.
        tried: Trials that ended, run or have paused; interrupted ones are tried again.
        states: Number of trials by state: complete, pruned, failed, interrupted, running, paused,
            queued.
        best: The completed trial with the highest score.
    """

    family: str
    target: int | None
    tried: int
    states: Mapping[str, int]
    best: Score | None


@dataclass(frozen=True, kw_only=True)
class Phase:
    """One of search, validation and retraining.

    Attributes:
        done: Trials or models done; of the search, those that were tried.
        planned: How many there are to be; None where that is not recorded.
        per_hour: The recent rate; None where too few were done to tell.
        seconds_left: The rest at that rate; None where it is not known.
    """

    done: int
    planned: int | None
    per_hour: float | None
    seconds_left: float | None


@dataclass(frozen=True, kw_only=True)
class Running:
    """A trial under way.

    Attributes:
        family: Whose.
        trial: Its number.
        n_epochs: Scored epochs.
        seconds: Since it first began, breaks included; None where that is not recorded.
        worker: The process that trains it.
    """

    family: str
    trial: int
    n_epochs: int
    seconds: float | None
    worker: ProcessRecord


@dataclass(frozen=True, kw_only=True)
class Failures:
    """How many trials or models of a family failed for the same reason.

    Attributes:
        phase: "search", "validation" or "retraining".
        family: Architecture family.
        reason: In one line.
        count: Above 0.
    """

    phase: str
    family: str
    reason: str
    count: int


@dataclass(frozen=True, kw_only=True)
class StudyStatus:
    """How far a study is.

    Attributes:
        name: Its name.
        run: LIVE, SILENT, ENDED or UNKNOWN.
        process: That of the last run; None where there was no heartbeat.
        heartbeat: When the last one was given.
        heartbeat_age_seconds: 0 where it is of the future, by a clock that was put back.
        families: In alphabetical order.
        phases: By name, in their order.
        best: Over all families.
        running: Trials that are under way, or were when the run fell silent.
        failures: The most frequent first.
        other_failures: Failed trials and models with reasons beyond those.
        seconds_left: Of all phases; None where one of them is not known.
        time_left_basis: How that was estimated, or why it was not.
    """

    name: str
    run: str
    process: ProcessRecord | None
    heartbeat: datetime | None
    heartbeat_age_seconds: float | None
    families: tuple[FamilyStatus, ...]
    phases: Mapping[str, Phase]
    best: Score | None
    running: tuple[Running, ...]
    failures: tuple[Failures, ...]
    other_failures: int
    seconds_left: float | None
    time_left_basis: str
