"""The custom CNN: blocks of convolutions, each followed by pooling, then a small head."""

from __future__ import annotations

import math
from itertools import chain
from typing import TYPE_CHECKING, Any

from search_spaces.base import ImageShape, Params, SearchSpace, Suggester
from search_spaces.parameter_counts import convolution_parameters, dense_parameters

if TYPE_CHECKING:
    import keras

MAX_FILTERS = 128
"""Widest a convolution may grow, so that the largest network needs about 235 MFLOPs on CIFAR-10."""


def suggest_architecture(suggester: Suggester) -> dict[str, Any]:
    """Choose the network.

    Returns:
        n_blocks: Blocks, each ending in 2x2 max pooling.
        convolutions_per_block: Convolutions in each block.
        filters: Filters of the first block.
        filter_growth: Factor on the filters from block to block.
        stem_kernel_size: Kernel of the network's first convolution, in pixels.
        kernel_size: Kernel of the first convolution of each later block, in pixels; all others
            are 3x3.
        block_dropout: Dropout rate after the last block; it rises towards it in equal steps.
        head: How the last block's maps enter the head: "average" of each map (global average
            pooling, Lin et al. 2014), few weights and blind to position, or "flatten".
        dense_units: Units of a dense layer before the classifier; 0 for none.
        head_dropout: Dropout rate before the classifier.
        batch_normalization: Whether every convolution is followed by batch normalization.
    """
    return {
        "n_blocks": suggester.suggest_int("n_blocks", 2, 4),
        "convolutions_per_block": suggester.suggest_int("convolutions_per_block", 1, 2),
        "filters": suggester.suggest_int("filters", 16, 48, step=8),
        "filter_growth": suggester.suggest_float("filter_growth", 1.0, 2.0, step=0.5),
        "stem_kernel_size": suggester.suggest_int("stem_kernel_size", 3, 7, step=2),
        "kernel_size": suggester.suggest_int("kernel_size", 3, 5, step=2),
        "block_dropout": suggester.suggest_float("block_dropout", 0.0, 0.4, step=0.05),
        "head": suggester.suggest_categorical("head", ("average", "flatten")),
        "dense_units": suggester.suggest_categorical("dense_units", (0, 64, 128, 256)),
        "head_dropout": suggester.suggest_float("head_dropout", 0.0, 0.5, step=0.05),
        "batch_normalization": suggester.suggest_categorical("batch_normalization", (False, True)),
    }


def blocks(params: Params) -> list[list[tuple[int, int]]]:
    """Return each block's convolutions as pairs of filters and kernel size.

    Filters are rounded to a multiple of 8, at most `MAX_FILTERS`.
    """
    plan = []
    for block in range(params["n_blocks"]):
        width = params["filters"] * params["filter_growth"] ** block
        filters = min(MAX_FILTERS, 8 * math.floor(width / 8 + 0.5))
        first_kernel = params["kernel_size"] if block else params["stem_kernel_size"]
        kernels = [first_kernel] + [3] * (params["convolutions_per_block"] - 1)
        plan.append([(filters, kernel_size) for kernel_size in kernels])
    return plan


def build(params: Params, *, image_shape: ImageShape, n_classes: int, seed: int) -> keras.Model:
    """Return an untrained model; see `SearchSpace.build`."""
    # Imported here, so that choosing a configuration does not start TensorFlow.
    import keras

    from search_spaces.layers import SeededLayers, scale_pixels

    layers = SeededLayers(seed)
    images = keras.Input(image_shape)
    maps = scale_pixels(images)
    for block, convolutions in enumerate(blocks(params), start=1):
        for filters, kernel_size in convolutions:
            maps = layers.convolution(
                maps, filters, kernel_size, batch_normalization=params["batch_normalization"]
            )
        # "same" padding, so that the smallest map still has a pixel.
        maps = keras.layers.MaxPooling2D(2, padding="same")(maps)
        maps = layers.dropout(maps, params["block_dropout"] * block / params["n_blocks"])
    if params["head"] == "flatten":
        features = keras.layers.Flatten()(maps)
    else:
        features = keras.layers.GlobalAveragePooling2D()(maps)
    if params["dense_units"]:
        features = layers.dense(features, params["dense_units"])
    features = layers.dropout(features, params["head_dropout"])
    return keras.Model(images, layers.logits(features, n_classes), name="custom_cnn")


def count_parameters(params: Params, *, image_shape: ImageShape, n_classes: int) -> int:
    """Return the model's weights; see `SearchSpace.count_parameters`."""
    height, width, channels = image_shape
    total = 0
    for filters, kernel_size in chain.from_iterable(blocks(params)):
        total += convolution_parameters(
            kernel_size=kernel_size,
            channels=channels,
            filters=filters,
            batch_normalization=params["batch_normalization"],
        )
        channels = filters
    features = channels
    if params["head"] == "flatten":
        shrink = 2 ** params["n_blocks"]
        features *= math.ceil(height / shrink) * math.ceil(width / shrink)
    if params["dense_units"]:
        total += dense_parameters(inputs=features, units=params["dense_units"])
        features = params["dense_units"]
    return total + dense_parameters(inputs=features, units=n_classes)


V1: Params = {
    "n_blocks": 2,
    "convolutions_per_block": 1,
    "filters": 32,
    "filter_growth": 2.0,
    "stem_kernel_size": 3,
    "kernel_size": 3,
    "block_dropout": 0.0,
    "head": "flatten",
    "dense_units": 64,
    "head_dropout": 0.1,
    "batch_normalization": False,
    "learning_rate": 5e-3,
    "weight_decay": 1e-3,
    "batch_size": 128,
    "label_smoothing": 0.0,
}
"""A small, plain network."""

V2: Params = {
    **V1,
    "n_blocks": 3,
    "stem_kernel_size": 5,
    "block_dropout": 0.1,
    "dense_units": 128,
    "head_dropout": 0.3,
    "learning_rate": 1e-2,
    "batch_size": 64,
}
"""Deeper and wider than V1, with a larger first kernel and with dropout."""

V3: Params = {
    **V2,
    "convolutions_per_block": 2,
    "stem_kernel_size": 3,
    "block_dropout": 0.2,
    "head": "average",
    "dense_units": 0,
    "batch_normalization": True,
    "learning_rate": 2e-2,
    "weight_decay": 1e-2,
    "label_smoothing": 0.1,
}
"""Two convolutions a block, batch normalization and dropout that rises with depth."""

CUSTOM_CNN = SearchSpace(
    name="custom_cnn",
    title="Custom CNN",
    suggest_architecture=suggest_architecture,
    scientific=(
        "n_blocks",
        "convolutions_per_block",
        "filters",
        "filter_growth",
        "stem_kernel_size",
        "kernel_size",
        "block_dropout",
        "head",
        "dense_units",
        "head_dropout",
        "batch_normalization",
    ),
    baselines={"V1": V1, "V2": V2, "V3": V3},
    build=build,
    count_parameters=count_parameters,
)
