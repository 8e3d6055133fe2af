"""Ctrl-C where it does no harm: between steps of training, not within a database transaction."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_asked = threading.Event()


@contextmanager
def deferred_interrupts() -> Iterator[None]:
    """Hold the first Ctrl-C back until `stop_if_asked`, or the end; a second one stops at once.

    Without effect outside the main thread and where Ctrl-C is ignored or deferred already.

    Raises:
        KeyboardInterrupt: At the end, if one was held back until then.
    """
    if (
        threading.current_thread() is not threading.main_thread()
        or signal.getsignal(signal.SIGINT) is not signal.default_int_handler
    ):
        yield
        return
    _asked.clear()
    signal.signal(signal.SIGINT, _note)
    try:
        yield
        stop_if_asked()
    finally:
        _asked.clear()
        signal.signal(signal.SIGINT, signal.default_int_handler)


def stop_if_asked() -> None:
    """Raise the KeyboardInterrupt that was held back, if any; call it where stopping is safe."""
    if _asked.is_set():
        _asked.clear()
        raise KeyboardInterrupt


def ask_to_stop() -> None:
    """Let `stop_if_asked` raise a KeyboardInterrupt, as a Ctrl-C would; from any thread."""
    _asked.set()


def _note(_signal: int, _frame: FrameType | None) -> None:
    if _asked.is_set():
        raise KeyboardInterrupt
    _asked.set()
