"""The learning rate over a run: a triangle, up over the first part and down to zero at the end."""

from __future__ import annotations

from typing import Any

import keras

WARM_UP_FRACTION = 0.2


@keras.saving.register_keras_serializable(package="study")
class Triangular(keras.optimizers.schedules.LearningRateSchedule):  # type: ignore[misc]
    """Rises linearly from near zero to the peak, then falls linearly to zero.

    The one-cycle shape of Smith and Topin (2019, "Super-convergence"), without its momentum cycle:
    rate(step) = peak * min((step + 1) / (warm_up + 1), (n_steps - step) / (n_steps - warm_up)).

    Args:
        peak: Highest learning rate, above 0.
        n_steps: Steps of the whole run, at least 1.
    """

    def __init__(self, *, peak: float, n_steps: int) -> None:
        self.peak = peak
        self.n_steps = n_steps
        self.warm_up = int(WARM_UP_FRACTION * n_steps)

    def __call__(self, step: Any) -> Any:
        """Return the rate of a step, a scalar; steps count from 0."""
        step = keras.ops.cast(step, "float32")
        rising = (step + 1.0) / (self.warm_up + 1.0)
        falling = (self.n_steps - step) / (self.n_steps - self.warm_up)
        return self.peak * keras.ops.maximum(keras.ops.minimum(rising, falling), 0.0)

    def get_config(self) -> dict[str, float]:
        """Return the arguments that rebuild this schedule."""
        return {"peak": self.peak, "n_steps": self.n_steps}
