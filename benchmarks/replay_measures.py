"""What a replayed search is judged by: what it spent, and how good its choice is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.replay_pool import Pool
from benchmarks.replay_search import Step


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """One replayed search.

    Attributes:
        epochs_share: Epochs trained, as a share of those of all begun configurations in full.
        seconds_share: Wall time as recorded, likewise; who goes on with a paused configuration
            pays again for building and tracing its model.
        regret: Points by which the choice ends below the best of the begun configurations.
        pool_regret: Points by which it ends below the best of the pool.
        n_whole: Configurations trained to the end.
    """

    epochs_share: float
    seconds_share: float
    regret: float
    pool_regret: float
    n_whole: int


def outcome(pool: Pool, steps: Sequence[Step]) -> Outcome:
    """Judge a search by what it trained."""
    begun = sorted({step.row for step in steps})
    final = pool.final[choice(pool, steps)]
    whole = [Step(row=row, start=0, end=pool.epochs) for row in begun]
    return Outcome(
        epochs_share=epochs_used(steps) / epochs_used(whole),
        seconds_share=seconds_used(pool, steps) / seconds_used(pool, whole),
        regret=100 * float(pool.final[begun].max() - final),
        pool_regret=100 * float(pool.final.max() - final),
        n_whole=sum(step.end == pool.epochs for step in steps),
    )


def choice(pool: Pool, steps: Sequence[Step]) -> int:
    """Return the row that a search ending here would choose.

    As in `study.winners`: the best of those trained to the end. Where there is none, the best of
    those trained furthest.
    """
    reached = {step.row: step.end for step in steps}
    return max(reached, key=lambda row: (reached[row], pool.accuracy[row, reached[row] - 1]))


def stopped_after(steps: Sequence[Step], epochs: int) -> list[Step]:
    """Return what a search would have trained, had it been stopped after so many epochs in all."""
    kept = []
    for step in steps:
        end = min(step.end, step.start + epochs)
        if end > step.start:
            kept.append(Step(row=step.row, start=step.start, end=end))
        epochs -= end - step.start
    return kept


def epochs_used(steps: Sequence[Step]) -> int:
    """Return the epochs trained."""
    return sum(step.end - step.start for step in steps)


def seconds_used(pool: Pool, steps: Sequence[Step]) -> float:
    """Return the wall time as recorded, starting up counted at every step."""
    return sum(
        pool.start_seconds + float(pool.epoch_seconds[step.row]) * (step.end - step.start)
        for step in steps
    )


@dataclass(frozen=True, kw_only=True)
class Band:
    """Median and 90 % band of a number over seeds, and its mean."""

    median: float
    low: float
    high: float
    mean: float


def band(values: Sequence[float]) -> Band:
    """Return the median, the 5 % and 95 % quantiles and the mean."""
    low, median, high = np.quantile(values, (0.05, 0.5, 0.95))
    return Band(median=float(median), low=float(low), high=float(high), mean=float(np.mean(values)))
