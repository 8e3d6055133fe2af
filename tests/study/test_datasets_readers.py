from __future__ import annotations

import gzip
import io
import os
import pickle
import struct
import tarfile
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from study.datasets.batches import decode_batch, read_archive
from study.datasets.digests import ArrayDigest, verify
from study.datasets.idx import decode_idx, read_idx
from study.datasets.npz import read_npz
from study.datasets.tar import read_tar_members
from study.errors import DatasetError
from tests.study.datasets_stand_ins import (
    batch_bytes,
    batches,
    cifar_archive,
    digests_of,
    idx_bytes,
    tar_gz,
    tiny_arrays,
    write_npz,
)

MEBIBYTE = 2**20


# CIFAR-10's pickled batches


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


class Hostile:
    """Unpickles as whatever a function returns."""

    def __init__(self, function: Callable[..., object], *arguments: object) -> None:
        self.function, self.arguments = function, arguments

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        return self.function, self.arguments


def hostile_pickles(marker: Path) -> dict[str, bytes]:
    command = f"touch {marker}"
    code = f"open({str(marker)!r}, 'w')"
    gadgets = {
        "os.system": Hostile(os.system, command),
        "eval": Hostile(eval, code),
        "exec": Hostile(exec, code),
        "open": Hostile(open, str(marker), "w"),
        "numpy.save": Hostile(np.save, f"{marker}", 0),
        "nested": {b"data": [Hostile(eval, code)], b"labels": []},
        "an array of objects": np.array([Hostile(eval, code)], dtype=object),
    }
    return {
        **{
            f"{name}, protocol {protocol}": pickle.dumps(gadget, protocol)
            for name, gadget in gadgets.items()
            for protocol in (0, 2, 5)
        },
        "INST": f"(S'{command}'\nios\nsystem\n.".encode(),
        "OBJ": b"(" + f"cos\nsystem\nS'{command}'\no.".encode(),
        "dotted name": b"\x80\x04\x8c\x02os\x8c\x06system\x93" + f"(S'{command}'\ntR.".encode(),
    }


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


# Tar archives


def test_a_tar_member_is_read_into_memory_and_nothing_is_unpacked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "working"
    folder.mkdir()
    monkeypatch.chdir(folder)
    path = tmp_path / "archive.tgz"
    path.write_bytes(tar_gz({"../escaped": b"1", "/absolute": b"2", "wanted": b"3", "x": b"4"}))
    assert read_tar_members(path, ["wanted"], max_bytes=MEBIBYTE) == {"wanted": b"3"}
    assert set(tmp_path.rglob("*")) == {folder, path}


@pytest.mark.parametrize(
    "kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE, tarfile.FIFOTYPE]
)
def test_only_regular_members_count(kind: bytes, tmp_path: Path) -> None:
    path = tmp_path / "archive.tgz"
    with tarfile.open(path, "w:gz") as archive:
        info = tarfile.TarInfo("wanted")
        info.type, info.linkname = kind, "/etc/passwd"
        archive.addfile(info)
    with pytest.raises(LookupError, match="it has no wanted"):
        read_tar_members(path, ["wanted"], max_bytes=MEBIBYTE)


def member_of(size: int, *, kind: bytes = tarfile.REGTYPE, name: str = "big") -> bytes:
    info = tarfile.TarInfo(name)
    info.size, info.type = size, kind
    return info.tobuf(tarfile.GNU_FORMAT)


@pytest.mark.parametrize(
    "header",
    [
        member_of(64 * MEBIBYTE, name="wanted"),
        member_of(64 * MEBIBYTE),
        member_of(64 * MEBIBYTE, kind=tarfile.XHDTYPE),
        member_of(64 * MEBIBYTE, kind=tarfile.GNUTYPE_LONGNAME),
    ],
    ids=["wanted", "skipped", "extended header", "long name"],
)
def test_an_archive_that_unpacks_to_too_much_takes_little_memory(
    header: bytes, tmp_path: Path
) -> None:
    path = tmp_path / "archive.tgz"
    path.write_bytes(gzip.compress(header + bytes(64 * MEBIBYTE), compresslevel=1))
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match="it unpacks to more bytes than the dataset has"):
            read_tar_members(path, ["wanted"], max_bytes=MEBIBYTE)
        assert tracemalloc.get_traced_memory()[1] < 8 * MEBIBYTE
    finally:
        tracemalloc.stop()


