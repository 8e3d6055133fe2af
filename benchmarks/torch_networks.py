"""The two families' networks in PyTorch, layer for layer those of `search_spaces`.

This file imports PyTorch. Models take float images in [-1, 1], shape (n, channels, height, width).
"""

from __future__ import annotations

import math
from collections.abc import Iterable

import torch
from torch import nn

from benchmarks.workload import IMAGE_SHAPE, N_CLASSES
from search_spaces.alexnet_lite import LOCALLY_NORMALIZED, POOLED, convolutions
from search_spaces.base import Params
from search_spaces.custom_cnn import blocks

RADIUS, BIAS, ALPHA = 2, 2.0, 1e-4 * 127.5**2
"""Of `search_spaces.local_response`, which imports Keras."""

BATCH_NORM = {"eps": 1e-3, "momentum": 0.1}
"""Keras's epsilon, and its momentum of 0.9 in PyTorch's terms."""


def custom_cnn(params: Params, **_options: bool) -> nn.Module:
    """Return the custom CNN; see `search_spaces.custom_cnn`."""
    layers: list[nn.Module] = []
    height, width, channels = IMAGE_SHAPE
    for block, pairs in enumerate(blocks(params), start=1):
        for filters, kernel_size in pairs:
            layers += _convolution(
                channels, filters, kernel_size, batch_normalization=params["batch_normalization"]
            )
            channels = filters
        layers += [nn.MaxPool2d(2, ceil_mode=True)]
        layers += _dropout(params["block_dropout"] * block / params["n_blocks"])
        height, width = math.ceil(height / 2), math.ceil(width / 2)
    if params["head"] != "flatten":
        layers += [nn.AdaptiveAvgPool2d(1)]
        height = width = 1
    layers += [nn.Flatten()]
    features = channels * height * width
    if params["dense_units"]:
        layers += [nn.Linear(features, params["dense_units"]), nn.ReLU()]
        features = params["dense_units"]
    layers += _dropout(params["head_dropout"])
    return nn.Sequential(*layers, nn.Linear(features, N_CLASSES))


def alexnet_lite(params: Params, *, fast_normalization: bool) -> nn.Module:
    """Return AlexNet-lite; see `search_spaces.alexnet_lite`.

    Args:
        params: The configuration.
        fast_normalization: Whether response normalization is computed by a matrix product, as this
            project computes it, instead of by PyTorch's own layer.
    """
    layers: list[nn.Module] = []
    height, width, channels = IMAGE_SHAPE
    for index, (filters, kernel_size) in enumerate(convolutions(params)):
        layers += _convolution(
            channels, filters, kernel_size, batch_normalization=params["normalization"] == "batch"
        )
        channels = filters
        if index in POOLED:
            layers += [nn.MaxPool2d(3, stride=2, ceil_mode=True)]
            height, width = math.ceil(height / 2), math.ceil(width / 2)
        if params["normalization"] == "local_response" and index in LOCALLY_NORMALIZED:
            layers += [_response_normalization(channels, fast=fast_normalization)]
    layers += [nn.Flatten()]
    features = channels * height * width
    for _ in range(2):
        layers += [nn.Linear(features, params["dense_units"]), nn.ReLU()]
        layers += _dropout(params["dense_dropout"])
        features = params["dense_units"]
    return nn.Sequential(*layers, nn.Linear(features, N_CLASSES))


NETWORKS = {"custom_cnn": custom_cnn, "alexnet_lite": alexnet_lite}
"""The networks by family."""


class MatrixResponseNormalization(nn.Module):  # type: ignore[misc]
    """Response normalization by a matrix product over the channels and two roots."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        index = torch.arange(channels)
        neighbours = (index[:, None] - index).abs() <= RADIUS
        self.register_buffer("neighbours", neighbours.float(), persistent=False)

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        """Return the normalized maps, shape (n, channels, height, width)."""
        activations = maps.permute(0, 2, 3, 1).float()
        # `to` may have changed the matrix with the weights.
        total = activations.square() @ self.neighbours.float()
        root = torch.rsqrt(BIAS + ALPHA * total)
        return (activations * root * root.sqrt()).to(maps.dtype).permute(0, 3, 1, 2)


def _response_normalization(channels: int, *, fast: bool) -> nn.Module:
    if fast:
        return MatrixResponseNormalization(channels)
    size = 2 * RADIUS + 1
    # PyTorch divides alpha by the number of neighbours.
    return nn.LocalResponseNorm(size, alpha=ALPHA * size, beta=0.75, k=BIAS)


def _convolution(
    channels: int, filters: int, kernel_size: int, *, batch_normalization: bool
) -> Iterable[nn.Module]:
    yield nn.Conv2d(
        channels, filters, kernel_size, padding=kernel_size // 2, bias=not batch_normalization
    )
    if batch_normalization:
        yield nn.BatchNorm2d(filters, **BATCH_NORM)
    yield nn.ReLU()


def _dropout(rate: float) -> Iterable[nn.Module]:
    return [nn.Dropout(rate)] if rate else []
