"""AlexNet-lite: the network of Krizhevsky, Sutskever and Hinton (2012) scaled down to small images.

What is kept: five convolutions with filters in the proportions 96:256:384:384:256, overlapping max
pooling (3x3, stride 2) after the first, second and fifth, two equal dense layers with dropout, and
response normalization after the first two convolutions as a choice. What is scaled down: the number
of filters and units, and the first convolution, which has stride 1 because the images are small.
What is swapped: response normalization and pooling, as in Caffe's reference version of AlexNet.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from search_spaces.base import ImageShape, Params, SearchSpace, Suggester
from search_spaces.parameter_counts import convolution_parameters, dense_parameters

if TYPE_CHECKING:
    import keras

PROPORTIONS = (96, 256, 384, 384, 256)
"""Filters of AlexNet's five convolutions."""

POOLED = (0, 1, 4)
"""The convolutions that max pooling follows."""

LOCALLY_NORMALIZED = (0, 1)
"""The convolutions that local response normalization follows, where it is chosen (section 3.3)."""


def suggest_architecture(suggester: Suggester) -> dict[str, Any]:
    """Choose the network.

    Returns:
        filters: Filters of the first convolution; the others follow in AlexNet's proportions.
        stem_kernel_size: Kernel of the first convolution, in pixels.
        second_kernel_size: Kernel of the second convolution, in pixels; as in AlexNet, the last
            three are 3x3.
        dense_units: Units of each of the two dense layers.
        dense_dropout: Dropout rate after each of them.
        normalization: "none", "batch" (after every convolution) or "local_response" (after the
            first two).
    """
    return {
        "filters": suggester.suggest_int("filters", 16, 40, step=8),
        "stem_kernel_size": suggester.suggest_int("stem_kernel_size", 3, 7, step=2),
        "second_kernel_size": suggester.suggest_int("second_kernel_size", 3, 5, step=2),
        "dense_units": suggester.suggest_categorical("dense_units", (128, 256, 512)),
        "dense_dropout": suggester.suggest_float("dense_dropout", 0.2, 0.6, step=0.05),
        "normalization": suggester.suggest_categorical(
            "normalization", ("none", "batch", "local_response")
        ),
    }


def convolutions(params: Params) -> list[tuple[int, int]]:
    """Return the five convolutions as pairs of filters (a multiple of 8) and kernel size."""
    scale = params["filters"] / PROPORTIONS[0]
    filters = [8 * math.floor(scale * proportion / 8 + 0.5) for proportion in PROPORTIONS]
    kernel_sizes = [params["stem_kernel_size"], params["second_kernel_size"], 3, 3, 3]
    return list(zip(filters, kernel_sizes, strict=True))


def build(params: Params, *, image_shape: ImageShape, n_classes: int, seed: int) -> keras.Model:
    """Return an untrained model; see `SearchSpace.build`."""
    # Imported here, so that choosing a configuration does not start TensorFlow.
    import keras

    from search_spaces.layers import SeededLayers, scale_pixels
    from search_spaces.local_response import LocalResponseNormalization

    layers = SeededLayers(seed)
    images = keras.Input(image_shape)
    maps = scale_pixels(images)
    for index, (filters, kernel_size) in enumerate(convolutions(params)):
        maps = layers.convolution(
            maps, filters, kernel_size, batch_normalization=params["normalization"] == "batch"
        )
        if index in POOLED:
            # "same" padding, so that the smallest map still has a pixel.
            maps = keras.layers.MaxPooling2D(3, strides=2, padding="same")(maps)
        # After pooling, not before it as in the paper: there are four times fewer values left, and
        # this layer would otherwise cost as much as all the convolutions.
        if params["normalization"] == "local_response" and index in LOCALLY_NORMALIZED:
            maps = LocalResponseNormalization()(maps)
    features = keras.layers.Flatten()(maps)
    for _ in range(2):
        features = layers.dense(features, params["dense_units"])
        features = layers.dropout(features, params["dense_dropout"])
    return keras.Model(images, layers.logits(features, n_classes), name="alexnet_lite")


def count_parameters(params: Params, *, image_shape: ImageShape, n_classes: int) -> int:
    """Return the model's weights; see `SearchSpace.count_parameters`."""
    height, width, channels = image_shape
    total = 0
    for filters, kernel_size in convolutions(params):
        total += convolution_parameters(
            kernel_size=kernel_size,
            channels=channels,
            filters=filters,
            batch_normalization=params["normalization"] == "batch",
        )
        channels = filters
    shrink = 2 ** len(POOLED)
    features = math.ceil(height / shrink) * math.ceil(width / shrink) * channels
    for units in (params["dense_units"], params["dense_units"], n_classes):
        total += dense_parameters(inputs=features, units=units)
        features = units
    return total


ALEXNET: Params = {
    "filters": 32,
    "stem_kernel_size": 5,
    "second_kernel_size": 5,
    "dense_units": 512,
    "dense_dropout": 0.5,
    "normalization": "local_response",
    "learning_rate": 5e-3,
    "weight_decay": 1e-2,
    "batch_size": 128,
    "label_smoothing": 0.0,
}
"""AlexNet's own choices: response normalization, a 5x5 second kernel, half of the units dropped."""

ALEXNET_BN: Params = {
    **ALEXNET,
    "normalization": "batch",
    "weight_decay": 0.1,
    "batch_size": 64,
    "label_smoothing": 0.1,
}
"""The same network with batch normalization (Ioffe and Szegedy 2015), regularized as it can bear.

The custom CNN begins with a modern network, too; without one here the search stays near AlexNet's
own choices.
"""

ALEXNET_LITE = SearchSpace(
    name="alexnet_lite",
    title="AlexNet-lite",
    suggest_architecture=suggest_architecture,
    scientific=(
        "filters",
        "stem_kernel_size",
        "second_kernel_size",
        "dense_units",
        "dense_dropout",
        "normalization",
    ),
    baselines={"AlexNet": ALEXNET, "AlexNet-BN": ALEXNET_BN},
    build=build,
    count_parameters=count_parameters,
)
