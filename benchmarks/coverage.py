"""Do the statistics keep what they promise? Made-up studies with a known truth, judged by them.

    python -m benchmarks.coverage          # minutes: `--repeats` times a thousand studies a setting

The tests do the same with fewer studies, see `tests/analysis`.
"""

from __future__ import annotations

import itertools
import sys
from collections.abc import Iterator
from typing import Any

import numpy as np

from analysis.statistics.crossed import crossed_mean
from analysis.statistics.nested import (
    Component,
    draw_component,
    image_component,
    seed_component,
)
from analysis.statistics.verdict import BETTER, judge
from benchmarks import measuring
from benchmarks.table import Result, Table
from tests.analysis.simulated import N_STUDIES, SETTINGS, differences, nested_hits

SEED = 0
N_SEEDS = (2, 3, 6, 10)
GAPS = (0.0, 0.02)
N_FOUND_STUDIES, N_FOUND_IMAGES, N_FOUND_SEEDS = 50, 10_000, 6
"""Studies a repeat in which two points are to be found, which take much memory."""

DRAWS = ((3, 3, 3), (2, 2, 2), (2,) * 5, (3, 1, 1, 1, 1), (3,) * 10)
"""Seeds of each draw."""

SPREADS = (0.0, 0.5, 1.0, 2.0)
"""Of draws, where that of seeds is 1."""

HITS = {"images": 300, "draw_spread": 0.03, "seed_spread": 0.02, "low": 0.2, "high": 0.9}
"""The chance of a hit: uniform over images between `low` and `high`, and what is added to it."""


def main() -> int:
    """Simulate, store and print."""
    options = measuring.options(measuring.parser(__doc__, repeats=10).parse_args())
    machine = measuring.machine()
    measuring.finish(
        "coverage",
        options,
        machine=machine,
        settings={"studies_a_repeat": N_STUDIES, "hits": HITS},
        measured={
            "verdicts": list(_verdicts(options.repeats)),
            "found": list(_found(options.repeats)),
            "normal": list(_normal_scores(options.repeats * N_STUDIES)),
            "hits": hits_covered(options.repeats * N_STUDIES),
        },
        tables=tables,
    )
    return 0


def _verdicts(repeats: int) -> Iterator[dict[str, Any]]:
    for n_seeds, gap, (seed_spread, taste) in itertools.product(N_SEEDS, GAPS, SETTINGS):
        found = [
            judge(crossed_mean(values))
            for part in range(repeats)
            for values in differences(
                n_seeds, gap=gap, seed_spread=seed_spread, taste=taste, part=part
            )
        ]
        row = {"seeds": n_seeds, "gap": gap, "seed_spread": seed_spread, "taste": taste}
        row["covered"] = float(np.mean([one.low <= gap <= one.high for one in found]))
        row["better"] = float(np.mean([one.word == BETTER for one in found]))
        print(row, file=sys.stderr, flush=True)
        yield row


def _found(repeats: int) -> Iterator[dict[str, Any]]:
    for seed_spread, taste in SETTINGS:
        words = [
            judge(crossed_mean(values)).word
            for part in range(repeats)
            for values in differences(
                N_FOUND_SEEDS,
                gap=0.02,
                seed_spread=seed_spread,
                taste=taste,
                n_studies=N_FOUND_STUDIES,
                n_images=N_FOUND_IMAGES,
                part=part,
            )
        ]
        yield {
            "seed_spread": seed_spread,
            "taste": taste,
            "studies": len(words),
            "better": words.count(BETTER) / len(words),
        }


def _normal_scores(n_studies: int) -> Iterator[dict[str, Any]]:
    rng = np.random.default_rng(SEED)
    for numbers, spread in itertools.product(DRAWS, SPREADS):
        seeds, draws = [], []
        for _ in range(n_studies):
            scores = [rng.normal(0, spread) + rng.normal(0, 1, n) for n in numbers]
            seeds.append(seed_component(scores))
            draws.append(draw_component(scores))
        yield {
            "seeds_by_draw": list(numbers),
            "draw_spread": spread,
            "seed_covered": _covered(seeds, 1.0),
            "draw_covered": _covered(draws, spread**2),
        }


