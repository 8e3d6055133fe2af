"""What a search may choose from, as data: stored with a study, so that a change of it is noticed.

Trials of one space and trials of another are not one search: the sampler, the importances and the
comparison of families all take every trial as drawn from the same choices.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
    distribution_to_json,
    json_to_distribution,
)
from optuna.trial import FrozenTrial

from search_spaces import SearchSpace
from study.errors import ConfigError

Space = Mapping[str, BaseDistribution]


def space_attr(space: SearchSpace) -> dict[str, Any]:
    """Return the study attribute `space` of `docs/records.md`: Optuna's JSON by hyperparameter."""
    found = distributions_of(space)
    return {name: json.loads(distribution_to_json(one)) for name, one in found.items()}


def distributions_of(space: SearchSpace) -> Space:
    """Return what each hyperparameter is chosen from; all are suggested in every configuration."""
    recorder = _Recorder()
    space.suggest(recorder)
    return recorder.distributions


def stored_space(attr: object, trials: Sequence[FrozenTrial]) -> Space:
    """Return the space that a study was begun with; empty where nothing tells.

    Args:
        attr: Its attribute `space`, which studies of earlier versions lack.
        trials: Its trials; the last one that has hyperparameters tells in place of the attribute.
    """
    try:
        if isinstance(attr, dict):
            return {str(key): json_to_distribution(json.dumps(attr[key])) for key in attr}
    except (ValueError, KeyError, TypeError):
        return {}
    return next((dict(trial.distributions) for trial in reversed(trials) if trial.params), {})


def check_space(name: str, before: Space, now: Space) -> None:
    """Raise a ConfigError that names the first hyperparameter that changed, if any.

    Args:
        name: Of the study.
        before: What it was begun with; empty where that is not known.
        now: What this program would search.
    """
    changes = [
        f"{key} was {_words(before.get(key))} and is now {_words(now.get(key))}"
        for key in sorted(before.keys() | now.keys())
        if before.get(key) != now.get(key)
    ]
    if before and changes:
        others = f" ({len(changes) - 1} more changed)" if len(changes) > 1 else ""
        raise ConfigError(
            f"Study {name!r} was begun with another search space: {changes[0]}{others}; "
            "give --name for a new study, or restore the former space."
        )


def check_baselines(name: str, before: object, now: Mapping[str, Mapping[str, Any]]) -> None:
    """Raise a ConfigError if a named configuration changed or is gone; new ones may join.

    Args:
        name: Of the study.
        before: The attribute `baselines` that it was begun with.
        now: The named configurations that this program has.
    """
    for key, params in before.items() if isinstance(before, dict) else ():
        if not isinstance(params, dict) or params == dict(now.get(key, {})):
            continue
        changed = [
            f"{one} was {params.get(one)!r} and is now {now[key].get(one)!r}"
            for one in sorted(params.keys() | now.get(key, {}).keys())
            if key in now and params.get(one) != now[key].get(one)
        ]
        raise ConfigError(
            f"Study {name!r} was begun with another configuration {key!r}: "
            f"{changed[0] if changed else 'it is gone now'}; "
            "give --name for a new study, or restore the former configuration."
        )


def _words(distribution: BaseDistribution | None) -> str:
    match distribution:
        case None:
            return "not there"
        case CategoricalDistribution(choices=choices):
            return f"one of {', '.join(map(repr, choices))}"
        case FloatDistribution() | IntDistribution():
            kind = "whole" if isinstance(distribution, IntDistribution) else "any"
            step = f" in steps of {distribution.step}" if distribution.step else ""
            log = " on a logarithmic scale" if distribution.log else ""
            return f"{kind} from {distribution.low} to {distribution.high}{step}{log}"
        case _:
            return str(distribution)


class _Recorder:
    """A suggester that notes what it is asked for and takes the first choice of each."""

    def __init__(self) -> None:
        self.distributions: dict[str, BaseDistribution] = {}

    def suggest_float(
        self, name: str, low: float, high: float, *, step: float | None = None, log: bool = False
    ) -> float:
        self.distributions[name] = FloatDistribution(low, high, log=log, step=step)
        return low

    def suggest_int(
        self, name: str, low: int, high: int, *, step: int = 1, log: bool = False
    ) -> int:
        self.distributions[name] = IntDistribution(low, high, log=log, step=step)
        return low

    def suggest_categorical(self, name: str, choices: Sequence[Any]) -> Any:
        self.distributions[name] = CategoricalDistribution(choices)
        return choices[0]
