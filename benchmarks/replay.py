"""Replay samplers and pruners on the recorded learning curves, over many seeds.

    python -m benchmarks.replay

Nothing is trained. Policies are chosen on half A of the configurations and confirmed on half B,
which the choice has not seen. A repeat is a search with another seed.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import optuna

from benchmarks import measuring
from benchmarks.curve_table import CurveTable, TableError, read_table
from benchmarks.curves import RECORDING
from benchmarks.replay_experiments import BOTH, Result, pruning, sampling
from benchmarks.replay_policies import (
    DEFAULT,
    NEAREST_TO_RANDOM,
    NO_PRUNING,
    OPTUNA_HALVING,
    RANDOM,
    ROUNDS,
    SAMPLERS,
    policies,
)
from benchmarks.replay_pool import PARTS, read_pool
from benchmarks.replay_ranks import agreements, favours, noise
from benchmarks.replay_tables import tables

TARGET_EPOCHS = 0.25
SAMPLED_SHARES = (0.5, 0.75)
"""Shares of the pool that a search begins where samplers are compared: of less, TPE would propose
next to nothing."""


ALWAYS_SAMPLED = {NO_PRUNING, OPTUNA_HALVING, DEFAULT, ROUNDS}
"""Policies with which samplers are compared, beside the one that is chosen."""


def choose(results: Sequence[Result]) -> str:
    """Return the policy with the lowest mean regret among those that meet the target of epochs.

    Both families count alike. The mean, since medians are often equal at nothing; of policies
    within a twentieth of a point of each other, the one that takes fewer epochs.
    """
    affordable = [
        each
        for each in results
        if each.family == BOTH and each.epochs_share.median <= TARGET_EPOCHS
    ]
    lowest = min(each.regret.mean for each in affordable)
    near = [each for each in affordable if each.regret.mean <= lowest + 0.05]
    return min(near, key=lambda each: each.epochs_share.mean).policy


def run(table: CurveTable, *, n_seeds: int, samplers: Sequence[str]) -> dict[str, Any]:
    """Run every replay and return what the tables are made of, as JSON."""
    families = list(table.header["spaces"])
    pools = {part: [read_pool(table, family, part) for family in families] for part in PARTS}
    compared = policies(table.header["epochs"])
    by_part = {part: pruning(pools[part], policies=compared, n_seeds=n_seeds) for part in PARTS}
    chosen = choose(by_part["A"])
    whole = {pool.family: pool for pool in pools["all"]}
    sampled = sampling(
        pools["all"],
        policies=[name for name in compared if name in {*ALWAYS_SAMPLED, chosen}],
        samplers=samplers,
        shares=SAMPLED_SHARES,
        n_seeds=n_seeds,
    )
    found = {
        "recording": describe(table),
        "chosen": chosen,
        "pruning": by_part,
        "sampling": sampled,
        "agreements": {name: agreements(pool) for name, pool in whole.items()},
        "favours": {name: favours(pool) for name, pool in whole.items()},
        "noise": {name: noise(table, name) for name in whole},
    }
    as_json: dict[str, Any] = json.loads(json.dumps(found, default=asdict))
    return as_json


def describe(table: CurveTable) -> dict[str, Any]:
    """Return what was recorded, where and how long it took."""
    families: dict[str, Any] = {}
    for family in table.header["spaces"]:
        curves = [each for each in table.curves if each.family == family and not each.repeat]
        finals = [each.validation_accuracy[-1] for each in curves if each.failure is None]
        families[family] = {
            "n": len(curves),
            "n_failed": len(curves) - len(finals),
            "best": max(finals),
            "median": statistics.median(finals),
            "hours": sum(each.total_seconds for each in curves) / 3600,
        }
    kept = {key: value for key, value in table.header.items() if key not in ("spaces", "digests")}
    return {**kept, "families": families}


def main(argv: Sequence[str] | None = None) -> int:
    """Run, write the results, print the tables; return the exit code."""
    arguments = _parse(argv)
    options = measuring.options(arguments)
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    machine = measuring.machine()
    try:
        table = read_table(arguments.recording)
    except TableError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    measured = run(table, n_seeds=options.repeats, samplers=arguments.samplers)
    measuring.save(
        arguments.out or options.result_path("replay"),
        machine=machine,
        versions=measuring.versions(),
        settings={"n_seeds": options.repeats, "samplers": arguments.samplers},
        measured=measured,
    )
    for each in tables({"measured": measured}):
        print(each.markdown(), end="\n\n")
    return 0


def _parse(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = measuring.parser(__doc__.split("\n")[0], repeats=100)
    parser.add_argument("--recording", type=Path, default=RECORDING)
    parser.add_argument("--out", type=Path, help="file of the results (default: as in the README)")
    parser.add_argument(
        "--samplers",
        nargs="+",
        choices=SAMPLERS,
        default=[RANDOM, NEAREST_TO_RANDOM, "tpe"],
    )
    return parser.parse_args(argv)


if __name__ == "__main__":
    raise SystemExit(main())
