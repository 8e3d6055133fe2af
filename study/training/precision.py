"""Choose the arithmetic by measuring it: bfloat16 pays only on processors that compute in it."""

from __future__ import annotations

import functools
import statistics
import time
from collections.abc import Callable
from typing import Any

import keras
import numpy as np

from study.training.backend import active_backend

_Step = Callable[[], Any]

REQUIRED_SPEED_UP = 1.15
"""bfloat16 must be faster by this factor: well inside noise it is not worth its coarser numbers."""

HOPELESS = 0.4
"""No noise makes so little of a precision that pays, three times in a row."""

FEW_IMAGES, N_LOOKS = 8, 3
"""Of a first look, for which a processor that makes bfloat16 up takes a second."""

MANY_IMAGES, MOST_IMAGES = 64, 64 * 8**2

LONG_ENOUGH_SECONDS = 5e-3
"""A shorter step measures how fast work is handed to a GPU, not how fast the GPU does it."""


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
    """Return how many times faster two small convolutions train in bfloat16 than in float32.

    Both are timed in turn, so that a machine that slows down meanwhile slows both; the median of
    the ratios is returned. Takes a second or two. Where bfloat16 is many times slower, a look at a
    few images tells so, and no more are asked.
    """
    ratios = _ratios(*_steps(FEW_IMAGES), repeats=N_LOOKS)
    if max(ratios) > HOPELESS:
        ratios = _ratios(*_long_steps(), repeats=repeats)
    return statistics.median(ratios)


def _long_steps() -> tuple[_Step, _Step]:
    n_images = MANY_IMAGES
    while True:
        float32, bfloat16 = _steps(n_images)
        seconds = min(_seconds(float32) for _ in range(2))
        if seconds >= LONG_ENOUGH_SECONDS or n_images >= MOST_IMAGES:
            return float32, bfloat16
        n_images *= 8


def _ratios(float32: _Step, bfloat16: _Step, *, repeats: int) -> list[float]:
    for step in (float32, bfloat16):
        _seconds(step)  # Traces it.
    return [_seconds(float32) / _seconds(bfloat16) for _ in range(repeats)]


def _steps(n_images: int) -> tuple[_Step, _Step]:
    return _step("float32", n_images), _step("bfloat16", n_images)


def _step(dtype: str, n_images: int) -> _Step:
    rng = np.random.default_rng(0)
    images = rng.random((n_images, 16, 16, 64), dtype=np.float32)
    kernel = rng.normal(scale=0.05, size=(3, 3, 64, 64)).astype(np.float32)
    ops = keras.ops
    images = ops.convert_to_tensor(images, dtype=dtype)

    def loss(kernel: Any) -> Any:
        kernel = ops.cast(kernel, dtype)
        maps = images
        for _ in range(2):
            maps = ops.conv(maps, kernel, padding="same", data_format="channels_last")
        return ops.sum(ops.square(ops.cast(maps, "float32")))

    gradient = active_backend().compiled_gradient(loss)
    return lambda: gradient(kernel)


def _seconds(step: _Step) -> float:
    start = time.perf_counter()
    step()
    return time.perf_counter() - start
