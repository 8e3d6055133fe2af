"""Where a configuration stands in Hyperband."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

KEY = "hyperband"


@dataclass(frozen=True, kw_only=True)
class Place:
    """A trial's place in Hyperband.

    Attributes:
        bracket: Brackets are counted through all sweeps, from 0; the first halves hardest.
        size: Configurations of the bracket's first round, as planned when it began.
        round: How often the trial was promoted.
        epochs: How many it has had, in all, at the end of that round.
    """

    bracket: int
    size: int
    round: int
    epochs: int

    @property
    def attrs(self) -> dict[str, object]:
        """Return the place as a trial's user attributes."""
        return {KEY: asdict(self)}


def place_of(attrs: Mapping[str, Any]) -> Place | None:
    """Return the place in a trial's user attributes; None where Hyperband did not propose it."""
    stored = attrs.get(KEY)
    names = [field.name for field in fields(Place)]
    if not isinstance(stored, dict) or any(type(stored.get(name)) is not int for name in names):
        return None
    return Place(**{name: stored[name] for name in names})
