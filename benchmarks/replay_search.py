"""Replay one search on recorded curves: nothing is trained, and nothing is made up.

Samplers and pruners are Optuna's own objects in an in-memory study; they see what they would see
in a real search. A sampler chooses among recorded configurations only: what it proposes is replaced
by the nearest one that this search has not used yet, and that is what it is then told.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import optuna
from optuna.distributions import BaseDistribution
from optuna.pruners import BasePruner
from optuna.samplers import BaseSampler
from optuna.trial import FrozenTrial, TrialState

from benchmarks.replay_pool import Pool, unit_cube
from study.schedulers import Scheduler, TrialProgress

MakeSampler = Callable[[int, int], BaseSampler]
"""Makes a sampler from a seed and the search's number of trials, as `study.samplers` has them."""


@dataclass(frozen=True, kw_only=True)
class Step:
    """A stretch of training: one row of the pool, after `start` epochs until `end` are done."""

    row: int
    start: int
    end: int


def replay_pruner(
    pool: Pool,
    pruner: BasePruner,
    *,
    make_sampler: MakeSampler | None,
    n_trials: int,
    seed: int,
) -> list[Step]:
    """Return what a search with one of Optuna's pruners would train, trial after trial.

    Args:
        pool: The configurations.
        pruner: Asked after each epoch but the last, as `study.objective` asks it.
        make_sampler: None for random search: each unused row is equally likely.
        n_trials: Trials to begin, at most as many as the pool has rows.
        seed: Of the sampler, and of Hyperband's brackets, which follow from the study's name.
    """
    sampler = TableSampler(pool, make_sampler, n_trials=n_trials, seed=seed)
    study = optuna.create_study(
        study_name=f"replay-{seed}", direction="maximize", sampler=sampler, pruner=pruner
    )
    steps = []
    for _ in range(n_trials):
        trial = study.ask(sampler.distributions)
        row = sampler.last_row
        for epoch, accuracy in enumerate(pool.accuracy[row], start=1):
            trial.report(accuracy, step=epoch)
            if epoch < pool.epochs and trial.should_prune():
                study.tell(trial, state=TrialState.PRUNED)
                break
        else:
            study.tell(trial, pool.final[row])
        steps.append(Step(row=row, start=0, end=epoch))
    return steps


def replay_scheduler(
    pool: Pool,
    scheduler: Scheduler,
    *,
    make_sampler: MakeSampler | None,
    n_trials: int,
    seed: int,
) -> list[Step]:
    """Return what a search with a scheduler would train, with one worker.

    The sampler sees a paused trial as Optuna sees a pruned one: with its scores so far.

    Args:
        pool: The configurations.
        scheduler: Begins at most as many trials as the pool has rows.
        make_sampler: As for `replay_pruner`.
        n_trials: Trials that the scheduler begins.
        seed: Of the sampler.
    """
    sampler = TableSampler(pool, make_sampler, n_trials=n_trials, seed=seed)
    rows: list[int] = []
    trials: list[TrialProgress] = []
    steps = []
    while task := scheduler.next_task(trials):
        number = task.trial
        if number is None:
            number = len(trials)
            rows.append(_propose(pool, sampler, rows, trials))
            trials.append(TrialProgress(number=number, scores=()))
        row, start = rows[number], len(trials[number].scores)
        scores = pool.accuracy[row, : task.until_epoch].tolist()
        trials[number] = replace(trials[number], scores=scores)
        steps.append(Step(row=row, start=start, end=task.until_epoch))
    return steps


def _propose(
    pool: Pool, sampler: TableSampler, rows: Sequence[int], trials: Sequence[TrialProgress]
) -> int:
    if sampler.is_random:
        return sampler.random_row()
    study = optuna.create_study(direction="maximize", sampler=sampler)
    study.add_trials([_as_seen(pool, row, t) for row, t in zip(rows, trials, strict=True)])
    study.ask(sampler.distributions)
    return sampler.last_row


def _as_seen(pool: Pool, row: int, trial: TrialProgress) -> FrozenTrial:
    is_whole = len(trial.scores) == pool.epochs
    return optuna.trial.create_trial(
        params=dict(pool.params[row]),
        distributions=dict(pool.distributions),
        intermediate_values=dict(enumerate(trial.scores, start=1)),
        state=TrialState.COMPLETE if is_whole else TrialState.PRUNED,
        value=trial.scores[-1],
    )


class TableSampler(BaseSampler):
    """Lets another sampler choose among the unused rows of a pool.

    Attributes:
        distributions: What to ask a trial for; empty for random search, where no sampler looks at
            the parameters.
        last_row: The row of the last trial.
    """

    def __init__(
        self, pool: Pool, make_sampler: MakeSampler | None, *, n_trials: int, seed: int
    ) -> None:
        self.distributions = dict(pool.distributions) if make_sampler else {}
        self.last_row = -1
        self._pool = pool
        self._base = make_sampler(seed, n_trials) if make_sampler else None
        self._rng = np.random.default_rng(seed)
        self._unused = np.ones(len(pool), dtype=bool)
        self._points = np.array([unit_cube(row, pool.distributions) for row in pool.params])

    def before_trial(self, study: optuna.Study, trial: FrozenTrial) -> None:
        """Choose the row, looking at the trials that Optuna shows (with Hyperband, its bracket)."""
        if self._base is None:
            self.random_row()
            return
        self._base.before_trial(study, trial)
        proposal = _proposal(self._base, study, trial, self.distributions)
        distances = np.linalg.norm(self._points - unit_cube(proposal, self.distributions), axis=1)
        self._use(int(np.where(self._unused, distances, np.inf).argmin()))

    @property
    def is_random(self) -> bool:
        """Whether no other sampler has a say."""
        return self._base is None

    def random_row(self) -> int:
        """Choose an unused row, each with the same probability."""
        return self._use(int(self._rng.choice(np.flatnonzero(self._unused))))

    def _use(self, row: int) -> int:
        self._unused[row] = False
        self.last_row = row
        return row

    def infer_relative_search_space(
        self, study: optuna.Study, trial: FrozenTrial
    ) -> dict[str, BaseDistribution]:
        """Return all parameters: a row is chosen as a whole."""
        return self.distributions

    def sample_relative(
        self, study: optuna.Study, trial: FrozenTrial, search_space: Mapping[str, BaseDistribution]
    ) -> dict[str, Any]:
        """Return the parameters of the chosen row."""
        return dict(self._pool.params[self.last_row])

    def sample_independent(
        self, study: optuna.Study, trial: FrozenTrial, name: str, distribution: BaseDistribution
    ) -> Any:
        """Not used: all parameters are sampled together."""
        raise NotImplementedError(name)


def _proposal(
    base: BaseSampler,
    study: optuna.Study,
    trial: FrozenTrial,
    search_space: Mapping[str, BaseDistribution],
) -> dict[str, Any]:
    joint_space = base.infer_relative_search_space(study, trial)
    joint = base.sample_relative(study, trial, joint_space)
    return {
        name: joint[name]
        if name in joint
        else base.sample_independent(study, trial, name, distribution)
        for name, distribution in search_space.items()
    }
