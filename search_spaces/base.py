"""What an architecture family offers: hyperparameters to choose, and a model built from them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from search_spaces.nuisance import NUISANCE, suggest_nuisance

if TYPE_CHECKING:
    import keras

Params = Mapping[str, Any]
"""Hyperparameters by name; every value is a str, an int, a float or a bool."""

ImageShape = tuple[int, int, int]
"""Height, width and channels of an image."""


class Suggester(Protocol):
    """Whatever chooses hyperparameters: an Optuna trial, a fixed one, another tuner's adapter."""

    def suggest_float(
        self, name: str, low: float, high: float, *, step: float | None = None, log: bool = False
    ) -> float:
        """Choose a number in [low, high]."""
        ...

    def suggest_int(
        self, name: str, low: int, high: int, *, step: int = 1, log: bool = False
    ) -> int:
        """Choose a whole number in [low, high]."""
        ...

    def suggest_categorical(self, name: str, choices: Sequence[Any]) -> Any:
        """Choose one of `choices`, which are all of one type."""
        ...


class Builder(Protocol):
    """Builds a family's model."""

    def __call__(
        self, params: Params, *, image_shape: ImageShape, n_classes: int, seed: int
    ) -> keras.Model:
        """See `SearchSpace.build`."""
        ...


class ParameterCounter(Protocol):
    """Counts the weights of a family's model."""

    def __call__(self, params: Params, *, image_shape: ImageShape, n_classes: int) -> int:
        """See `SearchSpace.count_parameters`."""
        ...


@dataclass(frozen=True, kw_only=True)
class SearchSpace:
    """An architecture family.

    Every parameter is suggested in every configuration, whatever the others are, so that a sampler
    can model all of them jointly.

    Attributes:
        name: As "custom_cnn".
        title: As "Custom CNN"; `analysis.labels` calls it so too.
        suggest_architecture: Chooses the family's own hyperparameters, those in `scientific`.
        scientific: Names of the hyperparameters that the study compares.
        baselines: Complete configurations by name, tried before any suggested one.
        build: `build(params, image_shape=, n_classes=, seed=)` returns an untrained model. It takes
            images with values in [0, 255], shape (batch, height, width, channels), scales them
            itself, and gives logits, float32, shape (batch, n_classes). The seed decides the
            initial weights and dropout.
        count_parameters: `count_parameters(params, image_shape=, n_classes=)` returns how many
            weights that model has, trained or not, without building it.
    """

    name: str
    title: str
    suggest_architecture: Callable[[Suggester], dict[str, Any]]
    scientific: tuple[str, ...]
    baselines: Mapping[str, Params]
    build: Builder
    count_parameters: ParameterCounter

    @property
    def roles(self) -> dict[str, str]:
        """Return "scientific" or "nuisance" by parameter."""
        return dict.fromkeys(self.scientific, "scientific") | dict.fromkeys(NUISANCE, "nuisance")

    def suggest(self, suggester: Suggester) -> Params:
        """Choose a complete configuration: the architecture, then the nuisance parameters."""
        return self.suggest_architecture(suggester) | suggest_nuisance(suggester)
