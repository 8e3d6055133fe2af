from __future__ import annotations

import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

from study import start_backend
from study.errors import ConfigError

ROOT = Path(__file__).parents[2]


def run(command, environment):
    return subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize(
    ("wanted", "chosen"),
    [(None, "tensorflow"), ("", "tensorflow"), ("tensorflow", "tensorflow"), ("jax", "jax")],
)
def test_keras_backend_chooses_and_tensorflow_is_the_default(wanted, chosen, monkeypatch):
    monkeypatch.delenv("KERAS_BACKEND", raising=False)
    if wanted is not None:
        monkeypatch.setenv("KERAS_BACKEND", wanted)
    assert start_backend.chosen_backend() == chosen


@pytest.mark.parametrize("wanted", ["torch", "numpy", "JAX", "nonsense"])
def test_another_backend_is_refused_with_those_there_are(wanted, monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", wanted)
    with pytest.raises(ConfigError, match=f"{wanted!r}.* use tensorflow or jax"):
        start_backend.chosen_backend()


def test_a_backend_that_is_not_installed_is_refused_before_it_is_imported(monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ConfigError, match="not installed; install the version of jax"):
        start_backend.import_backend()


def test_a_backend_that_cannot_train_ends_the_program_in_one_line():
    command = [sys.executable, "-m", "study", "run", "--dataset", "digits"]
    done = run(command, {**os.environ, "KERAS_BACKEND": "torch"})
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.splitlines() == [
        "error: KERAS_BACKEND is 'torch', which cannot train here; use tensorflow or jax."
    ]


def test_workers_share_a_gpu_because_each_takes_memory_only_as_it_needs_it(monkeypatch):
    import tensorflow as tf

    monkeypatch.setenv("KERAS_BACKEND", "tensorflow")
    monkeypatch.setenv("XLA_PYTHON_CLIENT_PREALLOCATE", "")
    monkeypatch.delenv("XLA_PYTHON_CLIENT_PREALLOCATE")
    grows = {}
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: [f"{kind}:0", f"{kind}:1"])
    monkeypatch.setattr(tf.config.experimental, "set_memory_growth", grows.__setitem__)
    start_backend.import_backend()
    assert grows == {"GPU:0": True, "GPU:1": True}
    assert os.environ["XLA_PYTHON_CLIENT_PREALLOCATE"] == "false"


@pytest.mark.parametrize(
    ("processor", "decided", "expected"),
    [
        ("x86_64", None, "1"),
        ("AMD64", None, "1"),
        ("x86_64", "", "1"),
        ("x86_64", "0", "0"),
        ("aarch64", None, None),
        ("arm64", "1", "1"),
    ],
)
def test_onednn_is_preferred_on_x86_unless_the_user_has_decided(
    processor, decided, expected, monkeypatch
):
    monkeypatch.setattr("platform.machine", lambda: processor)
    monkeypatch.setenv(start_backend.ONEDNN, decided or "")
    if decided is None:
        monkeypatch.delenv(start_backend.ONEDNN)
    start_backend.prefer_onednn()
    assert os.environ.get(start_backend.ONEDNN) == expected


@pytest.mark.skipif(
    platform.machine().lower() not in start_backend.X86_64, reason="asked for on x86 alone"
)
@pytest.mark.parametrize(("decided", "taken"), [(None, "True"), ("0", "False")])
def test_tensorflow_takes_onednn_on_any_x86_processor_once_it_is_imported_by_us(decided, taken):
    program = (
        "from study.start_backend import import_backend; import_backend();"
        "from tensorflow.python.util import _pywrap_util_port as port; print(port.IsMklEnabled())"
    )
    environment = {key: value for key, value in os.environ.items() if key != start_backend.ONEDNN}
    if decided is not None:
        environment[start_backend.ONEDNN] = decided
    done = run([sys.executable, "-c", program], environment)
    assert (done.returncode, done.stdout) == (0, f"{taken}\n"), done.stderr


@pytest.mark.parametrize("backend", ["tensorflow", "jax"])
def test_a_backend_comes_quietly_and_without_what_no_training_needs(backend):
    program = (
        "import importlib, sys; from study import start_backend; start_backend.import_backend();"
        f"unused = start_backend.UNUSED[{backend!r}];"
        "print(sys.modules['keras'].backend.backend(), sys.modules.keys() & set(unused));"
        "[importlib.import_module(name) for name in unused]"  # It can be had later.
    )
    environment = {key: value for key, value in os.environ.items() if key != "KERAS_BACKEND"}
    if backend != "tensorflow":
        environment["KERAS_BACKEND"] = backend
    done = run([sys.executable, "-c", program], environment)
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{backend} set()\n", "")


def test_what_was_imported_before_its_backend_stays():
    program = (
        "import sys, pandas; from study.start_backend import import_backend; import_backend();"
        "import pandas as again; print(again is pandas, 'sklearn' in sys.modules)"
    )
    done = run([sys.executable, "-c", program], dict(os.environ))
    assert done.stdout == "True False\n", done.stderr
