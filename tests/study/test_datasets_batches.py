"""CIFAR-10's pickled batches and their archive: read without running anything."""

from __future__ import annotations

import os
import pickle
import struct
from pathlib import Path

import numpy as np
import pytest

from study.datasets.batches import decode_batch, read_archive
from study.errors import DatasetError
from tests.study.datasets_stand_ins import batch_bytes, batches, cifar_archive, tar_gz, tiny_arrays
from tests.study.hostile_pickles import Hostile, hostile_pickles


def test_a_batch_gives_its_images_and_labels() -> None:
    arrays = tiny_arrays("cifar10")
    images, labels = decode_batch(batch_bytes(arrays["x_test"], arrays["y_test"]))
    np.testing.assert_array_equal(images, arrays["x_test"])
    np.testing.assert_array_equal(labels, arrays["y_test"])


def test_the_stand_in_batch_is_what_pickle_itself_would_read() -> None:
    arrays = tiny_arrays("cifar10")
    data = batch_bytes(arrays["x_test"], arrays["y_test"])
    assert data.startswith(b"\x80\x02}")
    assert b"cnumpy.core.multiarray\n_reconstruct\n" in data
    renamed = data.replace(b"numpy.core.multiarray", b"numpy._core.multiarray")
    batch = pickle.loads(renamed, encoding="bytes")
    # The official layout: 1,024 red values of an image, then the green ones, then the blue ones.
    np.testing.assert_array_equal(batch[b"data"][3, :1024], arrays["x_test"][3, :, :, 0].ravel())
    assert batch[b"labels"] == arrays["y_test"].tolist()


HOSTILE = list(hostile_pickles(Path("marker")))


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_pickle_runs_nothing(kind: str, tmp_path: Path) -> None:
    marker = tmp_path / "marker"
    data = hostile_pickles(marker)[kind]
    with pytest.raises(ValueError, match="not allowed in a batch"):
        decode_batch(data)
    assert not list(tmp_path.iterdir())
    # The same bytes are not harmless: pickle itself runs them.
    pickle.loads(data)
    assert list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"not a pickle",
        pickle.dumps([1, 2]),
        pickle.dumps({b"labels": [1]}, 4),
        pickle.dumps({b"data": b"bytes", b"labels": [1]}, 4),
        pickle.dumps({b"data": 1, b"labels": 10**15}, 4),
        b"Ppersistent\n.",
        b"\x80\x02\x82\x01.",  # an extension code
        b"\x80\x05\x97.",  # an out-of-band buffer
        b"cnumpy\ndtype\n}(S'__reduce__'\nI1\nub.",  # sets an attribute on a class
        b"\x80\x02(" + b"(" * 100_000 + b"t" * 100_000 + b".",
    ],
    ids=range(11),
)
def test_what_is_no_batch_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="not a batch of CIFAR-10"):
        decode_batch(data)


def test_labels_that_are_no_bytes_and_fortran_order_are_refused() -> None:
    images = np.zeros((2, 32, 32, 3), np.uint8)
    with pytest.raises(ValueError, match="range"):
        decode_batch(batch_bytes(images, np.array([1, 300])))
    data = batch_bytes(images, np.array([1, 2]))
    state = struct.pack("<BI", pickle.BINSTRING[0], 2 * 3072)
    assert data.count(b"\x89" + state) == 1
    with pytest.raises(ValueError, match="Fortran"):
        decode_batch(data.replace(b"\x89" + state, b"\x88" + state))


def test_every_cut_of_an_archive_is_a_dataset_error(tmp_path: Path) -> None:
    data = cifar_archive(tiny_arrays("cifar10"))
    path = tmp_path / "cifar-10-python.tar.gz"
    for length in np.linspace(0, len(data) - 12, 40, dtype=int):
        path.write_bytes(data[:length])
        with pytest.raises(DatasetError, match="is cut off or altered"):
            read_archive(path)


def test_a_hostile_archive_is_one_error_that_names_it(tmp_path: Path) -> None:
    members = batches(tiny_arrays("cifar10"))
    members["data_batch_3"] = pickle.dumps(Hostile(os.system, f"touch {tmp_path}/marker"))
    path = tmp_path / "cifar-10-python.tar.gz"
    path.write_bytes(tar_gz({f"cifar-10-batches-py/{name}": members[name] for name in members}))
    with pytest.raises(DatasetError, match=r"system is not allowed in a batch") as caught:
        read_archive(path)
    assert str(caught.value).startswith(str(path))
    assert not (tmp_path / "marker").exists()
