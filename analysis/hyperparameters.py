"""What is known of each hyperparameter of a family, from the records of its trials."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

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
        choices: The values that were tried, sorted for numbers, in order of appearance otherwise.
    """

    name: str
    role: str
    log: bool
    categorical: bool
    choices: tuple[Any, ...]


def of_family(family: FamilyRecord) -> tuple[Hyperparameter, ...]:
    """Return the hyperparameters that any trial of the family has, scientific ones first."""
    names = dict.fromkeys(name for trial in family.trials for name in trial.params)
    found = [_describe(name, family) for name in names]
    return tuple(sorted(found, key=lambda parameter: ROLES.index(parameter.role)))


def _describe(name: str, family: FamilyRecord) -> Hyperparameter:
    holders = [trial for trial in family.trials if name in trial.params]
    values = list(dict.fromkeys(trial.params[name] for trial in holders))
    numeric = all(isinstance(v, int | float) and not isinstance(v, bool) for v in values)
    kind, log = _distribution(name, holders)
    role = family.roles.get(name, "")
    return Hyperparameter(
        name=name,
        role=role if role in ROLES else "not recorded",
        log=log and numeric and min(values) > 0,
        categorical=not numeric or kind == "CategoricalDistribution",
        choices=tuple(sorted(values) if numeric else values),
    )


def _distribution(name: str, holders: list[TrialRecord]) -> tuple[str, bool]:
    """Return the distribution's class and whether it is logarithmic; ("", False) if not recorded."""
    for trial in holders:
        if name in trial.distributions:
            recorded = json.loads(trial.distributions[name])
            return recorded["name"], bool(recorded.get("attributes", {}).get("log", False))
    return "", False
