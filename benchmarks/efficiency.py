"""What share of the processor's arithmetic training reaches, and where the rest of a step goes.

    python -m benchmarks.efficiency [--quick] [--repeats N] [--float32]

The yardstick is the fastest of a few large matrix products in the same arithmetic. Training's
operations are counted as is customary: three times those of the forward pass.
"""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import ExitStack
from typing import Any

from benchmarks import measuring
from benchmarks.measuring import Spread
from benchmarks.step_profile import KINDS
from benchmarks.table import Result, Table
from benchmarks.worker import ROOT, Worker
from benchmarks.workload import CONFIGURATIONS, Workload

PRECISIONS = ("bfloat16", "float32")
"""The first one is profiled."""

MATRIX_SIZES = {2048: 32, 4096: 4}
"""Sizes of the matrices and how many products are timed together: as many operations in each."""

N_IMAGES, N_IMAGES_QUICK = 4992, 640
PYTHON = [sys.executable, "-m"]


def main() -> int:
    """Measure, store and print."""
    parser = measuring.parser(__doc__, repeats=5)
    parser.add_argument(
        "--float32", action="store_true", help="leave bfloat16 out, which this processor lacks"
    )
    arguments = parser.parse_args()
    options = measuring.options(arguments)
    precisions = ("float32",) if arguments.float32 else PRECISIONS
    machine = measuring.machine()
    n_images = N_IMAGES_QUICK if options.quick else N_IMAGES
    measured = {
        "rates": {name: _rates(name, n_images, repeats=options.repeats) for name in precisions},
        "profiles": {
            family: _profile(family, n_images, precision=precisions[0], n_epochs=options.repeats)
            for family in CONFIGURATIONS
        },
    }
    measuring.finish(
        "efficiency",
        options,
        machine=machine,
        settings={"n_images": n_images, "profiled_in": precisions[0]},
        measured=measured,
        tables=tables,
    )
    return 0


def _rates(precision: str, n_images: int, *, repeats: int) -> dict[str, list[float]]:
    # GFLOP/s of each family and of each size of matrix, in turn.
    with ExitStack() as stack:
        contenders, flops = {}, {}
        for size, n_products in MATRIX_SIZES.items():
            spec = {"precision": precision, "size": size, "n_products": n_products}
            name = f"{size} x {size} product"
            worker = stack.enter_context(Worker([*PYTHON, "benchmarks.matmul_contender"], spec))
            contenders[name], flops[name] = worker.run_epoch, worker.facts["flops"]
        for family in CONFIGURATIONS:
            workload = Workload(family=family, n_images=n_images)
            spec = {**workload.as_spec(), "precision": precision}
            worker = stack.enter_context(Worker([*PYTHON, "benchmarks.our_contender"], spec))
            n = workload.n_steps * workload.batch_size
            contenders[family] = worker.run_epoch
            flops[family] = 3 * n * worker.facts["forward_flops"]
        seconds = measuring.in_turn(contenders, repeats=repeats)
    return {name: [flops[name] / 1e9 / value for value in seconds[name]] for name in seconds}


def _profile(family: str, n_images: int, *, precision: str, n_epochs: int) -> dict[str, float]:
    workload = Workload(family=family, n_images=n_images)
    spec = {**workload.as_spec(), "precision": precision, "repeats": n_epochs}
    command = [*PYTHON, "benchmarks.step_profile", json.dumps(spec)]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    times: dict[str, float] = json.loads(done.stdout)
    return times


def tables(result: Result) -> list[Table]:
    """Return what training reaches, and the profiles."""
    return [_shares(result["measured"]["rates"]), _kinds(result["measured"]["profiles"])]


def _shares(rates: dict[str, dict[str, list[float]]]) -> Table:
    rows = []
    for precision, by_name in rates.items():
        products = [rate for name, rate in by_name.items() if name not in CONFIGURATIONS]
        fastest = max(products, key=lambda values: Spread.of(values).median)
        rows.append([f"the fastest product, {precision}", Spread.of(fastest).text(0), ""])
        for family, configuration in CONFIGURATIONS.items():
            share = measuring.ratios(by_name[family], fastest)
            rate = Spread.of(by_name[family]).text(0)
            rows.append(
                [f"{family} {configuration}, {precision}", rate, f"{share.scaled(100).text(0)} %"]
            )
    return Table(
        title="Arithmetic that training reaches",
        columns=("", "GFLOP/s", "of the fastest product"),
        rows=rows,
    )


def _kinds(profiles: dict[str, dict[str, float]]) -> Table:
    steps = {family: sum(times.values()) for family, times in profiles.items()}
    found: dict[str, Any] = {kind: None for times in profiles.values() for kind in times}
    order = [*(kind for kind in KINDS if kind in found), *(k for k in found if k not in KINDS)]
    rows = [
        [
            kind,
            *(f"{100 * profiles[family].get(kind, 0.0) / steps[family]:.1f} %" for family in steps),
        ]
        for kind in order
    ]
    rows.append(["one step", *(f"{1000 * seconds:.0f} ms" for seconds in steps.values())])
    names = [f"{family} {CONFIGURATIONS[family]}" for family in steps]
    return Table(title="Where a step's time goes", columns=("", *names), rows=rows)


if __name__ == "__main__":
    raise SystemExit(main())
