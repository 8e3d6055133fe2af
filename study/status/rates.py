"""How fast things went of late, and how long the rest takes at that."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from itertools import pairwise
from statistics import median

from study.status.model import Phase

RECENT = 20
"""Moments that a rate goes by."""

BREAK_SECONDS, BREAK_FACTOR = 1800.0, 10.0
"""A gap longer than both this and so many median gaps is a break between runs, and left out."""


def per_hour(moments: Iterable[datetime]) -> float | None:
    """Return how many there are an hour of late; None for fewer than two or without any time."""
    recent = sorted(moments)[-RECENT:]
    gaps = [(after - before).total_seconds() for before, after in pairwise(recent)]
    if not gaps:
        return None
    longest = max(BREAK_SECONDS, BREAK_FACTOR * median(gaps))
    worked = [gap for gap in gaps if gap <= longest]
    return 3600 * len(worked) / sum(worked) if sum(worked) > 0 else None


def phase(*, done: int, planned: int | None, rate: float | None) -> Phase:
    """Return a phase with the time that the rest of it takes."""
    left: float | None = None
    if planned is not None:
        n_left = max(planned - done, 0)
        left = 0.0 if not n_left else None if rate is None else 3600 * n_left / rate
    return Phase(done=done, planned=planned, per_hour=rate, seconds_left=left)


def seconds_since(moment: datetime, now: datetime) -> float:
    """Return how long ago a moment was; 0 for one to come, as where a clock was put back."""
    return max((now - moment).total_seconds(), 0.0)
