"""One family's search: its Optuna study, its scheduler, and which of its trials are under way."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import optuna
from optuna.exceptions import UpdateFinishedTrialError
from optuna.trial import FrozenTrial, TrialState

from search_spaces import SearchSpace
from study import setbacks
from study.config import SearchConfig
from study.environment import is_dead, this_process
from study.heartbeat import Heartbeat
from study.known_trials import KnownTrials
from study.proposals import propose
from study.records import INTERRUPTED, TrialRecord
from study.samplers import SAMPLERS
from study.schedulers import Scheduler, Task, TrialProgress, finish_the_best, make_scheduler
from study.seeds import derive_seed
from study.storage.decoding import trial_record
from study.trials import TrialEnd, TrialTask
from study.workers import MAX_DEATHS


class FamilySearch:
    """Decides what a family trains next and writes down what came of it.

    Without a `scheduler` it goes by the configuration's pruner.

    A trial that has paused, or whose process is gone, is RUNNING to Optuna; here it waits. That it
    has paused is a user attribute, so another run of the program knows it, too.
    """

    def __init__(
        self,
        space: SearchSpace,
        optuna_study: optuna.Study,
        *,
        config: SearchConfig,
        scheduler: Scheduler | None = None,
    ) -> None:
        self.family = space.name
        self._space = space
        self._study = optuna_study
        self._config = config
        self._scheduler = scheduler or make_scheduler(
            config.pruner, n_trials=config.n_trials, epochs=config.epochs
        )
        self._known = KnownTrials(optuna_study)
        self._under_way: dict[int, int] = {}
        """Until which epoch, by number of the trial."""

    def records(self) -> list[TrialRecord]:
        """Return all trials so far."""
        return [trial_record(trial) for trial in self._trials()]

    def next_task(self) -> Task | None:
        """Return what to train next; None where there is nothing to do at present."""
        return self._chosen(self._scheduler.next_task)

    def last_task(self) -> Task | None:
        """Return what is left to do where no more trials are to begin or go on."""
        return self._chosen(functools.partial(finish_the_best, epochs=self._config.epochs))

    def _chosen(self, choose: Callable[[Sequence[TrialProgress]], Task | None]) -> Task | None:
        while True:
            task = choose(self._progress())
            # Somebody may have ended a trial that waits, in the dashboard for instance.
            if task is None or task.trial is None or not self._known.has_ended(task.trial):
                return task

    def n_to_begin(self) -> int:
        """Return how many trials are still to begin."""
        return max(0, self._config.n_trials - len(self._progress()))

    def n_epochs(self) -> int:
        """Return how many epochs were trained, and will have been when all tasks are done."""
        return sum(
            max(len(trial.scores), self._under_way.get(trial.number, 0))
            for trial in self._progress()
        )

    def begin(self, wanted: Task) -> TrialTask:
        """Begin a trial, or let a waiting one go on, and return it as a task of a worker."""
        until_epoch = wanted.until_epoch
        if wanted.trial is not None:
            trial = self._waiting_trial(wanted.trial, wanted.attrs)
        else:
            trial = self._new_trial(wanted)
            if wanted.params is not None and "baseline" in trial.user_attrs:
                # A scheduler that proposes has no plan for a named configuration: it is whole.
                until_epoch = self._config.epochs
        try:
            # Whoever began a waiting one may have been stopped before all of it was written.
            self._space.suggest(trial)
        except BaseException:
            self._set(trial._trial_id, {"paused": True})
            raise
        self._set(trial._trial_id, {"seen": setbacks.now()})
        self._under_way[trial.number] = until_epoch
        return TrialTask(family=self.family, trial_id=trial._trial_id, until_epoch=until_epoch)

    def was_ended(self, task: TrialTask) -> bool:
        """Return whether somebody else has ended a trial under way; it is then no longer under way.

        Nothing can be written into it any more.
        """
        trial = self.trial(task)
        if trial.state.is_finished():
            self._known.note_written(task.trial_id)
            self._under_way.pop(trial.number, None)
        return trial.state.is_finished()

    def pause(self, task: TrialTask) -> None:
        """Let a trial wait."""
        self._set(task.trial_id, {"paused": True})
        self._under_way.pop(self.trial(task).number, None)

    def cut_short(self, task: TrialTask) -> None:
        """Record that a trial was stopped between two epochs."""
        attrs = self.trial(task).user_attrs
        self._set(task.trial_id, setbacks.cut_short(attrs, at=datetime.now(tz=UTC)))

    def end(self, task: TrialTask, result: TrialEnd) -> None:
        """Record the end of a trial."""
        trial = self.trial(task)
        if result.failure is not None:
            self._set(task.trial_id, {"failure": result.failure})
        # Without a state a score that is no number fails the trial, as it should.
        state = None if result.state == TrialState.COMPLETE else result.state
        self._tell(trial, result.accuracy, state=state)
        self._under_way.pop(trial.number, None)

    def note_death(self, task: TrialTask) -> int:
        """Record that a process died of a trial; return how many have since its last epoch."""
        return self._note_death(self.trial(task), at=datetime.now(tz=UTC))

    def adopt(self, *, last_beat: Heartbeat | None) -> None:
        """Take over the trials of an earlier run that was killed; they wait, or have failed.

        A trial may be what killed it, so this counts among the deaths of its process.

        Args:
            last_beat: The last sign of life of an earlier run.
        """
        for trial in self._trials():
            attrs = trial.user_attrs
            if trial.state != TrialState.RUNNING or attrs.get("paused"):
                continue
            self._set(trial._trial_id, {"paused": True})
            if self._note_death(trial, at=setbacks.last_heard(last_beat, attrs)) >= MAX_DEATHS:
                failure = f"the whole run ended while it was trained, {MAX_DEATHS} times"
                self._set(trial._trial_id, {"failure": failure})
                self._tell(trial, state=TrialState.FAIL)

    def _note_death(self, trial: FrozenTrial, *, at: datetime | None) -> int:
        n_epochs = len(_scores(trial.intermediate_values))
        changes = setbacks.died(trial.user_attrs, n_epochs=n_epochs, at=at)
        self._set(trial._trial_id, changes)
        return setbacks.n_deaths_in_a_row(changes)

    def end_waiting(self) -> None:
        """End the trials that wait: as pruned, but for one that has had all its epochs.

        That one's process was gone before its end was recorded.
        """
        for trial in self._known.read_anew():
            if trial.state == TrialState.RUNNING and self._waits(trial):
                scores = _scores(trial.intermediate_values)
                if len(scores) < self._config.epochs:
                    self._tell(trial, state=TrialState.PRUNED)
                else:
                    self._tell(trial, scores[-1])

    def trial(self, task: TrialTask) -> FrozenTrial:
        """Return a task's trial as it is in the database."""
        return self._storage.get_trial(task.trial_id)

    def _new_trial(self, wanted: Task) -> optuna.Trial:
        # What is queued, as the named configurations are, comes first.
        while (trial := self._taken_from_queue()) is None:
            params = self._propose() if wanted.params is None else wanted.params
            attrs = {"sampler": self._config.proposer, **wanted.attrs, "worker": this_process()}
            # Whose it is is known from its first moment on: a trial that nobody has goes on.
            self._known.enqueue(params, attrs)
        return trial

    def _taken_from_queue(self) -> optuna.Trial | None:
        # Not by `ask`, for which Optuna would read all trials that have not ended.
        for trial in self._trials():
            if trial.state == TrialState.WAITING and self._is_taken(trial):
                if trial.user_attrs.get("paused"):
                    # Queued with the attributes of one that had paused.
                    self._set(trial._trial_id, {"paused": False})
                return optuna.Trial(self._study, trial._trial_id)
        return None

    def _is_taken(self, trial: FrozenTrial) -> bool:
        self._known.note_written(trial._trial_id)
        try:
            return self._storage.set_trial_state_values(trial._trial_id, TrialState.RUNNING)
        except UpdateFinishedTrialError:
            return False

    def _propose(self) -> Mapping[str, Any]:
        trials = self._trials()
        # A seed of its own for each: a continued search must not repeat its first suggestions.
        seed = derive_seed(self._config.seed, self.family, "sampler", len(trials))
        sampler = SAMPLERS[self._config.sampler](seed, self._config.n_trials)
        return propose(trials, self._space, sampler)

    def _waiting_trial(self, number: int, attrs: Mapping[str, Any]) -> optuna.Trial:
        trial = optuna.Trial(self._study, self._trials()[number]._trial_id)
        self._set(trial._trial_id, {**attrs, "worker": this_process(), "seen": setbacks.now()})
        # Last: killed before, it would seem to have been trained since it was last seen.
        self._set(trial._trial_id, {"paused": False})
        return trial

    def _progress(self) -> Sequence[TrialProgress]:
        return [
            self._progress_of(trial)
            for trial in self._trials()
            if trial.state != TrialState.WAITING and trial.user_attrs.get("failure") != INTERRUPTED
        ]

    def _progress_of(self, trial: FrozenTrial) -> TrialProgress:
        scores = _scores(trial.intermediate_values)
        return TrialProgress(
            number=trial.number,
            scores=scores,
            is_running=trial.state == TrialState.RUNNING and not self._waits(trial),
            has_failed=trial.state.is_finished() and len(scores) < self._config.epochs,
            params=trial.params,
            attrs=trial.user_attrs,
        )

    def _waits(self, trial: FrozenTrial) -> bool:
        if trial.number in self._under_way:
            return False
        attrs = trial.user_attrs
        return bool(attrs.get("paused")) or is_dead(attrs.get("worker"))

    def _trials(self) -> list[FrozenTrial]:
        return self._known.read()

    def _tell(
        self, trial: FrozenTrial, value: float | None = None, *, state: TrialState | None = None
    ) -> None:
        self._known.note_written(trial._trial_id)
        self._study.tell(trial.number, value, state=state, skip_if_finished=True)

    def _set(self, trial_id: int, attrs: Mapping[str, object]) -> None:
        self._known.note_written(trial_id)
        for name, value in attrs.items():
            self._storage.set_trial_user_attr(trial_id, name, value)

    @property
    def _storage(self) -> optuna.storages.BaseStorage:
        return self._study._storage


def _scores(by_epoch: Mapping[int, float]) -> tuple[float, ...]:
    """Return the scores after epochs 1, 2, ... up to the first that is missing."""
    scores: list[float] = []
    while (epoch := len(scores) + 1) in by_epoch:
        scores.append(by_epoch[epoch])
    return tuple(scores)
