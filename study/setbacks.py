"""What a trial lost when its training was cut short, and how often its processes died of it.

All of it is kept in the trial's user attributes, so that another run of the program knows it too:
`seen` (when it was last begun or finished an epoch), `lost_seconds`, `lost_epochs`, `died_after`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from itertools import takewhile
from typing import Any

from study.heartbeat import Heartbeat

HISTORY = ("training_accuracy", "training_loss", "validation_loss")
"""Attributes that hold a number for each epoch."""


def now() -> str:
    """Return the present moment as the attribute `seen` holds it."""
    return datetime.now(tz=UTC).isoformat()


def cut_short(attrs: Mapping[str, Any], *, at: datetime | None) -> dict[str, Any]:
    """Return the attributes of a trial whose training ended between two epochs.

    Args:
        attrs: Those that it has.
        at: When that was; None where nobody knows.
    """
    lost = 0.0 if at is None else _seconds_since(attrs.get("seen"), at)
    return {"lost_seconds": _number(attrs.get("lost_seconds")) + lost}


def died(attrs: Mapping[str, Any], *, n_epochs: int, at: datetime | None) -> dict[str, Any]:
    """Return the attributes of a trial whose process died after so many whole epochs."""
    return {"died_after": [*_deaths(attrs), n_epochs], **cut_short(attrs, at=at)}


def last_heard(beat: Heartbeat | None, attrs: Mapping[str, Any]) -> datetime | None:
    """Return when the run that trained a trial was last heard of; None where nobody knows.

    Args:
        beat: The last sign of life in the trial's study.
        attrs: The trial's.
    """
    # A run that began only after the trial was last seen never trained it: it was another command.
    # Both are UTC in ISO format, which sorts as time does.
    if beat is None or str(attrs.get("seen")) < str(beat.process.get("started")):
        return None
    return beat.time


def n_deaths_in_a_row(attrs: Mapping[str, Any]) -> int:
    """Return how many processes have died of a trial since it last finished an epoch."""
    deaths = _deaths(attrs)
    return sum(1 for _ in takewhile(lambda epoch: epoch == deaths[-1], reversed(deaths)))


def gone_back(attrs: Mapping[str, Any], *, epoch: int) -> dict[str, Any]:
    """Return the attributes of a trial that goes on after an epoch earlier than it had come to.

    The seconds of the epochs that are trained again are an equal share for each.

    Returns:
        The attributes that change; none where nothing is trained again.
    """
    n_epochs = max(len(_list(attrs.get(name))) for name in HISTORY)
    if epoch >= n_epochs:
        return {}
    seconds = _number(attrs.get("training_seconds"))
    kept = seconds * epoch / n_epochs
    return {
        "training_seconds": kept,
        "lost_seconds": _number(attrs.get("lost_seconds")) + seconds - kept,
        "lost_epochs": int(_number(attrs.get("lost_epochs"))) + n_epochs - epoch,
        **{name: _list(attrs.get(name))[:epoch] for name in HISTORY},
    }


def _seconds_since(seen: Any, at: datetime) -> float:
    try:
        return max(0.0, (at - datetime.fromisoformat(str(seen))).total_seconds())
    except (ValueError, TypeError):  # Of another program, or without a time zone.
        return 0.0


def _deaths(attrs: Mapping[str, Any]) -> list[Any]:
    return _list(attrs.get("died_after"))


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _number(value: Any) -> float:
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        return 0.0
    try:
        return float(value)
    except OverflowError:  # An integer past the range of floats.
        return 0.0
