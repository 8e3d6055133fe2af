"""The readers under fuzzing, without a fuzzer: whole files pass, a few hundred damaged ones too."""

from __future__ import annotations

import random

import pytest

from study.datasets import batches, idx, npz
from study.errors import DatasetError
from tests.fuzz import targets
from tests.fuzz.targets import TARGETS


@pytest.mark.parametrize("name", TARGETS)
def test_a_seed_and_its_mutations_are_read_or_refused(name):
    target = TARGETS[name]
    rng = random.Random(0)  # noqa: S311 - no secret
    for seed in target.seeds():
        target.read(seed)
        for _ in range(30):
            altered = bytearray(seed)
            for _ in range(rng.randint(1, 4)):
                altered[rng.randrange(len(altered))] = rng.randrange(256)
            target.read(bytes(altered[: rng.randint(0, len(altered))]))


def test_the_seeds_are_whole_files():
    (tar,) = TARGETS["archive"].seeds()
    path = targets.file_of(targets.gzip.compress(tar), "archive.tar.gz")
    assert batches.read_archive(path)["x_test"].shape == (5, 32, 32, 3)
    (batch,) = TARGETS["batch"].seeds()
    assert batches.decode_batch(batch)[0].shape == (1, 32, 32, 3)
    (arrays,) = TARGETS["npz"].seeds()
    read = npz.read_npz(targets.file_of(arrays, "arrays.npz"), targets.DIGESTS)
    assert (read["x"] == targets.ARRAYS["x"]).all()
    for seed in TARGETS["idx"].seeds()[:2]:
        assert idx.read_idx(targets.file_of(seed, "idx")).size in {4, 12}


def test_a_reader_that_fails_is_a_finding(monkeypatch):
    def fail(_data):
        raise KeyError("not what a reader may raise")

    monkeypatch.setattr(targets, "decode_batch", fail)
    with pytest.raises(KeyError):
        TARGETS["batch"].read(b"")

    def refuse(_path):
        raise DatasetError("as a reader may")

    monkeypatch.setattr(targets, "read_idx", refuse)
    TARGETS["idx"].read(b"")
