"""The search spaces as KerasTuner knows them: one definition, through `Suggester`, both ways.

A stepped float and a categorical parameter become the index of their value. KerasTuner counts a
float's steps by `//`, which loses the highest value of most ranges (0.6 of 0.2, 0.25, ..., 0.6),
and its `Choice` turns booleans into integers and refuses None, tuples and mixed types.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from keras_tuner import HyperParameters

from search_spaces import SearchSpace
from search_spaces.base import Params

Values = Mapping[str, Any]
"""What KerasTuner chose, by name: numbers, or indices of stepped floats and of choices."""


def hyperparameters(space: SearchSpace) -> HyperParameters:
    """Return the space as KerasTuner's own, every parameter at its lowest or first value."""
    registered = HyperParameters()
    space.suggest(_Chosen(registered))
    return registered


def to_params(space: SearchSpace, values: Values) -> Params:
    """Return the configuration that KerasTuner's values stand for."""
    chosen = hyperparameters(space)
    chosen.values = dict(values)
    return space.suggest(_Chosen(chosen))


def to_values(space: SearchSpace, params: Params) -> dict[str, Any] | None:
    """Return KerasTuner's values of a configuration; None for one that is not of this space."""
    known = _Known(params)
    try:
        space.suggest(known)
    except LookupError:
        return None
    return known.values


class _Chosen:
    """A `Suggester` that registers each parameter with KerasTuner and gives its choice."""

    def __init__(self, parameters: HyperParameters) -> None:
        self._parameters = parameters

    def suggest_float(
        self, name: str, low: float, high: float, *, step: float | None = None, log: bool = False
    ) -> float:
        if step is not None:
            grid = _grid(low, high, step)
            index: int = self._parameters.Int(name, 0, len(grid) - 1)
            return grid[index]
        sampling = "log" if log else "linear"
        value = float(self._parameters.Float(name, low, high, sampling=sampling))
        # A value at the edge may be rounded out of the range.
        return min(max(value, low), high)

    def suggest_int(
        self, name: str, low: int, high: int, *, step: int = 1, log: bool = False
    ) -> int:
        # KerasTuner's step on a logarithmic scale is a factor; without one, any number may come.
        options = {"sampling": "log"} if log else {"step": step}
        # Its Bayesian search gives high + 1 at the very end of a logarithmic scale.
        return min(int(self._parameters.Int(name, low, high, **options)), high)

    def suggest_categorical(self, name: str, choices: Sequence[Any]) -> Any:
        return choices[self._parameters.Choice(name, list(range(len(choices))))]


class _Known:
    """A `Suggester` of known parameters that notes KerasTuner's values for them."""

    def __init__(self, params: Params) -> None:
        self._params = params
        self.values: dict[str, Any] = {}

    def suggest_float(
        self, name: str, low: float, high: float, *, step: float | None = None, log: bool = False
    ) -> float:
        value = float(self._number(name, low, high))
        self.values[name] = value if step is None else round((value - low) / step)
        return value

    def suggest_int(
        self, name: str, low: int, high: int, *, step: int = 1, log: bool = False
    ) -> int:
        self.values[name] = value = int(self._number(name, low, high))
        return value

    def suggest_categorical(self, name: str, choices: Sequence[Any]) -> Any:
        value = self._params[name]
        # 1 is not True here, nor 1.0 the integer.
        kinds = [(type(choice), choice) for choice in choices]
        if (type(value), value) not in kinds:
            raise LookupError(name)
        self.values[name] = kinds.index((type(value), value))
        return value

    def _number(self, name: str, low: float, high: float) -> float:
        value = self._params[name]
        if isinstance(value, (int, float)) and low <= value <= high:
            return value
        raise LookupError(name)


def _grid(low: float, high: float, step: float) -> list[float]:
    # In decimals: 0.3, not 0.30000000000000004.
    first, last, gap = (Decimal(str(number)) for number in (low, high, step))
    return [float(first + index * gap) for index in range(int((last - first) / gap) + 1)]
