"""Pickles that run something where they are unpickled."""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable
from pathlib import Path

import numpy as np


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
