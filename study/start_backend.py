"""Import Keras and its backend: quietly, and leaving room on a GPU for other workers."""

from __future__ import annotations

import importlib.util
import os
import platform
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from typing import Any

from study.errors import ConfigError

BACKENDS = ("tensorflow", "jax")

ONEDNN = "TF_ENABLE_ONEDNN_OPTS"
"""Whether TensorFlow takes oneDNN's kernels for convolutions and more: "0" or "1"."""

UNUSED = {"tensorflow": ("jax", "pandas", "sklearn"), "jax": ("pandas", "sklearn")}
"""By backend, what it and Keras import where it is installed, and no trial needs.

It takes a third of their time to import, which every worker spends.
"""

X86_64 = ("x86_64", "amd64")
"""Names of the one architecture on which oneDNN's kernels were measured."""


def chosen_backend() -> str:
    """Return the backend that KERAS_BACKEND names, TensorFlow if it names none; imports nothing.

    Raises:
        ConfigError: If that backend cannot train here or is not installed.
    """
    backend = os.environ.get("KERAS_BACKEND") or BACKENDS[0]
    if backend not in BACKENDS:
        raise ConfigError(
            f"KERAS_BACKEND is {backend!r}, which cannot train here; use {' or '.join(BACKENDS)}."
        )
    if importlib.util.find_spec(backend) is None:
        raise ConfigError(
            f"KERAS_BACKEND is {backend!r}, which is not installed; "
            f"install the version of {backend} that pyproject.toml names."
        )
    return backend


def import_backend(*, quiet: bool = True) -> None:
    """Import Keras and its backend; call it before anything imports Keras.

    Keras then takes no data frames and wraps no models for scikit-learn. Meanwhile no other thread
    may import what `UNUSED` names.

    Args:
        quiet: Whether to hide the lines about missing GPUs, which ignore the log level; they are
            shown nevertheless if the import fails.

    Raises:
        ConfigError: As from `chosen_backend`.
    """
    backend = chosen_backend()
    # Else Keras would look into the user's configuration file too.
    os.environ["KERAS_BACKEND"] = backend
    if quiet:
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    # JAX would take three quarters of a GPU's memory at once and leave other workers no room.
    os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")
    start = {"tensorflow": _start_tensorflow, "jax": _start_jax}[backend]
    with _held_stderr() if quiet else nullcontext(), _hidden(UNUSED[backend]):
        start()
        import keras  # noqa: F401


def prefer_onednn() -> None:
    """Let TensorFlow take oneDNN's kernels, unless the user has decided; call before importing it.

    By itself it takes them only where there are newer instructions than AVX2; what they gain on a
    processor without is in `benchmarks/avx2.md`.
    """
    if platform.machine().lower() in X86_64 and not os.environ.get(ONEDNN):
        os.environ[ONEDNN] = "1"


def n_gpus() -> int:
    """Return how many GPUs the imported backend finds."""
    if chosen_backend() == "tensorflow":
        import tensorflow as tf

        return len(tf.config.list_physical_devices("GPU"))
    import jax

    return sum(device.platform == "gpu" for device in jax.devices())


def _start_tensorflow() -> None:
    prefer_onednn()
    import tensorflow as tf

    for gpu in tf.config.list_physical_devices("GPU"):
        tf.config.experimental.set_memory_growth(gpu, True)
    tf.config.list_logical_devices()


def _start_jax() -> None:
    import jax

    jax.devices()


@contextmanager
def _hidden(names: Sequence[str]) -> Iterator[None]:
    """Let imports of these fail meanwhile as if they were not installed, unless they are there."""
    hidden = [name for name in names if name not in sys.modules]
    modules: dict[str, Any] = sys.modules
    modules.update(dict.fromkeys(hidden))
    try:
        yield
    finally:
        for name in hidden:
            if modules[name] is None:
                del modules[name]


@contextmanager
def _held_stderr() -> Iterator[None]:
    # The lines come from C++, past Python's sys.stderr: hold the file descriptor itself.
    sys.stderr.flush()
    kept = os.dup(2)
    with tempfile.TemporaryFile() as held:
        os.dup2(held.fileno(), 2)
        try:
            yield
        except BaseException:
            os.dup2(kept, 2)
            held.seek(0)
            sys.stderr.write(held.read().decode(errors="replace"))
            raise
        finally:
            os.dup2(kept, 2)
            os.close(kept)
