"""When hyperparameters are the same ones, however they were stored."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any


def same_value(one: Any, other: Any) -> bool:
    """Return whether two values of a hyperparameter are one.

    Optuna makes 0.30000000000000004 of three steps of 0.1, where a named configuration says 0.3.
    """
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=1e-9) or one == other
    return bool(one == other)


def params_text(params: Mapping[str, Any]) -> str:
    """Return hyperparameters as one text, the same for the same ones."""
    return json.dumps(dict(params), sort_keys=True, default=str)


def may_be_of(stored: Mapping[str, Any], params: Mapping[str, Any]) -> bool:
    """Return whether a result with these hyperparameters may be one of that configuration.

    A search that was deleted and done anew numbers other configurations alike, which have other
    values. A hyperparameter that one of the two does not have, as after a repair, tells nothing.
    """
    return all(same_value(value, params[name]) for name, value in stored.items() if name in params)
