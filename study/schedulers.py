"""Schedulers: which trial to train next, and until which epoch. Trials pause and go on later.

A pruner answers "stop this trial?" once, as soon as the trial reaches a rung, and a trial that it
stops is lost. A scheduler may wait: a paused trial goes on if it turns out to be among the best
after all. Each is a pure function of what has been trained so far, so that nothing but the trials
themselves needs to be stored, and a search continues, or several processes share it, without more
ado.

Going on means to restore weights and optimizer from a checkpoint, in a model that may have to be
traced anew; the learning-rate schedule is laid over all epochs from the start, so that scores after
the same epoch compare, paused in between or not.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Protocol


@dataclass(frozen=True, kw_only=True)
class TrialProgress:
    """How far one trial is.

    Attributes:
        number: Which trial.
        scores: Score after each epoch so far, higher is better.
        is_running: Somebody is training it now.
        has_failed: It can never go on; its scores still count.
        params: Its configuration.
        attrs: What else is known of it: its user attributes.
    """

    number: int
    scores: Sequence[float]
    is_running: bool = False
    has_failed: bool = False
    params: Mapping[str, Any] = field(default_factory=dict)
    attrs: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Task:
    """What to do next.

    Attributes:
        trial: Number of the trial to go on with; None to begin a new one.
        until_epoch: Train it until this many epochs are done in all.
        params: Configuration of a new one; None where a sampler is to propose it.
        attrs: User attributes to give it.
    """

    trial: int | None
    until_epoch: int
    params: Mapping[str, Any] | None = None
    attrs: Mapping[str, Any] = field(default_factory=dict)


class Scheduler(Protocol):
    """Decides what to train next."""

    def next_task(self, trials: Sequence[TrialProgress]) -> Task | None:
        """Return what to train next.

        None means that there is nothing to do now: where a trial is running, ask again when it has
        paused; where none is, the search is over.

        Args:
            trials: All trials begun so far, in order of their numbers.
        """
        ...


@dataclass(frozen=True, kw_only=True)
class WholeTrials:
    """One trial after another, each to its last epoch, unless a pruner stops it.

    Attributes:
        n_trials: Trials to begin.
        epochs: Epochs of a whole trial.
    """

    n_trials: int
    epochs: int

    def next_task(self, trials: Sequence[TrialProgress]) -> Task | None:
        """See `Scheduler.next_task`."""
        return _begin(trials, self.n_trials, self.epochs)


@dataclass(frozen=True, kw_only=True)
class AsynchronousHalving:
    """Asynchronous successive halving that pauses and resumes (ASHA; Li et al. 2020).

    "A System for Massively Parallel Hyperparameter Tuning", algorithm 2. A trial pauses at each
    rung. It goes on to the next one as soon as it is among the best 1 / `reduction_factor`
    (rounded down) of all trials that have reached its rung; higher rungs go first. Where no trial
    may go on, a new one begins. Nothing waits for anything, so the sampler soon learns from whole
    trials, and a search may be stopped or extended at any time.

    Beyond the paper: the number of trials is given, and a search that would end without one whole
    trial takes the best of its highest rung to the end.

    Where later trials are better than earlier ones, as a sampler that learns has them, far more
    than one in `reduction_factor` goes on. If `is_delayed` no more than that do: who is good enough
    waits until there is room (Li et al. 2022, "Hyper-Tune: Towards Efficient Hyper-parameter Tuning
    at Scale", D-ASHA).

    Attributes:
        n_trials: Trials to begin.
        epochs: Epochs of a whole trial.
        rungs: Epochs after which a trial pauses, rising, below `epochs`.
        reduction_factor: Above 1.
        is_delayed: See above.
    """

    n_trials: int
    epochs: int
    rungs: tuple[int, ...]
    reduction_factor: float = 3.0
    is_delayed: bool = False

    def next_task(self, trials: Sequence[TrialProgress]) -> Task | None:
        """See `Scheduler.next_task`."""
        for rung, level in reversed(list(pairwise((*self.rungs, self.epochs)))):
            ranked = _ranked(trials, rung)
            n_wanted = int(len(ranked) / self.reduction_factor)
            n_gone_on = sum(len(trial.scores) > rung or trial.is_running for trial in ranked)
            is_full = self.is_delayed and n_gone_on >= n_wanted
            for place, trial in enumerate(ranked):
                # Interrupted on its way, it goes on whoever came before it meanwhile.
                has_begun = len(trial.scores) > rung
                may_begin = place < n_wanted and not is_full
                if _waits(trial, rung, level) and (has_begun or may_begin):
                    return Task(trial=trial.number, until_epoch=level)
        new = _begin(trials, self.n_trials, self.rungs[0])
        return new or finish_the_best(trials, epochs=self.epochs)


@dataclass(frozen=True, kw_only=True)
class SynchronousHalving:
    """Successive halving in rounds (Jamieson and Talwalkar 2016), resuming what it keeps.

    "Non-stochastic Best Arm Identification and Hyperparameter Optimization", algorithm 1, with the
    rungs and the numbers to keep given. All trials are trained to the first rung; then the best of
    them go on to the second, and so on. No trial goes on by mistake, and what a search costs at
    most is known before it begins, however good the later trials are. With one rung it is "a few
    epochs each, then the best K".

    The price: none is whole before the last round, so a sampler learns from first epochs alone and
    a search that is stopped early has little. A trial that cannot go on, as it failed or an
    earlier, smaller search ended it, keeps its place: no worse one goes on in its stead.

    Attributes:
        n_trials: Trials to begin.
        epochs: Epochs of a whole trial.
        rungs: Epochs after which a trial pauses, rising, below `epochs`.
        keep: How many go on from each rung, falling, at least 1.
    """

    n_trials: int
    epochs: int
    rungs: tuple[int, ...]
    keep: tuple[int, ...]

    def next_task(self, trials: Sequence[TrialProgress]) -> Task | None:
        """See `Scheduler.next_task`."""
        if task := _begin(trials, self.n_trials, self.rungs[0]):
            return task
        rounds = pairwise((*self.rungs, self.epochs))
        for (rung, level), n_kept in zip(rounds, self.keep, strict=True):
            # The round before must be over: whoever still runs may yet be among the best.
            if any(trial.is_running and len(trial.scores) < rung for trial in trials):
                return None
            for trial in _ranked(trials, rung)[:n_kept]:
                if _waits(trial, rung, level):
                    return Task(trial=trial.number, until_epoch=level)
        return finish_the_best(trials, epochs=self.epochs)


def kept_by_factor(n_trials: int, *, n_rungs: int, factor: float) -> tuple[int, ...]:
    """Return how many of so many trials go on from each rung, where one in `factor` does."""
    return tuple(max(1, round(n_trials / factor**power)) for power in range(1, n_rungs + 1))


def finish_the_best(trials: Sequence[TrialProgress], *, epochs: int) -> Task | None:
    """Return what is left to do where no more trials begin: a search needs one whole trial.

    Args:
        trials: All trials begun so far.
        epochs: Epochs of a whole trial.

    Returns:
        The best of those that came furthest, to be trained to its end; None where a trial is whole
        or may be on its way there.
    """
    if any(trial.is_running or len(trial.scores) >= epochs for trial in trials):
        return None
    waiting = [trial for trial in trials if _waits(trial, 1, epochs)]
    if not waiting:
        return None
    best = max(waiting, key=lambda trial: (len(trial.scores), trial.scores[-1], -trial.number))
    return Task(trial=best.number, until_epoch=epochs)


def _begin(trials: Sequence[TrialProgress], n_trials: int, first_rung: int) -> Task | None:
    # A trial that was interrupted before its first rung counts as not begun.
    for trial in trials:
        if _waits(trial, 0, first_rung):
            return Task(trial=trial.number, until_epoch=first_rung)
    return Task(trial=None, until_epoch=first_rung) if len(trials) < n_trials else None


def _ranked(trials: Sequence[TrialProgress], rung: int) -> list[TrialProgress]:
    """Return the trials that have reached a rung, the best there first, of equals the older."""
    reached = [trial for trial in trials if len(trial.scores) >= rung]
    return sorted(reached, key=lambda trial: (-trial.scores[rung - 1], trial.number))


def _waits(trial: TrialProgress, rung: int, level: int) -> bool:
    """Return whether a trial can go on from a rung; interrupted, it may be a little beyond."""
    return rung <= len(trial.scores) < level and not trial.is_running and not trial.has_failed


RUNGS = (1 / 8, 1 / 4, 1 / 2)
"""Shares of a whole trial's epochs after which it pauses; chosen by `benchmarks/replay.py`."""

ROUNDS_FACTOR = 2.5
"""Of the rounds, which then take a quarter of the epochs of 20 or more trials of 8 or more."""


def default_rungs(epochs: int) -> tuple[int, ...]:
    """Return the epochs after which a trial pauses, rising; none where a trial has one epoch."""
    return tuple(sorted({max(1, round(share * epochs)) for share in RUNGS} - {epochs}))


def _asha(n_trials: int, epochs: int) -> Scheduler:
    rungs = default_rungs(epochs)
    if not rungs:
        return WholeTrials(n_trials=n_trials, epochs=epochs)
    return AsynchronousHalving(n_trials=n_trials, epochs=epochs, rungs=rungs)


def _rounds(n_trials: int, epochs: int) -> Scheduler:
    rungs = default_rungs(epochs)
    if not rungs:
        return WholeTrials(n_trials=n_trials, epochs=epochs)
    keep = kept_by_factor(n_trials, n_rungs=len(rungs), factor=ROUNDS_FACTOR)
    return SynchronousHalving(n_trials=n_trials, epochs=epochs, rungs=rungs, keep=keep)


SCHEDULERS: dict[str, Callable[[int, int], Scheduler]] = {"asha": _asha, "rounds": _rounds}
"""Makes a scheduler that pauses trials, from the number of trials and the epochs of a whole one."""


def make_scheduler(pruner: str, *, n_trials: int, epochs: int) -> Scheduler:
    """Return the scheduler of a `--pruner`: one of these, or whole trials for one of Optuna's."""
    if pruner in SCHEDULERS:
        return SCHEDULERS[pruner](n_trials, epochs)
    return WholeTrials(n_trials=n_trials, epochs=epochs)
