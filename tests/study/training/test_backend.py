from __future__ import annotations

import keras
import numpy as np
import pytest

from study.errors import ConfigError
from study.training.backend import active_backend


def too_little_memory():
    if keras.backend.backend() == "jax":
        import jax

        return [jax.errors.JaxRuntimeError("RESOURCE_EXHAUSTED: Out of memory while allocating")]
    from tensorflow import errors

    return [
        errors.ResourceExhaustedError(None, None, "OOM when allocating tensor"),
        # What it says of a GPU where an array is to be copied to, or a library is to begin.
        errors.InternalError(None, None, "Failed copying input: Dst tensor is not initialized."),
        errors.InternalError(None, None, "cuBLAS failed: CUBLAS_STATUS_ALLOC_FAILED"),
    ]


def another_error():
    if keras.backend.backend() == "jax":
        import jax

        return jax.errors.JaxRuntimeError("INTERNAL: no such kernel")
    import tensorflow as tf

    return tf.errors.InternalError(None, None, "no such kernel")


def test_too_little_memory_is_pythons_own_error_whatever_the_backend():
    for error in too_little_memory():
        with pytest.raises(MemoryError) as raised, active_backend().memory_errors():
            raise error
        assert str(raised.value) == str(error)


@pytest.mark.parametrize("make_error", [another_error, KeyError, KeyboardInterrupt])
def test_other_errors_stay_what_they_are(make_error):
    error = make_error()
    with pytest.raises(type(error)) as raised, active_backend().memory_errors():
        raise error
    assert raised.value is error


def test_a_compiled_gradient_is_the_gradient():
    point = np.array([[1.0, -2.0], [0.5, 3.0]], np.float32)
    gradient = active_backend().compiled_gradient(lambda x: keras.ops.sum(x * x * x))
    np.testing.assert_allclose(gradient(point), 3 * point**2, rtol=1e-6)


def test_a_backend_that_cannot_train_is_refused_by_name(monkeypatch):
    monkeypatch.setattr(keras.backend, "backend", lambda: "torch")
    active_backend.cache_clear()
    with pytest.raises(ConfigError, match=r"'torch'.* use tensorflow or jax"):
        active_backend()
