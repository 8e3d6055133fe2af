"""Models that nobody trains any more, kept for the functions that were traced for them.

Tracing a model takes about a second, a tenth of a trial that pauses after one epoch. Two models of
the same structure differ in their variables alone: learning rate, weight decay, smoothing, seeds
and rates of dropout are variables too.

A layer whose `rate` is one says so: it has `is_adjustable`, and `adjust(rate)` to set it.
"""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import keras

from study.training.per_model import N_MODELS, forget_models

N_KEPT = N_MODELS - 1
"""Models kept; with the one that is trained, as many as there are traced functions for."""


class KeptModels:
    """Gives a new model the traced functions of an old one of the same structure."""

    def __init__(self) -> None:
        self._by_structure: OrderedDict[str, keras.Model] = OrderedDict()

    def adopt(self, model: keras.Model) -> keras.Model:
        """Return a kept model that is now equal to this one, or this one where there is none."""
        kept = self._by_structure.pop(structure(model), None)
        if kept is None:
            return model
        for mine, its in zip(kept.variables, model.variables, strict=True):
            mine.assign(its)
        for mine, its in zip(kept.layers, model.layers, strict=True):
            if _is_adjustable(mine):
                mine.adjust(its.rate)
        return kept

    @contextmanager
    def in_place_of(self, model: keras.Model) -> Iterator[keras.Model]:
        """Give what `adopt` returns, and keep it afterwards."""
        # Under the same name, so that not both are held.
        model = self.adopt(model)
        try:
            yield model
        finally:
            self.keep(model)

    def keep(self, model: keras.Model) -> None:
        """Keep a model that is no longer in use; the one that was kept longest makes way."""
        self._by_structure[structure(model)] = model
        while len(self._by_structure) > N_KEPT:
            self._by_structure.popitem(last=False)

    def forget(self) -> None:
        """Let go of all models, and of what was traced for them: there is too little memory."""
        self._by_structure.clear()
        forget_models()


def structure(model: keras.Model) -> str:
    """Return a text that is equal for models whose traced functions are interchangeable.

    It is the model's configuration without seeds and adjustable rates, its layers numbered.
    """
    names = {layer.name: f"layer {index}" for index, layer in enumerate(model.layers)}
    adjustable = {layer.name for layer in model.layers if _is_adjustable(layer)}

    def plain(value: Any) -> Any:
        if isinstance(value, dict):
            left_out = {"seed", "rate"} if value.get("name") in adjustable else {"seed"}
            return {key: plain(part) for key, part in value.items() if key not in left_out}
        if isinstance(value, (list, tuple)):
            return [plain(part) for part in value]
        return names.get(value, value) if isinstance(value, str) else value

    config = {**keras.saving.serialize_keras_object(model)["config"], "name": "model"}
    return json.dumps(plain(config), sort_keys=True)


def _is_adjustable(layer: keras.layers.Layer) -> bool:
    return bool(getattr(layer, "is_adjustable", False))
