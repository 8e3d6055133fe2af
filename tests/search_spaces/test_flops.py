import keras
import pytest
import tensorflow as tf
from tensorflow.compat.v1 import profiler

from search_spaces import SPACES
from search_spaces.alexnet_lite import ALEXNET, ALEXNET_LITE
from search_spaces.custom_cnn import CUSTOM_CNN, V1
from search_spaces.flops import forward_flops

CIFAR10 = {"image_shape": (32, 32, 3), "n_classes": 10}


def profiled_flops(model):
    """TensorFlow's own count for one image, by kind of operation."""
    call = tf.function(lambda images: model(images, training=False))
    graph = call.get_concrete_function(tf.TensorSpec((1, *model.input_shape[1:]))).graph
    counted = profiler.ProfileOptionBuilder(profiler.ProfileOptionBuilder.float_operation())
    node = profiler.profile(graph, cmd="op", options=counted.with_empty_output().build())
    flops = {}
    while node.children:
        (node,) = node.children
        flops[node.name] = node.float_ops
    return flops


def without_local_response(params):
    # Its sums over channels run as a matrix product, which the profiler cannot tell from a dense
    # layer's.
    return {**params, "normalization": "batch"} if "normalization" in params else params


@pytest.mark.parametrize("shape", [CIFAR10, {"image_shape": (29, 40, 1), "n_classes": 100}])
@pytest.mark.parametrize("space", SPACES.values(), ids=lambda space: space.name)
def test_the_count_agrees_with_tensorflows_profiler(space, shape, draw_configurations):
    for params in (*space.baselines.values(), *draw_configurations(space, 3)):
        model = space.build(without_local_response(params), seed=0, **shape)
        profiled = profiled_flops(model)
        counted = sum(profiled.pop(kind) for kind in ("Conv2D", "MatMul", "BiasAdd"))
        assert forward_flops(model) == counted
        # Here the narrowest random networks spend the largest share on what is left out.
        assert sum(profiled.values()) < 0.1 * counted


def test_the_operations_of_v1_add_up_by_hand():
    first = 32 * 32 * 32 * (2 * 27 + 1)
    second = 16 * 16 * 64 * (2 * 288 + 1)
    dense = 64 * (2 * 8 * 8 * 64 + 1) + 10 * (2 * 64 + 1)
    model = CUSTOM_CNN.build(V1, seed=0, **CIFAR10)
    assert forward_flops(model) == first + second + dense


def test_local_response_normalization_is_left_out():
    plain, normalized = (
        ALEXNET_LITE.build({**ALEXNET, "normalization": normalization}, seed=0, **CIFAR10)
        for normalization in ("none", "local_response")
    )
    assert forward_flops(plain) == forward_flops(normalized)


def test_a_model_inside_a_model_counts():
    inner = keras.Sequential([keras.Input((8, 8, 3)), keras.layers.Conv2D(4, 3, use_bias=False)])
    outer = keras.Sequential([keras.Input((8, 8, 3)), inner, keras.layers.Flatten()])
    assert forward_flops(outer) == 6 * 6 * 4 * 2 * 27


def test_a_layer_with_weights_of_unknown_use_is_refused():
    model = keras.Sequential([keras.Input((8, 8, 3)), keras.layers.DepthwiseConv2D(3, name="odd")])
    with pytest.raises(TypeError, match=r"'odd' of type DepthwiseConv2D.*flops\.py"):
        forward_flops(model)
