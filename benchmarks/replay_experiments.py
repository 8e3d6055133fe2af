"""The replays that are run: pruning on each half and on all, and samplers on all."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.replay_measures import Band, Outcome, band, choice, outcome, stopped_after
from benchmarks.replay_policies import replay
from benchmarks.replay_pool import Pool
from benchmarks.replay_search import Step

BOTH = "both"
"""Stands for all families, each with the same number of replays."""

TRIALS_SHARE = 0.75
"""Share of a pool that a search begins: each seed's search then has another set of configurations,
and about as many of 64 as a search has by default."""

BUDGETS = (0.1, 0.15, 0.2, 0.25, 0.35, 0.5, 0.75, 1.0)
"""Epochs after which searches are compared, as shares of those of all their trials in full."""


MAX_SEEDS = {"gp": 20}
"""Fewer searches for slow samplers: a Gaussian process takes a second to propose."""

TARGET_POINTS = 0.5


@dataclass(frozen=True, kw_only=True)
class Result:
    """One policy over all seeds.

    Attributes:
        family: Which pool, or `BOTH`.
        policy: One of `replay_policies.policies`.
        sampler: Key of `replay_policies.SAMPLERS`.
        n_seeds: Searches replayed (of `BOTH`: in each family).
        n_trials: Trials a search begins (of `BOTH`: each family's).
        epochs_share, seconds_share, regret, pool_regret, n_whole: As in `Outcome`.
        on_target: Share of the searches whose regret is at most half a point.
        regret_after: By each of `BUDGETS`: points below the best of the search's configurations,
            had it been stopped after that share of their epochs. Empty where a sampler chose them.
    """

    family: str
    policy: str
    sampler: str
    n_seeds: int
    n_trials: int
    epochs_share: Band
    seconds_share: Band
    regret: Band
    pool_regret: Band
    n_whole: Band
    on_target: float
    regret_after: dict[str, Band]


def pruning(pools: Sequence[Pool], *, policies: Sequence[str], n_seeds: int) -> list[Result]:
    """Replay random search under each policy.

    At the same seed all policies begin the same configurations in the same order.
    """
    results = []
    for policy in policies:
        by_family = {}
        for pool in pools:
            n_trials = round(TRIALS_SHARE * len(pool))
            searches = [
                replay(policy, pool, sampler="random", n_trials=n_trials, seed=seed)
                for seed in range(n_seeds)
            ]
            by_family[pool.family] = [
                (outcome(pool, steps), _regrets_after(pool, steps, n_trials)) for steps in searches
            ]
        by_family[BOTH] = [each for replays in by_family.values() for each in replays]
        results += [
            _result(
                family,
                policy=policy,
                sampler="random",
                n_seeds=n_seeds,
                n_trials=n_trials,
                outcomes=[judged for judged, _ in replays],
                regrets_after=[regrets for _, regrets in replays],
            )
            for family, replays in by_family.items()
        ]
    return results


def sampling(
    pools: Sequence[Pool],
    *,
    policies: Sequence[str],
    samplers: Sequence[str],
    shares: Sequence[float],
    n_seeds: int,
) -> list[Result]:
    """Replay samplers that choose a share of each pool; with all of it they would not differ."""
    results = []
    for policy, sampler, share in itertools.product(policies, samplers, shares):
        n_searches = min(n_seeds, MAX_SEEDS.get(sampler, n_seeds))
        by_family = {}
        for pool in pools:
            n_trials = round(share * len(pool))
            searches = (
                replay(policy, pool, sampler=sampler, n_trials=n_trials, seed=seed)
                for seed in range(n_searches)
            )
            by_family[pool.family] = [outcome(pool, steps) for steps in searches]
        by_family[BOTH] = [each for outcomes in by_family.values() for each in outcomes]
        results += [
            _result(
                family,
                policy=policy,
                sampler=sampler,
                n_seeds=n_searches,
                n_trials=n_trials,
                outcomes=outcomes,
            )
            for family, outcomes in by_family.items()
        ]
    return results


def _regrets_after(pool: Pool, steps: Sequence[Step], n_trials: int) -> list[float]:
    begun = sorted({step.row for step in steps})
    best = float(pool.final[begun].max())
    budgets = [round(share * n_trials * pool.epochs) for share in BUDGETS]
    return [100 * (best - pool.final[choice(pool, stopped_after(steps, n))]) for n in budgets]


def _result(
    family: str,
    *,
    policy: str,
    sampler: str,
    n_seeds: int,
    n_trials: int,
    outcomes: Sequence[Outcome],
    regrets_after: Sequence[Sequence[float]] = (),
) -> Result:
    def over_seeds(name: str) -> Band:
        return band([getattr(each, name) for each in outcomes])

    after = zip(BUDGETS, zip(*regrets_after, strict=True), strict=True) if regrets_after else ()
    return Result(
        family=family,
        policy=policy,
        sampler=sampler,
        n_seeds=n_seeds,
        n_trials=n_trials,
        epochs_share=over_seeds("epochs_share"),
        seconds_share=over_seeds("seconds_share"),
        regret=over_seeds("regret"),
        pool_regret=over_seeds("pool_regret"),
        n_whole=over_seeds("n_whole"),
        on_target=float(np.mean([each.regret <= TARGET_POINTS for each in outcomes])),
        regret_after={f"{share:g}": band(values) for share, values in after},
    )
