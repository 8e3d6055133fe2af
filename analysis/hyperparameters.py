"""What is known of each hyperparameter of a family, from the records of its trials."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import Any

from analysis.labels import value_text
from study.records import FamilyRecord, TrialRecord

ROLES = ("scientific", "nuisance", "not recorded")


@dataclass(frozen=True, kw_only=True)
class Hyperparameter:
    """A hyperparameter as charts need it.

    Attributes:
        name: As in the trials.
        role: One of ROLES.
        log: Whether it was searched on a logarithmic scale.
        categorical: Whether its values are choices rather than numbers on a scale.
        values: Those that were tried, each once: ascending numbers, or the choices as texts.
    """

    name: str
    role: str
    log: bool
    categorical: bool
    values: tuple[Any, ...]

    def position(self, value: Any) -> float:
        """Return where a value stands on an axis: a choice's place, a number, or its logarithm."""
        if self.categorical:
            return float(self.values.index(value_text(value)))
        return math.log10(value) if self.log else float(value)


def of_family(family: FamilyRecord) -> tuple[Hyperparameter, ...]:
    """Return the hyperparameters that any trial of the family has, scientific ones first."""
    names = dict.fromkeys(name for trial in family.trials for name in trial.params)
    found = [_describe(name, family) for name in names]
    return tuple(sorted(found, key=lambda parameter: ROLES.index(parameter.role)))


def role(family: FamilyRecord, name: str) -> str:
    """Return a hyperparameter's role, one of ROLES."""
    recorded = family.roles.get(name, "")
    return recorded if recorded in ROLES else "not recorded"


def _describe(name: str, family: FamilyRecord) -> Hyperparameter:
    holders = [trial for trial in family.trials if name in trial.params]
    values = [trial.params[name] for trial in holders]
    numeric = all(isinstance(v, int | float) and not isinstance(v, bool) for v in values)
    kind, log = _distribution(name, holders)
    categorical = not numeric or kind == "CategoricalDistribution"
    if numeric:
        values.sort()
    return Hyperparameter(
        name=name,
        role=role(family, name),
        log=log and not categorical and values[0] > 0,
        categorical=categorical,
        values=tuple(dict.fromkeys(map(value_text, values) if categorical else values)),
    )


def _distribution(name: str, holders: list[TrialRecord]) -> tuple[str, bool]:
    """Return the distribution's class and whether it is logarithmic; ("", False) if unknown."""
    for trial in holders:
        if name in trial.distributions:
            recorded = json.loads(trial.distributions[name])
            return recorded["name"], bool(recorded.get("attributes", {}).get("log", False))
    return "", False
