"""Keras's own datasets: its cache, read without importing Keras, and its download."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from study.datasets.files import Found
from study.errors import DatasetUnavailableError

TIMEOUT_SECONDS = 1800.0

# A connection that a firewall swallows would otherwise hang for minutes.
_DOWNLOAD = """
import importlib, socket, sys
socket.setdefaulttimeout(30)
importlib.import_module("keras.datasets." + sys.argv[1]).load_data()
"""


def cache_folder() -> Path:
    """Return the folder of Keras's downloaded datasets: under `$KERAS_HOME`, or `~/.keras`."""
    home = os.environ.get("KERAS_HOME") or "~/.keras"
    # Path.expanduser raises an error where no home is known.
    return Path(os.path.expanduser(home)) / "datasets"  # noqa: PTH111


def download(
    name: str,
    find: Callable[[Path], Found | None],
    *,
    timeout_seconds: float = TIMEOUT_SECONDS,
) -> Found:
    """Let Keras download a dataset, in a process of its own and into a temporary KERAS_HOME.

    So Keras deletes nothing of the user's (it would replace a cached file with another hash), an
    interrupted download leaves nothing behind, its progress stays off stdout, and TensorFlow is
    not loaded here.

    Args:
        name: Module of `keras.datasets`.
        find: Reads what was downloaded from a folder of Keras's datasets.
        timeout_seconds: For the download and importing Keras.

    Raises:
        DatasetUnavailableError: If Keras is missing, cannot download or takes too long.
    """
    with tempfile.TemporaryDirectory(prefix="study-keras-") as home:
        try:
            result = subprocess.run(
                [sys.executable, "-P", "-c", _DOWNLOAD, name],
                env={**os.environ, "KERAS_HOME": home, "TF_CPP_MIN_LOG_LEVEL": "3"},
                capture_output=True,
                check=False,
                stdin=subprocess.DEVNULL,
                timeout=timeout_seconds,
            )
        except subprocess.TimeoutExpired as error:
            raise DatasetUnavailableError(f"over {timeout_seconds:g} seconds") from error
        except OSError as error:
            raise DatasetUnavailableError(f"Python could not be started: {error}") from error
        found = find(Path(home) / "datasets") if result.returncode == 0 else None
    if found is None:
        lines = result.stderr.decode("utf-8", "replace").split("\n")
        reason = next((line.strip() for line in reversed(lines) if line.strip()), "no file came")
        raise DatasetUnavailableError(reason)
    return Found(
        arrays=found.arrays,
        origins=dict.fromkeys(found.arrays, f"Keras's download of {name}"),
        remedy="Run again, or put the official files into the data folder.",
    )
