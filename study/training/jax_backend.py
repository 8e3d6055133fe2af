"""JAX's side of `study.training.backend.Backend`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import jax
import keras
import numpy as np

from study.training.jax_steps import JaxSteps

make_steps = JaxSteps


def compiled_model(model: keras.Model) -> Callable[[np.ndarray], np.ndarray]:
    """See `Backend.compiled_model`."""

    @jax.jit  # type: ignore[untyped-decorator]
    def predict(weights: Any, others: Any, images: jax.Array) -> jax.Array:
        scores, _ = model.stateless_call(weights, others, images, training=False)
        return scores

    def scores(images: np.ndarray) -> np.ndarray:
        weights = [weight.value for weight in model.trainable_variables]
        others = [other.value for other in model.non_trainable_variables]
        return np.asarray(predict(weights, others, images))

    return scores


def compiled_gradient(loss: Callable[[Any], Any]) -> Callable[[np.ndarray], np.ndarray]:
    """See `Backend.compiled_gradient`."""
    gradient = jax.jit(jax.grad(loss))
    return lambda values: np.asarray(gradient(values))


@contextmanager
def memory_errors() -> Iterator[None]:
    """See `Backend.memory_errors`."""
    try:
        yield
    except jax.errors.JaxRuntimeError as error:
        if "RESOURCE_EXHAUSTED" in str(error):
            raise MemoryError(str(error)) from error
        raise
