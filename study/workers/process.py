"""The worker's side: a process that opens the work it is sent and does one task after another."""

from __future__ import annotations

import gc
import logging
import logging.handlers
import os
import signal
import threading
from contextlib import ExitStack
from multiprocessing.connection import Connection
from queue import SimpleQueue
from typing import Any

import psutil

from study.interruption import SIGNALS, ask_to_stop
from study.workers.messages import (
    Do,
    Done,
    Failed,
    Hello,
    Message,
    Open,
    Ready,
    Settings,
    Stop,
    Stopped,
)


def main(connection: Connection[Message, Any], settings: Settings) -> None:
    """Work until the other end of the connection closes; never returns."""
    # A terminal's Ctrl-C reaches every process of the program; the parent alone decides on it.
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    os.environ.update(settings.environment)
    outbox = _Outbox(connection)
    _send_logs(outbox, settings)
    mailbox: SimpleQueue[Open | Do | Failed] = SimpleQueue()
    threading.Thread(target=_listen, args=(connection, mailbox), daemon=True).start()
    outbox.send(Hello())
    _work(mailbox, outbox)


class _Outbox:
    """The way to the parent, for several threads."""

    def __init__(self, connection: Connection[Message, Any]) -> None:
        self._connection = connection
        self._lock = threading.Lock()

    def send(self, message: Message) -> None:
        with self._lock:
            try:
                self._connection.send(message)
            except OSError:
                _leave()


class _LogSender(logging.handlers.QueueHandler):
    """Sends log records to the parent, which knows where they are shown."""

    def __init__(self, outbox: _Outbox) -> None:
        super().__init__(SimpleQueue())
        self._outbox = outbox

    def enqueue(self, record: logging.LogRecord) -> None:
        self._outbox.send(record)


def _send_logs(outbox: _Outbox, settings: Settings) -> None:
    logging.getLogger().handlers = [_LogSender(outbox)]
    for name, level in settings.log_levels.items():
        logging.getLogger(name).setLevel(level)


def _listen(connection: Connection[Message, Any], mailbox: SimpleQueue[Open | Do | Failed]) -> None:
    while True:
        try:
            message = connection.recv()
        except (EOFError, OSError):
            _leave()
        except Exception as error:  # noqa: BLE001  Sent on: work that cannot be unpickled here.
            message = Failed.of(error)
        if isinstance(message, Stop):
            ask_to_stop()
        else:
            mailbox.put(message)


def _work(mailbox: SimpleQueue[Open | Do | Failed], outbox: _Outbox) -> None:
    with ExitStack() as opened:
        while True:
            try:
                match mailbox.get():
                    case Open(work):
                        opened.close()
                        # What the work before has left is garbage, which freezing would preserve.
                        gc.unfreeze()
                        do = opened.enter_context(work.open())
                        gc.collect()
                        # Half a second a collection, if it went through TensorFlow each time.
                        gc.freeze()
                        outbox.send(Ready())
                    case Do(task):
                        result = do(task)
                        outbox.send(Done(result=result, resident_bytes=_resident_bytes()))
                    case Failed() as failed:
                        outbox.send(failed)
            except KeyboardInterrupt:
                outbox.send(Stopped())
            except Exception as error:  # noqa: BLE001  Supervised: the parent raises it.
                outbox.send(Failed.of(error))


def _resident_bytes() -> int:
    return int(psutil.Process().memory_info().rss)


def _leave() -> None:
    # The parent is gone or needs this worker no longer. Nothing is at stake here: a finished task
    # is the parent's, and tearing TensorFlow down takes seconds.
    os._exit(0)
