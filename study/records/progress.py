"""How far a study is, in as few records as tell it: what `python -m study status` reads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from study.records.retrained import RetrainedResult
from study.records.validated import ValidatedResult


@dataclass(frozen=True, kw_only=True)
class ProcessRecord:
    """A process as it noted itself; None where it did not."""

    host: str | None = None
    pid: int | None = None
    started: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class HeartbeatRecord:
    """The last sign of life of a run.

    Attributes:
        process: The run's own process, not a worker.
        time: When it was given.
        stopped: Whether the run ended of its own accord then.
        is_alive: Whether it may still go on, by the rule of `study.heartbeat`.
    """

    process: ProcessRecord
    time: datetime
    stopped: bool = False
    is_alive: bool


@dataclass(frozen=True, kw_only=True)
class TrialProgress:
    """A trial of a search, without what it was made of.

    Attributes:
        number: In its Optuna study.
        state: "COMPLETE", "PRUNED", "FAIL", "RUNNING" or "WAITING".
        value: Validation accuracy of a COMPLETE one.
        n_epochs: Scored epochs of a RUNNING one; 0 of others.
        is_paused: Whether a RUNNING one waits to go on.
        failure: Why a FAIL one failed.
        baseline: Name of the configuration where it is a named one.
        worker: Process of a RUNNING one.
        started: When it began.
        finished: When it ended.
    """

    number: int
    state: str
    value: float | None = None
    n_epochs: int = 0
    is_paused: bool = False
    failure: str | None = None
    baseline: str | None = None
    worker: ProcessRecord = ProcessRecord()
    started: datetime | None = None
    finished: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class FamilyProgress:
    """One family's search.

    Attributes:
        family: Architecture family.
        trials: In order of their numbers.
        settings: What was asked for.
        n_baselines: Named configurations of the family.
        heartbeat: Of the last run that searched it.
    """

    family: str
    trials: tuple[TrialProgress, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)
    n_baselines: int = 0
    heartbeat: HeartbeatRecord | None = None


@dataclass(frozen=True, kw_only=True)
class FailedModel:
    """A run after the search that gave no model.

    Attributes:
        phase: "validation" or "retraining".
        family: Architecture family.
        failure: Why; None where that is not recorded.
    """

    phase: str
    family: str
    failure: str | None


@dataclass(frozen=True, kw_only=True)
class StudyProgress:
    """All searches of a study, and what was trained after them."""

    name: str
    families: tuple[FamilyProgress, ...]
    validated: tuple[ValidatedResult, ...] = ()
    retrained: tuple[RetrainedResult, ...] = ()
    failed: tuple[FailedModel, ...] = ()
