"""How many weights a layer has, in closed form."""

from __future__ import annotations

BATCH_NORM_WEIGHTS_PER_CHANNEL = 4
"""Scale, offset, moving mean and moving variance."""


def convolution_parameters(
    *, kernel_size: int, channels: int, filters: int, batch_normalization: bool
) -> int:
    """Return the weights of a square convolution with a bias, or else with batch normalization."""
    kernel = kernel_size**2 * channels * filters
    return kernel + filters * (BATCH_NORM_WEIGHTS_PER_CHANNEL if batch_normalization else 1)


def dense_parameters(*, inputs: int, units: int) -> int:
    """Return the weights of a dense layer with a bias."""
    return (inputs + 1) * units
