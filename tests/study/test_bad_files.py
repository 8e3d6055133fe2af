"""Damaged files of datasets, and folders that cannot be written: one line, nothing changed."""

from __future__ import annotations

import gzip
import io
import os
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from study.datasets.batches import TEST_BATCH, TRAINING_BATCHES
from tests.study.bad_input import RUN, Here
from tests.study.datasets_stand_ins import IDX_NAMES, tar_gz
from tests.study.hostile_pickles import hostile_pickles
from tests.study.test_bad_storage import REPORT, a_study


def whole_npz() -> bytes:
    file = io.BytesIO()
    np.savez(file, x_train=np.zeros((10, 32, 32, 3), np.uint8), y_train=np.zeros(10, np.uint8))
    return file.getvalue()


def npz_of_objects() -> bytes:
    file = io.BytesIO()
    np.savez(file, x_train=np.array([{}], dtype=object), y_train=np.array([{}], dtype=object))
    return file.getvalue()


def zip_bomb() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x_train.npy", bytes(300_000_000))
    return file.getvalue()


def idx(*shape: int) -> bytes:
    return struct.pack(f">HBB{len(shape)}I", 0, 8, len(shape), *shape)


FOUR = dict.fromkeys(IDX_NAMES.values())
BATCHES = [f"cifar-10-batches-py/{name}" for name in (*TRAINING_BATCHES, TEST_BATCH)]
DAMAGED: dict[str, tuple[str, dict[str, Callable[[], bytes]], str]] = {
    "an npz that is cut off": ("cifar10", {"cifar10.npz": lambda: whole_npz()[:1000]}, "cut off"),
    "an npz of other images": ("cifar10", {"cifar10.npz": whole_npz}, "expected"),
    "an npz of objects": ("cifar10", {"cifar10.npz": npz_of_objects}, "cifar10.npz"),
    "an npz that is a bomb": ("cifar10", {"cifar10.npz": zip_bomb}, "cifar10.npz"),
    "an npz that is text": ("cifar10", {"cifar10.npz": lambda: b"not a zip archive"}, "cut off"),
    "an npz of no bytes": ("mnist", {"mnist.npz": bytes}, "mnist.npz"),
    "an archive of no bytes": ("cifar10", {"cifar-10-python.tar.gz": bytes}, "it has no"),
    "an archive of something else": (
        "cifar10",
        {"cifar-10-python.tar.gz": lambda: tar_gz({"../../escaped": b"!"})},
        "it has no",
    ),
    "an archive that is a bomb": (
        "cifar10",
        {"cifar-10-python.tar.gz": lambda: gzip.compress(b"x" * 300_000_000, compresslevel=1)},
        "cifar-10-python.tar.gz",
    ),
    "a batch that is a program": (
        "cifar10",
        dict.fromkeys(BATCHES, lambda: hostile_pickles(Path("escaped"))["eval, protocol 2"]),
        "not allowed in a batch",
    ),
    "images of no bytes": ("mnist", {**FOUR, "train-images-idx3-ubyte": bytes}, "not an IDX file"),
    "images that claim to be many": (
        "mnist",
        {**FOUR, "train-images-idx3-ubyte": lambda: idx(2**32 - 1, 2**32 - 1, 2**32 - 1)},
        "0 bytes follow",
    ),
    "labels without images": ("mnist", {"train-labels-idx1-ubyte": lambda: idx(0)}, "missing"),
}


@pytest.mark.parametrize(("dataset", "files", "reason"), DAMAGED.values(), ids=DAMAGED)
def test_a_damaged_file_is_named_and_kept(dataset, files, reason, here: Here):
    for name, make in files.items():
        path = here.folder / "data" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(make() if make else idx(0))
    message = here.refused(("study", "run", "--dataset", dataset, "--quiet"))
    assert reason in message
    assert "ove it away" in message or "missing" in message


def test_a_pipe_for_a_file_of_images_is_refused_at_once(here: Here):
    (here.folder / "data").mkdir()
    os.mkfifo(here.folder / "data" / "cifar10.npz")
    message = here.refused(("study", "run", "--dataset", "cifar10", "--quiet"))
    assert "no regular file" in message


def test_a_damaged_file_is_not_passed_over_for_another_dataset(here: Here):
    (here.folder / "data").mkdir()
    (here.folder / "data" / "cifar10.npz").write_bytes(b"not a zip archive")
    assert "cifar10.npz" in here.refused(("study", "run", "--quiet"))


@pytest.mark.parametrize(
    "command",
    [(*RUN, "--out"), (*RUN, "--artifact-dir"), (*REPORT, "--no-png", "--out")],
    ids=["run", "artifacts", "report"],
)
@pytest.mark.parametrize("place", ["file/deeper", "loop", "file"])
def test_a_folder_that_cannot_be_made_is_refused(command, place, here: Here):
    a_study(here.folder / "studies.db", finished=True)
    (here.folder / "file").write_text("in the way")
    (here.folder / "loop").symlink_to("loop")
    message = here.refused((*command, place))
    assert "--out" in message or "--artifact-dir" in message
