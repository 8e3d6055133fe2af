"""A training run's state in an `.npz` file, the same whatever Keras's backend."""

from __future__ import annotations

import zipfile
import zlib
from pathlib import Path

import numpy as np

from study.files import replaced, writable
from study.training.backend import State


def write(path: Path, state: State, *, epoch: int, owner: str = "") -> None:
    """Write a state and the number of epochs done, in the place of what was there.

    Args:
        path: Where to.
        state: Arrays by group.
        epoch: How many are done.
        owner: Whose state it is: what tells it from any other of the same shapes.

    Raises:
        FolderError: If the folder cannot be written; what was there stays.
    """
    with writable(path.parent), replaced(path) as file:
        facts = {"epoch": np.array(epoch), "owner": np.array(owner)}
        np.savez(file, allow_pickle=False, **facts, **_named(state))


def read(
    path: Path, *, like: State, owner: str = "", max_epoch: int | None = None
) -> tuple[dict[str, list[np.ndarray]], int]:
    """Return the state in a file and the number of epochs done.

    Args:
        path: What `write` wrote.
        like: A state of the same model; the arrays take its dtypes.
        owner: Whose state it has to be.
        max_epoch: The latest after which it may be; None for any.

    Raises:
        ValueError: If the file is damaged or holds another state.
    """
    expected = _named(like)
    try:
        with np.load(path, allow_pickle=False) as file:
            found = dict(file)
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise ValueError(f"{str(path)!r} is damaged or cannot be read; delete it.") from error
    epoch, found_owner = found.pop("epoch", None), found.pop("owner", None)
    if epoch is None or _shapes(found) != _shapes(expected):
        raise ValueError(
            f"{str(path)!r} holds the state of another model; "
            "restore it with a model built from the same parameters."
        )
    if str(found_owner) != owner:
        raise ValueError(
            f"{str(path)!r} holds the state of another run; give each run a folder of its own."
        )
    if max_epoch is not None and epoch > max_epoch:
        raise ValueError(
            f"{str(path)!r} holds the state after epoch {epoch}, but {max_epoch} was the last one; "
            "delete it."
        )
    state = {
        group: [
            found[_name(group, index)].astype(array.dtype) for index, array in enumerate(arrays)
        ]
        for group, arrays in like.items()
    }
    return state, int(epoch)


def _named(state: State) -> dict[str, np.ndarray]:
    return {
        _name(group, index): array
        for group, arrays in state.items()
        for index, array in enumerate(arrays)
    }


def _name(group: str, index: int) -> str:
    return f"{group}.{index}"


def _shapes(arrays: dict[str, np.ndarray]) -> dict[str, tuple[int, ...]]:
    return {name: array.shape for name, array in arrays.items()}
