"""The learning rate over a run: a triangle, up over the first part and down to zero at the end."""

from __future__ import annotations

from typing import Any

import keras

WARM_UP_FRACTION = 0.05
"""Short: scores early in a warm-up say how a configuration warms up, not how good it is."""


def triangular_rate(step: Any, *, peak: Any, n_steps: Any) -> Any:
    """Return the learning rate of a step: it rises linearly to the peak, then falls to zero.

    The one-cycle shape of Smith and Topin (2019, "Super-convergence"), without its momentum cycle:
    peak * min((step + 1) / (warm_up + 1), (n_steps - step) / (n_steps - warm_up)).

    Args:
        step: Which step, from 0, a number or a scalar tensor.
        peak: Highest learning rate, above 0.
        n_steps: Steps of the whole run, at least 1.
    """
    ops = keras.ops
    step, n_steps = ops.cast(step, "float32"), ops.cast(n_steps, "float32")
    warm_up = ops.floor(WARM_UP_FRACTION * n_steps)
    rising = (step + 1.0) / (warm_up + 1.0)
    falling = (n_steps - step) / (n_steps - warm_up)
    return peak * ops.maximum(ops.minimum(rising, falling), 0.0)
