"""A search's trials as they are now, without reading again those that only wait."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import optuna
from optuna.storages import RDBStorage
from optuna.trial import FrozenTrial


class KnownTrials:
    """All trials of an Optuna study that this program alone searches in.

    Optuna keeps those that have ended and reads all others whenever it is asked. In a search that
    pauses these are nearly all, and a hundred of them take a tenth of a second, many times for each
    task. Here one that has paused is read again only after this program has written into it. What
    others add is seen at once; what they write into a paused trial is seen when that one is chosen,
    and when all are read anew.
    """

    def __init__(self, optuna_study: optuna.Study) -> None:
        self._study = optuna_study
        self._by_number: dict[int, FrozenTrial] = {}
        self._last_id = -1
        self._to_read: set[int] = set()

    def read(self) -> list[FrozenTrial]:
        """Return all trials in order of their numbers; they are not to be changed."""
        changed = self._changed()
        if any(trial.number not in self._by_number for trial in changed):
            # Optuna, too, must have seen a trial before it can write into it.
            changed = self._study.get_trials(deepcopy=False)
        self._keep(changed)
        return [self._by_number[number] for number in sorted(self._by_number)]

    def read_anew(self) -> list[FrozenTrial]:
        """Return all trials, read again whatever is known of them."""
        self._keep(self._study.get_trials(deepcopy=False))
        return self.read()

    def enqueue(self, params: Mapping[str, Any], attrs: Mapping[str, Any]) -> None:
        """Queue a trial of this configuration with these user attributes."""
        self._study.enqueue_trial(dict(params), user_attrs=dict(attrs))
        made = [trial for trial in self._changed() if trial.number not in self._by_number]
        if len(made) == 1:
            # Made through the study, and so seen by Optuna.
            self._keep(made)

    def has_ended(self, number: int) -> bool:
        """Return whether a trial has ended by now, be it that somebody else has ended it."""
        self._to_read.add(self._by_number[number]._trial_id)
        self.read()
        return self._by_number[number].state.is_finished()

    def note_written(self, trial_id: int) -> None:
        """Take note that this program writes into a trial."""
        self._to_read.add(trial_id)

    def _changed(self) -> list[FrozenTrial]:
        """Read what may have changed, and what is new."""
        backend: RDBStorage = self._study._storage._backend  # type: ignore[attr-defined]
        return backend._get_trials(
            self._study._study_id,
            states=None,
            included_trial_ids=self._to_read,
            trial_id_greater_than=self._last_id,
        )

    def _keep(self, trials: Iterable[FrozenTrial]) -> None:
        for trial in trials:
            self._by_number[trial.number] = trial
            self._last_id = max(self._last_id, trial._trial_id)
            # Others may take a queued one; a worker writes into the one that it trains.
            rests = trial.state.is_finished() or trial.user_attrs.get("paused")
            note = self._to_read.discard if rests else self._to_read.add
            note(trial._trial_id)
