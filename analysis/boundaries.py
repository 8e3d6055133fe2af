"""Whether a trial's values lie at the ends of the ranges they were searched in."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import Any

from study.records import TrialRecord

EDGE_SHARE = 0.05
"""How close to an end of its range, as a share of it, a value is at the end."""

MIN_VALUES = 3
"""Of fewer every one is an end."""


def at_boundary(trial: TrialRecord) -> Iterator[tuple[str, str]]:
    """Yield (hyperparameter, "lower" or "upper") for each value at an end of its range.

    Choices count if they are numbers. A lower end of 0 is nature's, not the space's: there is no
    dropout below it.
    """
    for name, value in trial.params.items():
        if name in trial.distributions and _is_number(value):
            scale = _scale(json.loads(trial.distributions[name]))
            if scale is None:
                continue
            low, high, log = scale
            if not low <= value <= high:
                continue
            place = _place(value, low, high, log=log)
            if place <= EDGE_SHARE and low != 0:
                yield name, "lower"
            elif place >= 1 - EDGE_SHARE:
                yield name, "upper"


def _scale(distribution: dict[str, Any]) -> tuple[float, float, bool] | None:
    """Return low, high and whether it is logarithmic; None where nothing lies between the ends."""
    attributes = distribution.get("attributes", {})
    choices = attributes.get("choices")
    if choices is not None:
        if len(choices) < MIN_VALUES or not all(_is_number(choice) for choice in choices):
            return None
        return min(choices), max(choices), min(choices) > 0
    low, high = attributes.get("low"), attributes.get("high")
    if not (_is_number(low) and _is_number(high)) or low >= high:
        return None
    step = attributes.get("step")
    if step and (high - low) / step + 1 < MIN_VALUES and not attributes.get("log"):
        return None
    return low, high, bool(attributes.get("log"))


def _place(value: float, low: float, high: float, *, log: bool) -> float:
    """Return where a value stands between two ends, in [0, 1]."""
    if log:
        value, low, high = math.log(value), math.log(low), math.log(high)
    return (value - low) / (high - low)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
