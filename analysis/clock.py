"""A search's time without its breaks: a clock that stands still while nobody trains."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

LONGEST_PAUSE_MINUTES = 30.0
"""Longer ones are breaks between two sittings."""


class Break(NamedTuple):
    """When the clock stood still, on the clock, and how long, both in minutes."""

    at: float
    minutes: float


class Clock(NamedTuple):
    """Maps minutes to minutes without breaks, linear between the knots."""

    knots: np.ndarray
    places: np.ndarray
    breaks: tuple[Break, ...]

    def __call__(self, minutes: np.ndarray) -> np.ndarray:
        """Return what the clock shows; NaN where the time is."""
        return np.asarray(np.interp(minutes, self.knots, self.places))

    @property
    def total(self) -> float:
        """Return what the clock shows at the end."""
        return float(self.places[-1])


def clock(starts: np.ndarray, ends: np.ndarray, training_minutes: np.ndarray) -> Clock:
    """Return the clock of trials.

    A trial that pauses is known to be at work after its start and before its end only, each for as
    long as it trained in all, at most: so a break is a time longer than `LONGEST_PAUSE_MINUTES`
    that no trial's such stretches touch.

    Args:
        starts: Minutes, at least one.
        ends: Minutes, not before the starts.
        training_minutes: NaN where it is not known, and the trial counts as busy all the time.
    """
    busy = np.fmin(ends - starts, training_minutes)
    lows = np.concatenate([starts, ends - busy])
    highs = np.concatenate([starts + busy, ends])
    order = np.argsort(lows, kind="stable")
    lows, highs = lows[order], np.maximum.accumulate(highs[order])
    gaps = np.flatnonzero(lows[1:] - highs[:-1] > LONGEST_PAUSE_MINUTES)
    knots = np.concatenate([lows[:1], *((highs[i], lows[i + 1]) for i in gaps), highs[-1:]])
    passed = np.diff(knots)
    left_out = passed[1::2].copy()
    passed[1::2] = 0.0
    places = np.concatenate([[0.0], np.cumsum(passed)])
    breaks = [
        Break(float(at), float(gap)) for at, gap in zip(places[1:-1:2], left_out, strict=True)
    ]
    return Clock(knots, places, tuple(breaks))
