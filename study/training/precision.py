"""Choose the arithmetic by measuring it: bfloat16 pays only on processors that compute in it."""

from __future__ import annotations

import functools
import statistics
import time
from collections.abc import Callable

import keras
import tensorflow as tf

REQUIRED_SPEED_UP = 1.15
"""bfloat16 must be faster by this factor: well inside noise it is not worth its coarser numbers."""


def resolve(precision: str) -> str:
    """Return "float32" or "bfloat16"; "auto" picks what is faster on this machine.

    Args:
        precision: "auto", "float32" or "bfloat16".
    """
    if precision != "auto":
        return precision
    return "bfloat16" if bfloat16_speed_up() >= REQUIRED_SPEED_UP else "float32"


def activate(precision: str) -> None:
    """Let models built from now on compute in a precision; weights stay float32."""
    keras.config.set_dtype_policy("mixed_bfloat16" if precision == "bfloat16" else "float32")


@functools.cache
def bfloat16_speed_up(repeats: int = 5) -> float:
    """Return how many times faster a small convolution trains in bfloat16 than in float32.

    Both are timed in turn, so that a machine that slows down meanwhile slows both; the median of
    the ratios is returned. Takes well under a second.
    """
    steps = {dtype: _convolution_step(dtype) for dtype in (tf.float32, tf.bfloat16)}
    for step in steps.values():
        step()
    ratios = [_seconds(steps[tf.float32]) / _seconds(steps[tf.bfloat16]) for _ in range(repeats)]
    return statistics.median(ratios)


def _convolution_step(dtype: tf.DType) -> Callable[[], None]:
    images = tf.cast(tf.random.stateless_uniform((64, 16, 16, 64), seed=(0, 1)), dtype)
    weights = tf.Variable(tf.random.stateless_normal((3, 3, 64, 64), seed=(0, 2)))

    @tf.function(jit_compile=False)  # type: ignore[untyped-decorator]
    def gradient() -> tf.Tensor:
        with tf.GradientTape() as tape:
            tape.watch(images)
            out = tf.nn.conv2d(images, tf.cast(weights, dtype), strides=1, padding="SAME")
            loss = tf.reduce_sum(tf.square(out))
        return tf.reduce_sum(tape.gradient(loss, weights))

    return lambda: gradient().numpy()


def _seconds(step: Callable[[], None]) -> float:
    start = time.perf_counter()
    step()
    return time.perf_counter() - start