def hits_covered(n_studies: int) -> dict[str, Any]:
    """Return each source's estimates and how often its intervals hold the truth, of made-up hits.

    Args:
        n_studies: How many, at least 1.
    """
    rng = np.random.default_rng(SEED)
    n_images, low, high = int(HITS["images"]), HITS["low"], HITS["high"]
    spreads = {name: HITS[name] for name in ("draw_spread", "seed_spread")}
    of_draw, of_seed, of_image = *(one**2 for one in spreads.values()), (high - low) ** 2 / 12
    centre = (low + high) / 2
    # A hit's own chance: the mean of p (1 - p) over images, draws and seeds.
    chance = centre * (1 - centre) - of_image - of_draw - of_seed
    truth = {
        "sample draw": of_draw,
        "seed": of_seed + chance / n_images,
        "test images": of_image / n_images,
    }
    found: dict[str, list[Component | None]] = {source: [] for source in truth}
    for _ in range(n_studies):
        ease = rng.uniform(low, high, n_images)
        rights = nested_hits(rng, ease=ease, numbers=(3, 3, 3, 3), **spreads)
        scores = [one.mean(axis=1) for one in rights]
        found["sample draw"].append(draw_component(scores))
        found["seed"].append(seed_component(scores))
        found["test images"].append(image_component(rights))
    return {
        source: {
            "mean_share_of_truth": float(np.mean([one.variance for one in parts if one]))
            / variance,
            "covered": _covered(parts, variance),
        }
        for (source, variance), parts in zip(truth.items(), found.values(), strict=True)
    }


def _covered(components: list[Component | None], variance: float) -> float:
    return float(
        np.mean([one is not None and one.low <= variance <= one.high for one in components])
    )


def tables(result: Result) -> list[Table]:
    """Return the verdict's, the normal scores' and the hits' tables."""
    measured = result["measured"]
    n_studies = f"{result['settings']['repeats'] * result['settings']['studies_a_repeat']:,}"
    return [
        _verdict_table(measured["verdicts"], n_studies),
        Table(
            title="Verdict: two points found BETTER, "
            f"{N_FOUND_SEEDS} seeds, {N_FOUND_IMAGES:,} test images",
            columns=("spread of seeds, of tastes (logits)", "studies", "found"),
            rows=[
                (
                    f"{row['seed_spread']}, {row['taste']}",
                    str(row["studies"]),
                    _share(row["better"]),
                )
                for row in measured["found"]
            ],
        ),
        Table(
            title=f"Variance budget: 90 % intervals that cover, {n_studies} studies a setting",
            columns=("seeds of each draw", "draws' spread (seeds' = 1)", "seed", "sample draw"),
            rows=[
                (
                    ", ".join(map(str, row["seeds_by_draw"])),
                    str(row["draw_spread"]),
                    _share(row["seed_covered"]),
                    _share(row["draw_covered"]),
                )
                for row in measured["normal"]
            ],
        ),
        Table(
            title="Variance budget of hits on 300 images, 4 draws of 3 seeds",
            columns=("source", "mean estimate (share of the truth)", "90 % intervals that cover"),
            rows=[
                (source, f"{part['mean_share_of_truth']:.3f}", _share(part["covered"]))
                for source, part in measured["hits"].items()
            ],
        ),
    ]


def _verdict_table(rows: list[dict[str, Any]], n_studies: str) -> Table:
    def spread(name: str, n_seeds: int, gap: float) -> str:
        values = [row[name] for row in rows if (row["seeds"], row["gap"]) == (n_seeds, gap)]
        return f"{_share(min(values))} to {_share(max(values))}"

    return Table(
        title=f"Verdict: over {len(SETTINGS)} settings, {n_studies} studies each, 400 test images",
        columns=(
            "seeds",
            "95 % intervals that cover no difference",
            "that cover two points",
            "equals called BETTER",
        ),
        rows=[
            (
                str(n),
                spread("covered", n, 0.0),
                spread("covered", n, 0.02),
                spread("better", n, 0.0),
            )
            for n in N_SEEDS
        ],
    )


def _share(value: float) -> str:
    return f"{100 * value:.1f} %"


if __name__ == "__main__":
    raise SystemExit(main())
