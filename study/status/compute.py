"""Records of progress to what is told of it; pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime

from study.records import FINISHED, INTERRUPTED
from study.records.progress import FamilyProgress, HeartbeatRecord, StudyProgress, TrialProgress
from study.status.model import (
    ENDED,
    LIVE,
    SILENT,
    UNKNOWN,
    Failures,
    FamilyStatus,
    Phase,
    Running,
    Score,
    StudyStatus,
)
from study.status.plans import best_of, retraining, validation
from study.status.rates import RECENT, per_hour, phase, seconds_since

MAX_FAILURES = 10
MAX_REASON_CHARACTERS = 200
STATES = {"COMPLETE": "complete", "PRUNED": "pruned", "WAITING": "queued"}


def status_of(study: StudyProgress, *, now: datetime) -> StudyStatus:
    """Return how far a study is.

    Args:
        study: What the database knows.
        now: The present time, with its zone.
    """
    families = tuple(_family(family) for family in study.families)
    beats = [family.heartbeat for family in study.families if family.heartbeat is not None]
    beat = max(beats, key=lambda one: one.time, default=None)
    phases = {
        "search": _search(study, families),
        "validation": validation(study),
        "retraining": retraining(study),
    }
    scores = [family.best for family in families if family.best is not None]
    failures, n_others = _failures(study)
    left = [one.seconds_left for one in phases.values()]
    known = [seconds for seconds in left if seconds is not None]
    return StudyStatus(
        name=study.name,
        run=_run(beat),
        process=None if beat is None else beat.process,
        heartbeat=None if beat is None else beat.time,
        heartbeat_age_seconds=None if beat is None else seconds_since(beat.time, now),
        families=families,
        phases=phases,
        best=max(scores, key=lambda score: score.validation_accuracy, default=None),
        running=tuple(_running(study.families, now)),
        failures=failures,
        other_failures=n_others,
        seconds_left=sum(known) if len(known) == len(left) else None,
        time_left_basis=_basis(phases),
    )


def _run(beat: HeartbeatRecord | None) -> str:
    if beat is None:
        return UNKNOWN
    if beat.stopped:
        return ENDED
    return LIVE if beat.is_alive else SILENT


def _family(family: FamilyProgress) -> FamilyStatus:
    target = family.settings.get("trials")
    best = best_of(family)
    return FamilyStatus(
        family=family.family,
        target=target if isinstance(target, int) and not isinstance(target, bool) else None,
        tried=sum(_is_tried(trial) for trial in family.trials),
        states=dict(Counter(map(_state, family.trials))),
        best=None
        if best is None or best.value is None
        else Score(family=family.family, trial=best.number, validation_accuracy=best.value),
    )


def _is_tried(trial: TrialProgress) -> bool:
    # One that waits to go on counts: of those that pause, most never do.
    if trial.failure == INTERRUPTED:
        return False
    return trial.state in FINISHED or (trial.state == "RUNNING" and trial.n_epochs > 0)


def _state(trial: TrialProgress) -> str:
    if trial.state == "FAIL":
        return "interrupted" if trial.failure == INTERRUPTED else "failed"
    if trial.state == "RUNNING":
        return "paused" if trial.is_paused else "running"
    return STATES.get(trial.state, "other")


def _search(study: StudyProgress, families: Sequence[FamilyStatus]) -> Phase:
    targets = [family.target for family in families if family.target is not None]
    known = len(targets) == len(families)
    begun = [
        trial.started
        for family in study.families
        for trial in family.trials
        if _is_tried(trial) and trial.started is not None
    ]
    return phase(
        done=sum(min(one.tried, one.target or one.tried) for one in families),
        planned=sum(targets) if known else None,
        rate=per_hour(begun),
    )


def _running(families: Sequence[FamilyProgress], now: datetime) -> list[Running]:
    return [
        Running(
            family=family.family,
            trial=trial.number,
            n_epochs=trial.n_epochs,
            seconds=None if trial.started is None else seconds_since(trial.started, now),
            worker=trial.worker,
        )
        for family in families
        for trial in family.trials
        if trial.state == "RUNNING" and not trial.is_paused
    ]


def _failures(study: StudyProgress) -> tuple[tuple[Failures, ...], int]:
    reasons = Counter(
        ("search", family.family, _one_line(trial.failure))
        for family in study.families
        for trial in family.trials
        if _state(trial) == "failed"
    )
    reasons.update((one.phase, one.family, _one_line(one.failure)) for one in study.failed)
    ranked = sorted(reasons.items(), key=lambda item: (-item[1], item[0]))
    listed = tuple(
        Failures(phase=phase, family=family, reason=reason, count=count)
        for (phase, family, reason), count in ranked[:MAX_FAILURES]
    )
    return listed, sum(count for _, count in ranked[MAX_FAILURES:])


def _one_line(reason: str | None) -> str:
    text = " ".join((reason or "no reason recorded").split())
    return text if len(text) <= MAX_REASON_CHARACTERS else f"{text[: MAX_REASON_CHARACTERS - 1]}…"


def _basis(phases: Mapping[str, Phase]) -> str:
    unknown = [
        f"{name} has no {'recorded target' if one.planned is None else 'rate yet'}"
        for name, one in phases.items()
        if one.seconds_left is None
    ]
    if unknown:
        return f"unknown: {', '.join(unknown)}"
    if all(one.seconds_left == 0 for one in phases.values()):
        return "all that was asked for is done"
    return f"the rest at the rate of the last {RECENT} of each kind, breaks left out"
