"""The table of recorded learning curves: what is in its file, and how to read and extend it.

The file is JSON Lines, so that it grows by whole lines, survives a kill and shows small
differences. The first line is the header; every other line is one configuration trained once:

| key | JSON | meaning |
| --- | --- | --- |
| `family`, `index` | string, integer | which configuration; its parameters follow from these two |
| `repeat` | integer | 0, or which further training of the same parameters, by another seed |
| `params` | object | hyperparameters |
| `seed` | integer | of the initial weights, the order of the images and dropout |
| `n_parameters`, `forward_flops` | integers | as in `docs/records.md` |
| `validation_accuracy`, `training_accuracy` | lists of numbers | by epoch, in [0, 1] |
| `validation_loss`, `training_loss` | lists of numbers | by epoch, smoothed cross-entropy in nats |
| `seconds` | list of numbers | wall time by epoch, of training and validating |
| `total_seconds` | number | wall time with building and the rest |
| `failure` | string or null | why training ended early; the lists are then shorter |
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

SCHEMA_VERSION = 1

MUST_MATCH = ("dataset", "digests", "fraction", "seed", "epochs", "precision", "spaces")
"""Keys of the header without which two recordings do not compare."""

Key = tuple[str, int, int]
"""Family, index and repeat."""


class TableError(Exception):
    """A file of curves is missing, damaged or of another recording: one line with the remedy."""


@dataclass(frozen=True, kw_only=True)
class Curve:
    """One configuration trained once; the module says what each attribute is."""

    family: str
    index: int
    repeat: int
    params: Mapping[str, Any]
    seed: int
    n_parameters: int | None
    forward_flops: int | None
    validation_accuracy: tuple[float, ...]
    validation_loss: tuple[float, ...]
    training_accuracy: tuple[float, ...]
    training_loss: tuple[float, ...]
    seconds: tuple[float, ...]
    total_seconds: float
    failure: str | None

    @property
    def key(self) -> Key:
        """What tells curves apart."""
        return self.family, self.index, self.repeat


@dataclass(frozen=True, kw_only=True)
class CurveTable:
    """A recording: its header (see `curves.header`) and its curves in the order they were made."""

    header: Mapping[str, Any]
    curves: tuple[Curve, ...]

    @property
    def keys(self) -> frozenset[Key]:
        """Keys of all curves."""
        return frozenset(curve.key for curve in self.curves)


def read_table(path: Path) -> CurveTable:
    """Return a recording, also while it grows: a last line that is not whole is left out.

    Raises:
        TableError: If the file cannot be read or is no recording of this schema.
    """
    try:
        text = path.read_text(encoding="utf-8")
        header, *rows = (json.loads(line) for line in text[: text.rfind("\n")].split("\n"))
        curves = tuple(_curve(row) for row in rows)
        version = header["schema_version"]
    except (OSError, ValueError, TypeError, KeyError) as error:
        reason = " ".join(str(error).split())
        raise TableError(f"Cannot read curves from {str(path)!r}: {reason}.") from error
    if version != SCHEMA_VERSION:
        raise TableError(
            f"{str(path)!r} has schema {version}; this program reads {SCHEMA_VERSION}."
        )
    return CurveTable(header=header, curves=curves)


def begin_table(path: Path, header: Mapping[str, Any]) -> CurveTable:
    """Return the recording to continue, begun with this header where there is none.

    A last line that a kill cut off is removed.

    Raises:
        TableError: If the file is of another recording: other images, settings or search spaces.
    """
    if not path.exists() or path.stat().st_size == 0:
        path.parent.mkdir(parents=True, exist_ok=True)
        _append_line(path, header)
    else:
        _cut_incomplete_line(path)
    table = read_table(path)
    for key in MUST_MATCH:
        if table.header.get(key) != header[key]:
            raise TableError(
                f"{str(path)!r} was recorded with {key} {_short(table.header.get(key))}, not "
                f"{_short(header[key])}: give --recording another file."
            )
    return table


def append_curve(path: Path, curve: Curve) -> None:
    """Add one curve to a recording; once this returns, it is on the disk."""
    _append_line(path, asdict(curve))


def _append_line(path: Path, row: Mapping[str, Any]) -> None:
    with path.open("ab") as file:
        file.write(json.dumps(row, separators=(",", ":")).encode() + b"\n")
        file.flush()
        os.fsync(file.fileno())


def _cut_incomplete_line(path: Path) -> None:
    content = path.read_bytes()
    complete = content.rfind(b"\n") + 1
    if complete < len(content):
        with path.open("r+b") as file:
            file.truncate(complete)


def _curve(row: Mapping[str, Any]) -> Curve:
    values: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in row.items()
    }
    return Curve(**values)


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:60] + "..."
