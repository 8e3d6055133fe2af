"""A status as JSON, for programs; docs/observing.md says what is in it."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from study.status.model import StudyStatus

SCHEMA_VERSION = 1
"""Rises where a program that read it would misread it; new fields alone do not raise it."""


def content(studies: Sequence[StudyStatus], *, now: datetime) -> dict[str, Any]:
    """Return what is printed; times are UTC in ISO format, what is not known is None."""
    return {
        "schema_version": SCHEMA_VERSION,
        "time": now.isoformat(timespec="seconds"),
        "studies": [_plain(dataclasses.asdict(study)) for study in studies],
    }


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds")
    if isinstance(value, Mapping):
        return {key: _plain(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(one) for one in value]
    return round(value, 4) if isinstance(value, float) else value
