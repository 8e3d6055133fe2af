import keras
import numpy as np
import pytest

from search_spaces import SPACES
from search_spaces.flops import forward_flops

every_space = pytest.mark.parametrize("space", SPACES.values(), ids=lambda space: space.name)
CIFAR10 = {"image_shape": (32, 32, 3), "n_classes": 10}
SHAPES = (
    {"image_shape": (28, 28, 1), "n_classes": 10},
    {"image_shape": (32, 32, 3), "n_classes": 10},
    {"image_shape": (64, 64, 3), "n_classes": 100},
    {"image_shape": (37, 50, 1), "n_classes": 2},
)


class Extreme:
    """Suggests the lowest or the highest of each range."""

    def __init__(self, *, highest):
        self.highest = highest

    def suggest_float(self, name, low, high, *, step=None, log=False):
        return high if self.highest else low

    def suggest_int(self, name, low, high, *, step=1, log=False):
        return high if self.highest else low

    def suggest_categorical(self, name, choices):
        return choices[-1 if self.highest else 0]


def first_baseline(space):
    return next(iter(space.baselines.values()))


def some_images(image_shape, *, n_images=4):
    return np.random.default_rng(0).integers(0, 256, (n_images, *image_shape), dtype=np.uint8)


def configurations(space, draw_configurations, count):
    return [
        *space.baselines.values(),
        space.suggest(Extreme(highest=False)),
        space.suggest(Extreme(highest=True)),
        *draw_configurations(space, count),
    ]


@every_space
def test_a_built_model_has_as_many_weights_as_the_closed_form(space, draw_configurations):
    for index, params in enumerate(configurations(space, draw_configurations, 24)):
        shape = SHAPES[index % len(SHAPES)]
        model = space.build(params, seed=0, **shape)
        assert model.count_params() == space.count_parameters(params, **shape), params


@every_space
def test_no_map_of_any_configuration_is_empty(space, draw_configurations):
    for index, params in enumerate(configurations(space, draw_configurations, 8)):
        model = space.build(params, seed=0, **SHAPES[index % len(SHAPES)])
        assert all(min(layer.output.shape[1:]) >= 1 for layer in model.layers)


@every_space
@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("highest", [False, True])
def test_a_built_model_gives_one_finite_score_per_class(space, shape, highest):
    images = some_images(shape["image_shape"])
    images[0], images[1] = 0, 255
    scores = np.asarray(
        space.build(space.suggest(Extreme(highest=highest)), seed=0, **shape)(images)
    )
    assert scores.shape == (4, shape["n_classes"])
    assert scores.dtype == np.float32
    assert np.isfinite(scores).all()
    assert len(np.unique(scores, axis=0)) == 4  # a dead network would score all images alike


@every_space
def test_scores_are_float32_under_mixed_precision(space, bfloat16_policy):
    for params in (*space.baselines.values(), space.suggest(Extreme(highest=True))):
        model = space.build(params, seed=0, **CIFAR10)
        assert model.layers[2].compute_dtype == "bfloat16"
        scores = np.asarray(model(some_images((32, 32, 3))))
        assert scores.dtype == np.float32
        assert np.isfinite(scores).all()


@every_space
def test_integer_and_float_pixels_score_alike(space):
    model = space.build(first_baseline(space), seed=0, **CIFAR10)
    images = some_images((32, 32, 3))
    np.testing.assert_array_equal(model(images), model(images.astype(np.float32)))


@every_space
def test_pixels_reach_the_first_convolution_between_minus_one_and_one(space):
    model = space.build(first_baseline(space), seed=0, **CIFAR10)
    scaled = np.asarray(model.layers[1](np.array([[[[0.0, 127.5, 255.0]]]], dtype=np.float32)))
    np.testing.assert_allclose(scaled.ravel(), [-1, 0, 1], atol=1e-6)


@every_space
def test_the_seed_decides_weights_and_dropout_and_nothing_else_does(space):
    params, images = first_baseline(space), some_images((32, 32, 3))
    runs = []
    for global_seed, seed in ((1, 7), (2, 7), (2, 8)):
        keras.utils.set_random_seed(global_seed)
        model = space.build(params, seed=seed, **CIFAR10)
        runs.append((model.get_weights(), np.asarray(model(images, training=True))))
    (weights, scores), (same_weights, same_scores), (other_weights, other_scores) = runs
    for one, same in zip(weights, same_weights, strict=True):
        np.testing.assert_array_equal(one, same)
    np.testing.assert_array_equal(scores, same_scores)
    assert not any(
        np.array_equal(one, other)
        for one, other in zip(weights, other_weights, strict=True)
        if one.ndim > 1
    )
    assert not np.array_equal(scores, other_scores)


@every_space
def test_no_two_layers_have_the_same_seed(space):
    for params in space.baselines.values():
        layers = space.build(params, seed=0, **CIFAR10).layers
        weighted = [one for one in layers if hasattr(one, "kernel_initializer")]
        seeds = [one.kernel_initializer.seed for one in weighted]
        seeds += [one.seed for one in layers if "dropout" in type(one).__name__.lower()]
        assert len(seeds) > 2
        assert len(set(seeds)) == len(seeds)


@every_space
def test_a_saved_model_loads_in_safe_mode_and_scores_the_same(space, tmp_path, draw_configurations):
    images = some_images((28, 28, 1))
    for params in (*space.baselines.values(), *draw_configurations(space, 3)):
        model = space.build(params, image_shape=(28, 28, 1), n_classes=10, seed=0)
        model.save(tmp_path / "model.keras")
        loaded = keras.saving.load_model(tmp_path / "model.keras", safe_mode=True)
        np.testing.assert_array_equal(loaded(images), model(images))


@every_space
def test_the_largest_configuration_fits_the_compute_budget(space):
    model = space.build(space.suggest(Extreme(highest=True)), seed=0, **CIFAR10)
    assert forward_flops(model) <= 250e6
