"""What the arrays of each dataset must be, byte for byte, whatever the source they came from."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from study.datasets.base import UInt8Array
from study.errors import DatasetError

ARRAY_NAMES = ("x_train", "y_train", "x_test", "y_test")


@dataclass(frozen=True, kw_only=True)
class ArrayDigest:
    """Shape of a uint8 array and the SHA-256 (hexadecimal) of its bytes in C order."""

    shape: tuple[int, ...]
    sha256: str

    @property
    def n_bytes(self) -> int:
        """Size of the array in memory."""
        return math.prod(self.shape)


def _read_digests() -> dict[str, dict[str, ArrayDigest]]:
    text = Path(__file__).with_name("digests.json").read_text(encoding="utf-8")
    return {
        dataset: {
            name: ArrayDigest(shape=tuple(entry["shape"]), sha256=entry["sha256"])
            for name, entry in arrays.items()
        }
        for dataset, arrays in json.loads(text).items()
    }


DIGESTS = _read_digests()
"""By dataset, then by array name."""


def sha256_by_array(dataset: str) -> dict[str, str]:
    """Return the SHA-256 of each array of a dataset."""
    return {name: digest.sha256 for name, digest in DIGESTS[dataset].items()}


def verify(
    arrays: Mapping[str, UInt8Array],
    digests: Mapping[str, ArrayDigest],
    *,
    origins: Mapping[str, str],
    remedy: str,
) -> None:
    """Check that every array is the one its digest describes.

    Args:
        arrays: By name; each name has a digest.
        digests: By name.
        origins: Where each array came from, for the message.
        remedy: What to do then, a sentence.

    Raises:
        DatasetError: If a dtype, a shape or a byte differs.
    """
    for name, array in arrays.items():
        expected = digests[name]
        if array.dtype != np.uint8 or array.shape != expected.shape:
            raise DatasetError(
                f"{origins[name]} holds {name} as {array.dtype} {array.shape}, not as uint8 "
                f"{expected.shape}. {remedy}"
            )
        sha256 = hashlib.sha256(np.ascontiguousarray(array).data).hexdigest()
        if sha256 != expected.sha256:
            raise DatasetError(
                f"{origins[name]} holds an altered {name}: its SHA-256 is {sha256[:16]}..., not "
                f"{expected.sha256[:16]}... {remedy}"
            )
