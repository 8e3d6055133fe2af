from __future__ import annotations

import functools

import numpy as np
import pytest

from study.config import AugmentationConfig
from study.training.loop import Training
from tests.study import small
from tests.study.training.fitting import (
    assert_equal_weights,
    fit_config,
    numbers,
    run_to_the_end,
    set_weights,
    varied_model,
    weights,
)

CONFIG = fit_config(epochs=4, augmentation=AugmentationConfig(), flip=True)


@functools.cache
def model_and_initial_weights(seed, filters):
    model = varied_model(seed=seed, filters=filters)
    return model, weights(model)


def begin(*, seed=0, filters=4):
    """Begin a run on an untrained model; models are kept, because tracing one takes long."""
    model, initial = model_and_initial_weights(seed, filters)
    set_weights(model, initial)
    return model, Training(model, small.images(60), small.images(30, seed=5), config=CONFIG)


@pytest.fixture(scope="module")
def uninterrupted():
    """The scores of each epoch of a run, and the weights that the model then holds."""
    model, training = begin()
    history = run_to_the_end(training, epochs=4)
    return numbers(history), weights(model)


@pytest.mark.parametrize("n_before", [1, 3])
def test_a_restored_run_goes_on_as_if_it_had_never_stopped(tmp_path, uninterrupted, n_before):
    _, first = begin()
    history = run_to_the_end(first, epochs=n_before)
    first.save(tmp_path / "state.npz")
    # Other initial weights and dropout: all must come from the file.
    model, second = begin(seed=1)
    second.restore(tmp_path / "state.npz")
    assert second.epoch == n_before
    history += run_to_the_end(second, epochs=4)
    scores, final_weights = uninterrupted
    np.testing.assert_allclose(numbers(history), scores, rtol=1e-4)
    assert_equal_weights(weights(model), final_weights, rtol=1e-3, atol=1e-5)


def test_a_restored_model_holds_the_averaged_weights_at_once(tmp_path):
    model, training = begin()
    training.run_epoch()
    training.save(tmp_path / "state.npz")
    restored_model, restored = begin(seed=1)
    restored.restore(tmp_path / "state.npz")
    assert_equal_weights(weights(restored_model), weights(model), rtol=0, atol=0)


def test_saving_leaves_one_file_and_the_run_as_it_was(tmp_path, uninterrupted):
    path = tmp_path / "state.npz"
    _, training = begin()
    history = []
    for _ in range(4):
        history.append(training.run_epoch())
        training.save(path)
        assert list(tmp_path.iterdir()) == [path]
    np.testing.assert_allclose(numbers(history), uninterrupted[0], rtol=1e-4)


def test_the_state_of_another_model_is_refused_in_one_line_and_nothing_is_changed(tmp_path):
    path = tmp_path / "state.npz"
    _, wide = begin(filters=6)
    wide.save(path)
    model, training = begin()
    training.run_epoch()
    before = weights(model)
    with pytest.raises(ValueError, match=r"state\.npz' holds the state of another model") as error:
        training.restore(path)
    assert "\n" not in str(error.value)
    assert training.epoch == 1
    assert_equal_weights(weights(model), before, rtol=0, atol=0)


def test_arrays_of_something_else_are_refused_too(tmp_path):
    np.savez(tmp_path / "other.npz", x_train=np.zeros(3))
    _, training = begin()
    with pytest.raises(ValueError, match="another model"):
        training.restore(tmp_path / "other.npz")
