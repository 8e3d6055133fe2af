"""A run's sign of life in the database, for who would run, watch or repair the same study.

While a run goes on, a thread of its parent process writes the system attribute `study:heartbeat`
of each of its Optuna studies `NAME/FAMILY`, every `BEAT_SECONDS`:

    {"host": "name", "pid": 123, "started": TIME, "time": TIME, "stopped": false}

Times are UTC in ISO format: when the process began, and when it wrote this. A run that ends of its
own accord writes `stopped: true`; one that is killed leaves its last beat behind.
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from optuna.exceptions import StorageInternalError
from optuna.storages import BaseStorage, RDBStorage
from optuna.storages._rdb.models import StudyModel, StudySystemAttributeModel
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from study.environment import is_dead, this_process
from study.errors import StorageError, StudyTakenError
from study.interruption import ask_to_stop, withdraw_stop

logger = logging.getLogger(__name__)

ATTRIBUTE = "study:heartbeat"

BEAT_SECONDS = 30.0
STALE_SECONDS = 180.0
"""Age of a last beat that tells of a dead run: some beats may be lost while the database is locked.

A beat from the future, of a host whose clock is ahead or before this one's was set back, is a young
one, up to `AHEAD_SECONDS`.
"""

AHEAD_SECONDS = 24 * 3600.0
"""As far as clocks may be apart, as where one of them keeps the time of another zone."""

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
        return -AHEAD_SECONDS < self.age_seconds(now) < STALE_SECONDS

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


def heartbeat_in(text: Any) -> Heartbeat | None:
    """Return the heartbeat that the database holds as this JSON; None where it is damaged."""
    try:
        return heartbeat_of({ATTRIBUTE: json.loads(text)})
    except (ValueError, TypeError, RecursionError):
        return None


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
    """Return the heartbeats of other processes that seem to run what these Optuna studies are of.

    That is `NAME` of `NAME/FAMILY`: runs of different families would retrain into one study.
    """
    names = {_comparison(name) for name in study_names}
    beats = [
        heartbeat_of(study.system_attrs)
        for study in storage.get_all_studies()
        if _comparison(str(study.study_name)) in names
    ]
    return tuple(beat for beat in beats if beat and not beat.is_ours and beat.is_alive())


def _comparison(study_name: str) -> str:
    return study_name.rpartition("/")[0]


def refuse_others(storage: BaseStorage, study_names: Iterable[str]) -> None:
    """Raise a StudyTakenError where another run of what these Optuna studies are of is alive."""
    for beat in other_live_runs(storage, study_names):
        raise taken_by(beat)


def claim(storage: RDBStorage, study_name: str, *, stopped: bool = False) -> bool:
    """Write this run's beat into an Optuna study, unless another live run is at it or its sisters.

    Looking and writing are one transaction, so that of two runs that begin at once one is refused.

    Returns:
        Whether the study is there.

    Raises:
        StudyTakenError: If another run of it is alive.
    """
    beat = {**this_process(), "time": datetime.now(tz=UTC).isoformat(), "stopped": stopped}
    with Session(storage.engine) as session, session.begin():
        # SQLite's transactions here take the lock as they begin; other databases lock the rows.
        sisters = {str(study.study_name): study for study in _sisters(session, study_name)}
        if study_name not in sisters:
            return False
        rows = {
            name: session.query(StudySystemAttributeModel)
            .filter_by(study_id=study.study_id, key=ATTRIBUTE)
            .one_or_none()
            for name, study in sisters.items()
        }
        for row in rows.values():
            last = heartbeat_in(row.value_json) if row else None
            if last is not None and not last.is_ours and last.is_alive():
                raise taken_by(last)
        row = rows[study_name]
        if row is None:
            key = {"study_id": sisters[study_name].study_id, "key": ATTRIBUTE}
            session.add(StudySystemAttributeModel(**key, value_json=json.dumps(beat)))
        else:
            row.value_json = json.dumps(beat)
    return True


def _sisters(session: Session, study_name: str) -> list[StudyModel]:
    """Return the Optuna studies of the same comparison, the one of this name among them."""
    comparison = _comparison(study_name)
    found = session.query(StudyModel).filter(
        StudyModel.study_name.startswith(f"{comparison}/", autoescape=True)
    )
    # Some databases do not tell capitals from small letters there.
    return [
        one for one in found.with_for_update() if _comparison(str(one.study_name)) == comparison
    ]


def taken_by(beat: Heartbeat) -> StudyTakenError:
    """Return the error that says who runs a study."""
    host, pid, started = (beat.process.get(key) for key in ("host", "pid", "started"))
    return StudyTakenError(
        f"The study is being run by process {pid} on host {host!r} since {started} (last sign of "
        f"life {max(0.0, beat.age_seconds()):.0f} seconds ago); let it end or stop it there with "
        f"Ctrl-C, or give --name for another study. If it was killed, wait {STALE_SECONDS:.0f} "
        "seconds."
    )


@contextmanager
def beating(storage: RDBStorage, study_names: Iterable[str]) -> Iterator[None]:
    """Give signs of life in these Optuna studies, as soon as they are there, until the end.

    Raises:
        StudyTakenError: If another run of one of them is alive as this begins.
    """
    names, ends = tuple(study_names), threading.Event()
    thread = threading.Thread(target=_beat, args=(storage, names, ends), daemon=True)
    try:
        # Not left to the thread: whoever is refused is to do nothing before it hears so.
        for name in names:
            claim(storage, name)
        thread.start()
        yield
    finally:
        ends.set()
        if thread.ident is None:
            thread.start()  # To say farewell where a claim was granted before another was not.
        thread.join(FAREWELL_SECONDS)
        withdraw_stop()  # What comes next in this process is another run, that nobody took over.


def _beat(storage: RDBStorage, names: tuple[str, ...], ends: threading.Event) -> None:
    own = list(names)
    while not ends.is_set():
        all_told = _tell(storage, own, ends)
        ends.wait(BEAT_SECONDS if all_told else RETRY_SECONDS)
    _tell(storage, own, ends)


def _tell(storage: RDBStorage, own: list[str], ends: threading.Event) -> bool:
    """Write a beat into each study; return whether all of them were there.

    One that another run has taken over leaves the list, so that a stop is asked for once: a second
    request would end at once what is being stopped where that is safe.
    """
    all_told, stopped = True, ends.is_set()
    for name in tuple(own):
        try:
            all_told &= claim(storage, name, stopped=stopped)
        except StudyTakenError as error:
            own.remove(name)
            # Asked anew: a beat that waited for the database may outlive the run.
            if not ends.is_set():
                # This run was held up for so long that it was thought dead.
                logger.error("%r was taken over, so this run stops. %s", name, error)
                ask_to_stop()
        except (SQLAlchemyError, StorageInternalError, StorageError) as error:
            # A beat is lost, as where another program holds the lock for long; the next one tells.
            # By its kind alone: what a driver says may hold the password of its URL.
            kind = type(error).__name__
            logger.debug("A heartbeat of %s could not be written: %s", name, kind)
    return all_told
