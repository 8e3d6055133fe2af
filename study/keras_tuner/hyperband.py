"""Hyperband (Li et al. 2018) as KerasTuner runs it, cut to the budget.

A bracket begins some configurations and trains them for a few epochs; the best third is promoted
to three times as many, and so on to the last epoch. The first bracket halves hardest, the last one
trains all its configurations in full; then the brackets are swept through again. KerasTuner's
sweep takes as many configurations as it likes; here a bracket that the budget cannot fill begins
with fewer, and its later rounds shrink alike, down to one configuration each.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from keras_tuner.engine.trial import TrialStatus
from keras_tuner.oracles import HyperbandOracle

from study.keras_tuner import oracles
from study.keras_tuner.adapter import to_values
from study.keras_tuner.places import Place, place_of
from study.keras_tuner.tuners import Past
from study.schedulers import Task, TrialProgress

FACTOR = 3
"""Of the epochs from round to round; one in so many is promoted."""


class CutOracle(HyperbandOracle):  # type: ignore[misc]
    """KerasTuner's oracle within one bracket, which begins with `first_size` configurations."""

    def __init__(self, *, first_size: int | None = None, **options: Any) -> None:
        self.first_size = first_size
        super().__init__(factor=FACTOR, **options)

    def _get_size(self, bracket_num: int, round_num: int) -> int:
        size = int(super()._get_size(bracket_num, round_num))
        if self.first_size is None:
            return size
        whole = int(super()._get_size(bracket_num, 0))
        return -(-size * self.first_size // whole)

    def enter(self, halvings: int, rounds: list[list[dict[str, str | None]]]) -> None:
        """Go on in the bracket of so many halvings, whose rounds hold these trials, and no other.

        Args:
            halvings: KerasTuner's number of the bracket.
            rounds: Of each, its trials as `{"past_id": ..., "id": ...}`.
        """
        self._brackets = [{"bracket_num": halvings, "rounds": rounds}]
        # The last bracket of the last sweep: none is begun after it.
        self._current_bracket, self._current_iteration = 0, 0
        self.hyperband_iterations = 1


Members = Sequence[tuple[TrialProgress, Place]]
"""The trials of one bracket."""


def ask(past: Past) -> Task | None:
    """Return what the bracket at work wants next, or the first configuration of a new one."""
    placed = [(trial, place) for trial in past.trials if (place := place_of(trial.attrs))]
    bracket = max((place.bracket for _, place in placed), default=0)
    members = [(trial, place) for trial, place in placed if place.bracket == bracket]
    answer = _ask_bracket(past, bracket, members)
    if answer is None:
        # Where the space has no more configurations, those that are begun are promoted.
        begun = replace(past, n_trials=len(past.trials))
        answer = _ask_bracket(begun, bracket, members)
    # A bracket is over when all its trials have had their epochs, and nobody is left to promote.
    if answer is None and members and not any(trial.is_running for trial, _ in members):
        answer = _ask_bracket(past, bracket + 1, [])
    return answer


def _ask_bracket(past: Past, bracket: int, members: Members) -> Task | None:
    halvings = _halvings(bracket, past.epochs)
    whole = int(_schedule(past.epochs)._get_size(halvings, 0))
    planned = members[0][1].size if members else min(whole, past.n_left)
    size = min(planned, len(members) + past.n_left)
    if not size:
        return None
    oracle = oracles.new(CutOracle, past, max_epochs=past.epochs, first_size=size)
    oracle.enter(halvings, _rounds(oracle, past, halvings, members))
    answer = oracle.populate_space("next")
    values = answer.get("values") or {}
    if "tuner/trial_id" in values:
        number, _, last_round = values["tuner/trial_id"].partition("/")
        round_number = int(last_round) + 1
        n_epochs = int(oracle._get_epochs(halvings, round_number))
        place = Place(bracket=bracket, size=planned, round=round_number, epochs=n_epochs)
        return Task(trial=int(number), until_epoch=n_epochs, attrs=place.attrs)
    n_epochs = int(oracle._get_epochs(halvings, 0))
    place = Place(bracket=bracket, size=planned, round=0, epochs=n_epochs)
    task = oracles.proposal(past, answer)
    return task and replace(task, until_epoch=n_epochs, attrs=place.attrs)


def _rounds(
    oracle: HyperbandOracle, past: Past, halvings: int, members: Members
) -> list[list[dict[str, str | None]]]:
    """Tell an oracle of a bracket's trials, each round of each, and return the rounds."""
    rounds: list[list[dict[str, str | None]]] = [[] for _ in range(halvings + 1)]
    for trial, place in members:
        values = to_values(past.space, trial.params) or {}
        waits = not trial.is_running and not trial.has_failed
        # One that another search has trained to the end needs no promotion any more.
        is_whole = len(trial.scores) >= past.epochs
        past_id = None
        for number in range((halvings if is_whole else min(place.round, halvings)) + 1):
            trial_id = f"{trial.number}/{number}"
            n_epochs = int(oracle._get_epochs(halvings, number))
            had = len(trial.scores) >= n_epochs
            oracles.tell(
                oracle,
                trial_id,
                values,
                score=trial.scores[n_epochs - 1] if had else None,
                # Only those who wait may be promoted.
                status=TrialStatus.COMPLETED if had and waits else TrialStatus.FAILED,
            )
            rounds[number].append({"past_id": past_id, "id": trial_id})
            past_id = trial_id
    return rounds


@functools.lru_cache(maxsize=1)
def _schedule(epochs: int) -> HyperbandOracle:
    return HyperbandOracle(objective="val_accuracy", max_epochs=epochs, factor=FACTOR)


def _halvings(bracket: int, epochs: int) -> int:
    n_brackets = int(_schedule(epochs)._get_num_brackets())
    return n_brackets - 1 - bracket % n_brackets
