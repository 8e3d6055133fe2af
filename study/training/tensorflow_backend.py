"""TensorFlow's side of `study.training.backend.Backend`.

XLA makes small convolutions several times slower on a CPU; functions are compiled only by
TensorFlow's own graph compiler.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from study.training.tensorflow_steps import TensorFlowSteps

make_steps = TensorFlowSteps

NO_GPU_MEMORY = ("Dst tensor is not initialized", "_ALLOC_FAILED")
"""What it says where an array has no room on a GPU, or a library of NVIDIA's has none."""


def compiled_model(model: keras.Model) -> Callable[[np.ndarray], np.ndarray]:
    """See `Backend.compiled_model`."""
    predict = tf.function(
        lambda images: model(images, training=False), jit_compile=False, reduce_retracing=True
    )
    return lambda images: np.asarray(predict(tf.constant(images)))


def compiled_gradient(loss: Callable[[Any], Any]) -> Callable[[np.ndarray], np.ndarray]:
    """See `Backend.compiled_gradient`."""

    @tf.function(jit_compile=False)  # type: ignore[untyped-decorator]
    def gradient(values: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            tape.watch(values)
            result = loss(values)
        return tape.gradient(result, values)

    return lambda values: np.asarray(gradient(tf.constant(values)))


@contextmanager
def memory_errors() -> Iterator[None]:
    """See `Backend.memory_errors`."""
    try:
        yield
    except tf.errors.ResourceExhaustedError as error:
        raise MemoryError(str(error)) from error
    except tf.errors.InternalError as error:
        if any(text in str(error) for text in NO_GPU_MEMORY):
            raise MemoryError(str(error)) from error
        raise
