"""Ctrl-C and its kin where they do no harm: between steps of training, not within a transaction."""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any

SIGNALS = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
)
"""What asks the program to stop: Ctrl-C, whoever manages processes, a terminal that closes."""

LAST_SECONDS = 9.0
"""After the first signal; where the program has not ended by then, it is ended."""

_signalled = threading.Event()
"""A signal was held back, by the `deferred_interrupts` that goes on."""
_asked = threading.Event()
"""Another thread asked to stop; that counts until a stop comes of it, also between two blocks."""
_signalled_by: int = signal.SIGINT
_held: list[int] | None = None
"""Signals that came while a process is started; None at other times."""


class Interruption(KeyboardInterrupt):
    """A signal asked the program to stop.

    Attributes:
        number: Which one.
    """

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number


def exit_code(interrupt: KeyboardInterrupt) -> int:
    """Return the exit code that tells of a signal, as a shell gives it: 130 after Ctrl-C."""
    number = interrupt.number if isinstance(interrupt, Interruption) else signal.SIGINT
    return 128 + number


def interrupt_at_signals() -> None:
    """Let all of `SIGNALS` interrupt as Ctrl-C does, but for those that are ignored, as by nohup.

    From the first of them on the program has 9 seconds, whatever it waits for: what it keeps is in
    the database and in whole files at any moment. Without effect outside the main thread.
    """
    if threading.current_thread() is not threading.main_thread():
        return
    # Python runs a handler between two steps of the main thread, which may be long in coming: the
    # deadline is kept by a thread that hears of a signal as soon as the process gets it.
    hears, tells = socket.socketpair()
    tells.setblocking(False)
    signal.set_wakeup_fd(tells.detach(), warn_on_full_buffer=False)
    threading.Thread(target=_keep_deadline, args=(hears,), daemon=True).start()
    for number in SIGNALS:
        if signal.getsignal(number) in (signal.SIG_DFL, signal.default_int_handler):
            signal.signal(number, _interrupt)


@contextmanager
def deferred_interrupts() -> Iterator[None]:
    """Hold the first signal back until `stop_if_asked`, or the end; a second one stops at once.

    What `ask_to_stop` was called for before, and no stop has come of, counts as well. Without
    effect outside the main thread and where signals are ignored or deferred already.

    Raises:
        KeyboardInterrupt: At the end, if one was held back until then.
    """
    before = _interrupting()
    if not before:
        yield
        return
    _signalled.clear()
    for number in before:
        signal.signal(number, _note)
    try:
        yield
        stop_if_asked()
    finally:
        _signalled.clear()
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def blocked_signals() -> Iterator[None]:
    """Let a process that is started meanwhile be deaf to the signals from its first moment on.

    One that comes meanwhile waits until the end: it would be lost, were it ignored. That holds for
    the handlers of `deferred_interrupts` and `interrupt_at_signals`. Without effect where a system
    has no such signals.
    """
    global _held  # noqa: PLW0603  The signals' handlers have nowhere else to look.
    if sys.platform == "win32":
        yield
        return
    held = _held = []
    # The child inherits this thread's mask. A signal to this program goes to another thread then,
    # where there is one, and Python runs the handler in the main thread all the same.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        _held = None
        for number in held:
            signal.raise_signal(number)


def stop_if_asked() -> None:
    """Raise the KeyboardInterrupt that was held back, if any; call it where stopping is safe."""
    if _signalled.is_set() or _asked.is_set():
        number = _signalled_by if _signalled.is_set() else signal.SIGINT
        _signalled.clear()
        _asked.clear()
        raise Interruption(number)


def ask_to_stop() -> None:
    """Let `stop_if_asked` raise a KeyboardInterrupt, as a Ctrl-C would; from any thread.

    Where nothing is deferred now, the next `deferred_interrupts` hears of it.
    """
    _asked.set()


def withdraw_stop() -> None:
    """Take back what `ask_to_stop` was called for, where no stop has come of it; any thread."""
    _asked.clear()


def _interrupting() -> dict[int, Any]:
    """Return the handlers of the signals that would interrupt now."""
    if threading.current_thread() is not threading.main_thread():
        return {}
    handlers = {number: signal.getsignal(number) for number in SIGNALS}
    return {
        number: handler
        for number, handler in handlers.items()
        if handler in (signal.default_int_handler, _interrupt)
    }


def _interrupt(number: int, _frame: FrameType | None) -> None:
    if not _is_held(number):
        raise Interruption(number)


def _note(number: int, _frame: FrameType | None) -> None:
    global _signalled_by  # noqa: PLW0603  A signal's handler has nowhere else to leave it.
    if _is_held(number):
        return
    _signalled_by = number
    if _signalled.is_set():
        raise Interruption(number)
    _signalled.set()


def _is_held(number: int) -> bool:
    if _held is None:
        return False
    _held.append(number)
    return True


def _keep_deadline(signals: socket.socket) -> None:
    """End the program some seconds after the first of `SIGNALS`, whose numbers arrive as bytes."""
    while (number := signals.recv(1)[0]) not in SIGNALS:
        pass
    time.sleep(LAST_SECONDS)
    _end(number)


def _end(number: int) -> None:
    import psutil

    for child in psutil.Process().children(recursive=True):
        with suppress(psutil.Error):
            child.kill()
    with suppress(OSError):  # Of a terminal that is gone.
        print(  # noqa: T201  Nobody else is left to say it.
            "Interrupted; everything so far is kept.", file=sys.stderr, flush=True
        )
    os._exit(128 + number)
