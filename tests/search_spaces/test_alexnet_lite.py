import keras
import pytest

from search_spaces.alexnet_lite import ALEXNET, ALEXNET_LITE, convolutions
from search_spaces.batch_normalization import FusedBatchNormalization
from search_spaces.dropout import ByteDropout
from search_spaces.local_response import LocalResponseNormalization

LAYOUT = {
    keras.layers.Conv2D: "convolution",
    keras.layers.MaxPooling2D: "pooling",
    keras.layers.Dense: "dense",
    ByteDropout: "dropout",
    FusedBatchNormalization: "batch",
    LocalResponseNormalization: "local",
}


def build(**changes):
    return ALEXNET_LITE.build({**ALEXNET, **changes}, image_shape=(32, 32, 3), n_classes=10, seed=0)


def layout(model):
    return [LAYOUT[type(layer)] for layer in model.layers if type(layer) in LAYOUT]


def test_filters_follow_alexnets_proportions():
    assert [filters for filters, _ in convolutions({**ALEXNET, "filters": 24})] == [
        24,
        64,
        96,
        96,
        64,
    ]
    assert [filters for filters, _ in convolutions(ALEXNET)] == [32, 88, 128, 128, 88]


def test_only_the_first_two_kernels_are_chosen():
    chosen = {**ALEXNET, "stem_kernel_size": 7, "second_kernel_size": 5}
    assert [kernel for _, kernel in convolutions(chosen)] == [7, 5, 3, 3, 3]


@pytest.mark.parametrize(
    ("normalization", "stack"),
    [
        ("none", "convolution pooling " * 2 + "convolution " * 3 + "pooling "),
        ("local_response", "convolution pooling local " * 2 + "convolution " * 3 + "pooling "),
        ("batch", "convolution batch pooling " * 2 + "convolution batch " * 3 + "pooling "),
    ],
)
def test_the_layers_stand_in_alexnets_order(normalization, stack):
    head = "dense dropout " * 2 + "dense"
    assert layout(build(normalization=normalization)) == (stack + head).split()


def test_the_dense_part_sees_the_whole_last_map():
    (flatten,) = [layer for layer in build().layers if isinstance(layer, keras.layers.Flatten)]
    assert flatten.output.shape == (None, 4 * 4 * 88)