def test_a_sparse_member_is_not_blown_up(tmp_path: Path) -> None:
    info = tarfile.TarInfo("wanted")
    info.type = tarfile.GNUTYPE_SPARSE
    header = bytearray(info.tobuf(tarfile.GNU_FORMAT))
    header[483:495] = b"77777777777\0"  # 8 GiB, of which nothing is stored
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    path = tmp_path / "archive.tgz"
    path.write_bytes(gzip.compress(bytes(header) + bytes(1024)))
    with pytest.raises(LookupError, match="it has no wanted"):
        read_tar_members(path, ["wanted"], max_bytes=MEBIBYTE)


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


# IDX files


@pytest.mark.parametrize("shape", [(7,), (3, 5), (2, 28, 28), (0,), (1, 2, 3, 4)])
def test_an_idx_file_gives_the_array_that_was_written(shape: tuple[int, ...]) -> None:
    array = np.random.default_rng(0).integers(0, 256, size=shape, dtype=np.uint8)
    np.testing.assert_array_equal(decode_idx(idx_bytes(array)), array)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "not an IDX file"),
        (b"\0\0\x08", "not an IDX file"),
        (struct.pack(">HBBI", 1, 8, 1, 1) + b"a", "not an IDX file"),
        (struct.pack(">HBBI", 0, 13, 1, 1) + b"abcd", "not an IDX file of unsigned bytes"),
        (struct.pack(">HBB", 0, 8, 0) + b"a", "not an IDX file"),
        (struct.pack(">HBB", 0, 8, 200) + b"a" * 800, "not an IDX file"),
        (struct.pack(">HBBI", 0, 8, 3, 1), "header is cut off"),
        (struct.pack(">HBBI", 0, 8, 1, 3) + b"ab", r"says \(3,\), but 2 bytes follow"),
        (struct.pack(">HBBI", 0, 8, 1, 1) + b"ab", r"says \(1,\), but 2 bytes follow"),
        (struct.pack(">HBB4I", 0, 8, 4, *[2**32 - 1] * 4), "but 0 bytes follow"),
    ],
)
def test_what_is_no_idx_file_is_refused(data: bytes, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        decode_idx(data)


def test_a_gzipped_idx_file_that_unpacks_to_too_much_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "train-images-idx3-ubyte.gz"
    path.write_bytes(gzip.compress(bytes(65 * MEBIBYTE), compresslevel=1))
    with pytest.raises(DatasetError, match="more than 67,108,864 bytes"):
        read_idx(path)


# NumPy's npz files


def npy(array: np.ndarray, *, version: tuple[int, int] | None = None) -> bytes:
    file = io.BytesIO()
    np.lib.format.write_array(file, array, version=version)
    return file.getvalue()


WANTED = {"x": ArrayDigest(shape=(4, 3), sha256="")}


@pytest.mark.parametrize(
    ("member", "message"),
    [
        (npy(np.zeros((4, 3), np.float32)), r"x is float32 \(4, 3\), uint8 \(4, 3\) expected"),
        (npy(np.zeros((3, 4), np.uint8)), r"x is uint8 \(3, 4\)"),
        (npy(np.zeros((4, 3), np.int8)), r"x is int8"),
        (npy(np.array([[Hostile(print)] * 3] * 4, dtype=object)), r"x is object"),
        (npy(np.asfortranarray(np.zeros((4, 3), np.uint8))), "Fortran"),
        (npy(np.zeros((4, 3), np.uint8), version=(2, 0)), r"npy format \(2, 0\)"),
        (npy(np.zeros((4, 3), np.uint8))[:-1], "cannot reshape"),
        (npy(np.zeros((4, 3), np.uint8)) + b"!", "cannot reshape"),
        (npy(np.zeros((100, 100), np.uint8)), "x has 10,128 bytes, 12 expected"),
        (b"\x93NUMPY\x01\x00\x10\x00{'descr': (((((((", "TokenError"),
        (pickle.dumps(0), "magic string"),
        (b"", "EOF"),
    ],
)
def test_an_npz_member_that_is_not_the_expected_array_is_refused(
    member: bytes, message: str, tmp_path: Path
) -> None:
    path = tmp_path / "file.npz"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("x.npy", member)
    with pytest.raises(DatasetError, match=message) as caught:
        read_npz(path, WANTED)
    assert str(path) in str(caught.value)


def test_an_npz_without_an_array_is_refused(tmp_path: Path) -> None:
    write_npz(tmp_path / "file.npz", {"y": np.zeros((4, 3), np.uint8)})
    with pytest.raises(DatasetError, match=r"x\.npy"):
        read_npz(tmp_path / "file.npz", WANTED)


@pytest.mark.parametrize("compression", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_an_npz_that_claims_less_than_it_unpacks_to_takes_little_memory(
    compression: int, tmp_path: Path
) -> None:
    honest = npy(np.zeros((32, MEBIBYTE), np.uint8))
    claimed = len(npy(np.zeros((4, 3), np.uint8)))
    path = tmp_path / "file.npz"
    with zipfile.ZipFile(path, "w", compression) as archive:
        archive.writestr("x.npy", npy(np.zeros((4, 3), np.uint8))[:-12] + honest)
    data = path.read_bytes()
    size = struct.pack("<I", claimed - 12 + len(honest))
    assert data.count(size) == 2
    path.write_bytes(data.replace(size, struct.pack("<I", claimed)))
    tracemalloc.start()
    try:
        with pytest.raises(DatasetError):
            read_npz(path, WANTED)
        assert tracemalloc.get_traced_memory()[1] < MEBIBYTE
    finally:
        tracemalloc.stop()


def test_no_change_of_a_few_bytes_gives_other_images_or_another_error(tmp_path: Path) -> None:
    arrays = {name: values[:4] for name, values in tiny_arrays("mnist").items()}
    digests = digests_of(arrays)
    path = tmp_path / "mnist.npz"
    np.savez(path, **arrays)
    data = path.read_bytes()
    rng = np.random.default_rng(0)
    outcomes = {"refused": 0, "right": 0}
    for _ in range(400):
        altered = bytearray(data)
        for place in rng.integers(len(data), size=rng.integers(1, 4)):
            altered[place] = rng.integers(256)
        path.write_bytes(altered[: rng.integers(len(data))] if rng.random() < 0.2 else altered)
        try:
            read = read_npz(path, digests)
            verify(read, digests, origins=dict.fromkeys(read, "file"), remedy="")
        except DatasetError as error:
            assert "\n" not in str(error)
            outcomes["refused"] += 1
        else:
            assert all((read[name] == arrays[name]).all() for name in arrays)
            outcomes["right"] += 1
    assert outcomes["refused"] > 300


def test_no_change_of_a_header_is_another_error(tmp_path: Path) -> None:
    good = npy(np.zeros((4, 3), np.uint8))
    rng = np.random.default_rng(0)
    refused = 0
    for _ in range(600):
        altered = bytearray(good)
        for place in rng.integers(8, 80, size=rng.integers(1, 6)):
            altered[place] = rng.choice(bytearray(b"(){}[]'\",: \n\t\x00\xff09LuOV|<>-+#;"))
        path = tmp_path / "file.npz"
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("x.npy", altered)
        try:
            read_npz(path, WANTED)
        except DatasetError:
            refused += 1
    assert refused > 500
