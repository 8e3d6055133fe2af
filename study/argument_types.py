"""Texts of the command line to values; what they cannot be is an ArgumentTypeError."""

from __future__ import annotations

import argparse
import re

from search_spaces import SPACES

DURATION = re.compile(r"(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?")
MAX_SHOWN = 60
"""Characters of a bad value that an error repeats."""


def families(text: str) -> tuple[str, ...]:
    """Return the families of a list with commas."""
    names = tuple(dict.fromkeys(name.strip() for name in text.split(",")))
    for name in names:
        if name not in SPACES:
            raise argparse.ArgumentTypeError(
                f"unknown architecture {_short(name)} (choose from {', '.join(SPACES)})"
            )
    return names


def whole_number(text: str) -> int:
    """Return a whole number."""
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"must be a whole number, but got {_short(text)}"
        ) from None


def workers(text: str) -> int | None:
    """Return a number of workers; None for "auto"."""
    if text == "auto":
        return None
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"must be a whole number or auto, but got {_short(text)}"
        ) from None


def number(text: str) -> float:
    """Return a number."""
    try:
        return float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"must be a number, but got {_short(text)}") from None


def duration(text: str) -> float:
    """Return seconds from a text like "1h30m"."""
    match = DURATION.fullmatch(text.strip())
    if not text.strip() or match is None or len(text) > MAX_SHOWN:
        raise argparse.ArgumentTypeError(
            f"must be a time like 90m, 2h, 1h30m or 45s, but got {_short(text)}"
        )
    hours, minutes, seconds = (int(part or 0) for part in match.groups())
    return float(3600 * hours + 60 * minutes + seconds)


def _short(text: str) -> str:
    return repr(text if len(text) <= MAX_SHOWN else text[:MAX_SHOWN] + "...")
