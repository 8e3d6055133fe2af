"""A run's sign of life in the database, for who would run, watch or repair the same study.

While a run goes on, a thread of its parent process writes the system attribute `study:heartbeat`
of each of its Optuna studies `NAME/FAMILY`, every `BEAT_SECONDS`:

    {"host": "name", "pid": 123, "started": TIME, "time": TIME, "stopped": false}

Times are UTC in ISO format: when the process began, and when it wrote this. A run that ends of its
own accord writes `stopped: true`; one that is killed leaves its last beat behind.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from optuna.exceptions import StorageInternalError
from optuna.storages import BaseStorage
from sqlalchemy.exc import SQLAlchemyError

from study.environment import is_dead, this_process

logger = logging.getLogger(__name__)

ATTRIBUTE = "study:heartbeat"

BEAT_SECONDS = 30.0
STALE_SECONDS = 180.0
"""Age of a last beat that tells of a dead run: some beats may be lost while the database is locked.

A beat from the future, of a host whose clock is ahead, is a young one.
"""

RETRY_SECONDS = 1.0
"""Until the next beat where one of the studies is not there yet."""

FAREWELL_SECONDS = 3.0
"""How long a run that ends waits to say so; the database may be locked."""


@dataclass(frozen=True, kw_only=True)
class Heartbeat:
    """The last sign of life of a run.

    Attributes:
        process: Host, process number and start, as of `study.environment.this_process`.
        time: When it was given.
        stopped: Whether the run ended then.
    """

    process: Mapping[str, Any]
    time: datetime
    stopped: bool

    def age_seconds(self, now: datetime | None = None) -> float:
        """Return how old it is, by this host's clock; below 0 where the other's is ahead."""
        return ((now or datetime.now(tz=UTC)) - self.time).total_seconds()

    def is_alive(self, now: datetime | None = None) -> bool:
        """Return whether its run may still go on: not ended, not known to be dead, not silent."""
        if self.stopped or is_dead(dict(self.process)):
            return False
        return self.age_seconds(now) < STALE_SECONDS

    @property
    def is_ours(self) -> bool:
        """Whether this very process gave it."""
        return dict(self.process) == this_process()


def heartbeat_of(system_attrs: Mapping[str, Any]) -> Heartbeat | None:
    """Return the heartbeat among an Optuna study's system attributes; None where there is none."""
    beat = system_attrs.get(ATTRIBUTE)
    if not isinstance(beat, dict):
        return None
    try:
        time = datetime.fromisoformat(str(beat.get("time")))
    except ValueError:
        return None
    if time.tzinfo is None:
        return None
    process = {key: beat.get(key) for key in ("host", "pid", "started")}
    return Heartbeat(process=process, time=time, stopped=beat.get("stopped") is True)


def last_beats(storage: BaseStorage, study_names: Iterable[str]) -> dict[str, Heartbeat]:
    """Return the last heartbeat in each of these Optuna studies that has one, by its name."""
    wanted = set(study_names)
    beats = {
        study.study_name: heartbeat_of(study.system_attrs)
        for study in storage.get_all_studies()
        if study.study_name in wanted
    }
    return {name: beat for name, beat in beats.items() if beat is not None}


def other_live_runs(storage: BaseStorage, study_names: Iterable[str]) -> tuple[Heartbeat, ...]:
    """Return the heartbeats of other processes that seem to run one of these Optuna studies."""
    beats = last_beats(storage, study_names).values()
    return tuple(beat for beat in beats if not beat.is_ours and beat.is_alive())


@contextmanager
def beating(storage: BaseStorage, study_names: Iterable[str]) -> Iterator[None]:
    """Give signs of life in these Optuna studies, as soon as they are there, until the end."""
    names, ends = tuple(study_names), threading.Event()
    thread = threading.Thread(target=_beat, args=(storage, names, ends), daemon=True)
    thread.start()
    try:
        yield
    finally:
        ends.set()
        thread.join(FAREWELL_SECONDS)


def _beat(storage: BaseStorage, names: tuple[str, ...], ends: threading.Event) -> None:
    while not ends.is_set():
        all_told = _tell(storage, names, stopped=False)
        ends.wait(BEAT_SECONDS if all_told else RETRY_SECONDS)
    _tell(storage, names, stopped=True)


def _tell(storage: BaseStorage, names: tuple[str, ...], *, stopped: bool) -> bool:
    """Write a beat into each study; return whether all of them were there."""
    beat = {**this_process(), "time": datetime.now(tz=UTC).isoformat(), "stopped": stopped}
    all_told = True
    for name in names:
        try:
            storage.set_study_system_attr(storage.get_study_id_from_name(name), ATTRIBUTE, beat)
        except KeyError:
            all_told = False
        except (SQLAlchemyError, StorageInternalError) as error:
            # A beat is lost, as where another program holds the lock for long; the next one tells.
            logger.debug("A heartbeat of %s could not be written: %s", name, error)
    return all_told
