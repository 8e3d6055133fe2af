"""Let mode bits bind the superuser too, so that tests of permissions say the same for everybody."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterator
from contextlib import contextmanager

PASSES_MODE_BITS = 1 << 1 | 1 << 2
"""CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH, see capabilities(7)."""

VERSION_3 = 0x20080522


@contextmanager
def as_any_user() -> Iterator[None]:
    """Take from this thread, for a while, the superuser's right to pass all mode bits."""
    if os.getuid() != 0:
        yield
        return
    before = _effective_capabilities()
    _effective_capabilities(set_to=before & ~PASSES_MODE_BITS)
    try:
        yield
    finally:
        _effective_capabilities(set_to=before)


def _effective_capabilities(*, set_to: int | None = None) -> int:
    libc = ctypes.CDLL(None, use_errno=True)
    header = (ctypes.c_uint32 * 2)(VERSION_3, 0)
    sets = (ctypes.c_uint32 * 6)()
    assert libc.capget(header, sets) == 0
    if set_to is not None:
        sets[0] = set_to
        assert libc.capset(header, sets) == 0
    return int(sets[0])
