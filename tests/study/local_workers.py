"""Workers that are no processes: tests that replace parts of the program need to share it."""

from __future__ import annotations

from study.interruption import deferred_interrupts


class ProcessDiedError(Exception):
    """Raised by a task in place of the death of its process."""


class LocalWorkers:
    """Does one task at a time, here."""

    def __init__(self, **_sizes):
        pass

    def __enter__(self):
        return self

    def __exit__(self, *_error):
        pass

    def run(self, work, tasks):
        with deferred_interrupts():
            if tasks.n_left():
                with work.open() as do:
                    while tasks.n_left():
                        self._do_next(do, tasks)

    def _do_next(self, do, tasks):
        task = tasks.next_task()
        try:
            result = do(task)
        except ProcessDiedError:
            tasks.died(task, "was ended by SIGKILL")
        except KeyboardInterrupt:
            tasks.stopped(task)
            raise
        else:
            tasks.done(task, result)
