"""What is fuzzed: each reader of files from elsewhere, its seeds, and what it may answer.

To add one, write a function of bytes that raises nothing but what a reader may raise, and a line in
TARGETS.
"""

from __future__ import annotations

import gzip
import io
import json
import tempfile
import zipfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import NamedTuple

import numpy as np
from optuna.study._frozen import FrozenStudy
from optuna.study._study_direction import StudyDirection
from optuna.trial import FrozenTrial, create_trial

from study.datasets.batches import decode_batch, read_archive
from study.datasets.cifar10 import decode_labels, decode_sheet
from study.datasets.digests import ArrayDigest
from study.datasets.files import DAMAGE
from study.datasets.idx import read_idx
from study.datasets.npz import read_npz
from study.doctor.raw_rows import is_json
from study.errors import DatasetError
from study.storage import decoding
from tests.analysis import synthetic
from tests.study.datasets_stand_ins import batch_bytes, batches, idx_bytes, png, tar, tiny_arrays

FOLDER = Path(tempfile.mkdtemp(prefix="study-fuzz-"))
DIGESTS = {"x": ArrayDigest(shape=(4, 3), sha256=""), "y": ArrayDigest(shape=(4,), sha256="")}


class Target(NamedTuple):
    """A reader under test.

    Attributes:
        read: Reads bytes; raises for whatever is a finding.
        seeds: Whole small files, to begin with.
    """

    read: Callable[[bytes], object]
    seeds: Callable[[], list[bytes]]


def file_of(data: bytes, name: str) -> Path:
    path = FOLDER / name
    path.write_bytes(data)
    return path


def npz(arrays: dict[str, np.ndarray]) -> bytes:
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


ARRAYS = {"x": np.zeros((4, 3), np.uint8), "y": np.arange(4, dtype=np.uint8)}
FEW = {name: array[:5] for name, array in tiny_arrays("cifar10").items()}


def archive(data: bytes) -> None:
    """The bytes of a tar archive, zipped correctly: gzip's checksum would stop all else."""
    with suppress(DatasetError):
        read_archive(file_of(gzip.compress(data, compresslevel=0), "cifar-10-python.tar.gz"))


def zipped_archive(data: bytes) -> None:
    with suppress(DatasetError):
        read_archive(file_of(data, "cifar-10-python.tar.gz"))


def batch(data: bytes) -> None:
    with suppress(ValueError):
        decode_batch(data)


def idx(data: bytes) -> None:
    with suppress(DatasetError):
        read_idx(file_of(data, "train-images-idx3-ubyte"))


def npz_file(data: bytes) -> None:
    with suppress(DatasetError):
        read_npz(file_of(data, "mnist.npz"), DIGESTS)


def npy_member(data: bytes) -> None:
    """The bytes of one array in an archive, stored with their right checksum."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as members:
        members.writestr("x.npy", data)
    with suppress(DatasetError):
        read_npz(file_of(file.getvalue(), "mnist.npz"), {"x": DIGESTS["x"]})


def sheet(data: bytes) -> None:
    with suppress(*DAMAGE):
        decode_sheet(data)


def sheet_labels(data: bytes) -> None:
    with suppress(*DAMAGE):
        decode_labels(data)


def record(data: bytes) -> None:
    """JSON as the attributes of a trial and of a study, and all that is made of them."""
    if not is_json(data):
        return  # The doctor names it; what it lets pass must be read without any error.
    attrs = json.loads(data)
    trial = _trial(attrs if isinstance(attrs, dict) else {"training_loss": attrs})
    decoding.trial_record(trial)
    decoding.retrained_result(trial)
    decoding.validated_result(trial)
    decoding.dataset_record(attrs)
    decoding.ablation_paths(attrs)
    decoding.family_record("custom_cnn", _study(trial.user_attrs), [trial])


def _trial(attrs: dict[str, object]) -> FrozenTrial:
    trial = create_trial(value=0.5, user_attrs=attrs, intermediate_values={1: 0.1})
    trial.params = {"family": "custom_cnn", "augmentation": True, "seed": 0}
    return trial


def _study(attrs: dict[str, object]) -> FrozenStudy:
    return FrozenStudy("a/b", StudyDirection.MAXIMIZE, attrs, {}, 0)


def attributes() -> list[bytes]:
    study = synthetic.study(n_trials=3, seeds=(0,))
    found = [asdict(study.dataset), {"ablation": {"custom_cnn": {"baseline": "V1", "winner": 3}}}]
    found += [asdict(trial) for trial in study.families[0].trials]
    found += [{**asdict(one), "predictions": "eJxjZGJmAQAADQAH"} for one in study.retrained[:1]]
    return [json.dumps(attrs, default=str).encode() for attrs in found]


TARGETS = {
    "archive": Target(
        archive, lambda: [tar({f"cifar-10-batches-py/{n}": d for n, d in batches(FEW).items()})]
    ),
    "zipped archive": Target(
        zipped_archive, lambda: [gzip.compress(tar({"cifar-10-batches-py/test_batch": b"N."}))]
    ),
    "batch": Target(batch, lambda: [batch_bytes(FEW["x_test"][:1], FEW["y_test"][:1])]),
    "idx": Target(
        idx, lambda: [idx_bytes(ARRAYS["x"]), gzip.compress(idx_bytes(ARRAYS["y"])), b"\0\0\x08\1"]
    ),
    "npz": Target(npz_file, lambda: [npz(ARRAYS)]),
    "npy": Target(npy_member, lambda: [zipfile.ZipFile(io.BytesIO(npz(ARRAYS))).read("x.npy")]),
    "png": Target(sheet, lambda: [png(FEW["x_test"][:2])]),
    "labels": Target(sheet_labels, lambda: [b"[1, 2, 3]", b"[]"]),
    "records": Target(record, attributes),
}
"""By name."""
