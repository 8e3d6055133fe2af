import keras
import pytest

from search_spaces.custom_cnn import CUSTOM_CNN, V1, V2, V3, blocks

CIFAR10 = {"image_shape": (32, 32, 3), "n_classes": 10}


def build(params):
    return CUSTOM_CNN.build(params, seed=0, **CIFAR10)


def layers_of(model, kind):
    return [layer for layer in model.layers if isinstance(layer, kind)]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, [[(32, 3)], [(64, 3)]]),
        ({"filter_growth": 1.0}, [[(32, 3)], [(32, 3)]]),
        ({"filters": 24, "filter_growth": 1.5}, [[(24, 3)], [(40, 3)]]),
        ({"n_blocks": 4}, [[(32, 3)], [(64, 3)], [(128, 3)], [(128, 3)]]),
        (
            {"convolutions_per_block": 2, "stem_kernel_size": 7, "kernel_size": 5},
            [[(32, 7), (32, 3)], [(64, 5), (64, 3)]],
        ),
    ],
)
def test_blocks_widen_by_the_growth_up_to_the_cap(changes, expected):
    assert blocks({**V1, **changes}) == expected


def test_the_weights_of_v1_add_up_by_hand():
    by_hand = (27 * 32 + 32) + (288 * 64 + 64) + (8 * 8 * 64 * 64 + 64) + (64 * 10 + 10)
    assert CUSTOM_CNN.count_parameters(V1, **CIFAR10) == by_hand


def test_dropout_rises_to_the_chosen_rate_in_the_last_block():
    graded = {**V3, "n_blocks": 3, "block_dropout": 0.3, "head_dropout": 0.5}
    rates = [layer.rate for layer in layers_of(build(graded), keras.layers.Dropout)]
    assert rates == pytest.approx([0.1, 0.2, 0.3, 0.5])


def test_each_block_halves_the_map():
    pools = layers_of(build({**V1, "n_blocks": 4}), keras.layers.MaxPooling2D)
    assert [pool.output.shape[1:3] for pool in pools] == [(16, 16), (8, 8), (4, 4), (2, 2)]


@pytest.mark.parametrize(("head", "n_features"), [("average", 64), ("flatten", 8 * 8 * 64)])
def test_the_head_averages_or_flattens_the_last_maps(head, n_features):
    (kernel, _) = layers_of(build({**V1, "head": head}), keras.layers.Dense)[0].get_weights()
    assert kernel.shape == (n_features, 64)


def test_zero_dense_units_leave_only_the_classifier():
    assert len(layers_of(build({**V1, "dense_units": 0}), keras.layers.Dense)) == 1
    assert [layer.units for layer in layers_of(build(V1), keras.layers.Dense)] == [64, 10]


@pytest.mark.parametrize(("params", "n_normalizations"), [(V2, 0), (V3, 6)])
def test_a_convolution_has_a_bias_or_batch_normalization(params, n_normalizations):
    model = build(params)
    convolutions = layers_of(model, keras.layers.Conv2D)
    normalizations = layers_of(model, keras.layers.BatchNormalization)
    assert len(normalizations) == n_normalizations
    assert all(layer.use_bias == (not normalizations) for layer in convolutions)
    assert all(layer.momentum == 0.9 for layer in normalizations)
