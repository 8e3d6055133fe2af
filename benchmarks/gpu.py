"""What a GPU gives: images per second, trials an hour with workers that share it, accuracies.

    python -m benchmarks.gpu [--quick] [--repeats N] [--workers 1,4,8] [--backends tensorflow,jax]

The accuracies are those of a whole `python -m study run` with a GPU's budget. It stops where no GPU
is found; `--quick` tries the script without one.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks import measuring
from benchmarks.measuring import Measurements, Spread
from benchmarks.parallel import search_seconds
from benchmarks.searching import load_sample
from benchmarks.table import Result, Table
from benchmarks.worker import Worker
from benchmarks.workload import CONFIGURATIONS, Workload
from study.config import SearchConfig
from study.errors import FamilyFailedError
from study.workers import usable_gpus

TIMES_ONE_WORKER = 4.0
MOST_SEARCHES = 3
"""With a number of workers, however many rounds of the rest there are."""

GOALS = {False: 0.80, True: 0.88}
"""Test accuracy of the better family's winner, without and with augmentation."""

REFERENCE = ("--trials", "100", "--epochs", "16", "--retrain-epochs", "100")
REFERENCE_QUICK = (
    *("--dataset", "digits", "--fraction", "0.07", "--trials", "1", "--epochs", "1"),
    *("--retrain-epochs", "1", "--seeds", "1"),
)


def main() -> int:
    """Measure, store and print."""
    parser = measuring.parser(__doc__, repeats=5)
    parser.add_argument("--workers", default="1,4,8", help="numbers of workers (default: 1,4,8)")
    parser.add_argument(
        "--backends", default="tensorflow,jax", help="of Keras (default: tensorflow,jax)"
    )
    parser.add_argument("--trials", type=int, default=64, help="of both families together")
    arguments = parser.parse_args()
    options, machine = measuring.options(arguments), measuring.machine()
    gpus = usable_gpus()
    if not gpus and not options.quick:
        print("error: No GPU was found; --quick tries the script without one.", file=sys.stderr)
        return 2
    # Of several one is measured: workers with a GPU each would not share anything.
    if gpus:
        os.environ["CUDA_VISIBLE_DEVICES"] = gpus[0]
    counts = [1] if options.quick else [int(text) for text in arguments.workers.split(",")]
    n_trials = 1 if options.quick else max(1, arguments.trials // 2)
    measured = {
        "throughput": {
            family: _throughput(family, arguments.backends.split(","), options)
            for family in CONFIGURATIONS
        },
        "trial_seconds": _trials(counts, n_trials, options),
        "accuracies": _accuracies(REFERENCE_QUICK if options.quick else REFERENCE),
    }
    measuring.finish(
        "gpu",
        options,
        machine=machine | {"gpus": _gpus()},
        settings={"trials": len(CONFIGURATIONS) * n_trials, "reference": list(REFERENCE)},
        measured=measured,
        tables=tables,
    )
    return 0


def _throughput(family: str, backends: Sequence[str], options: measuring.Options) -> dict[str, Any]:
    workload = Workload(family=family, n_images=640 if options.quick else 9984)
    with ExitStack() as stack:
        workers = {}
        for backend in backends:
            for precision in ("float32", "bfloat16"):
                command = ["env", f"KERAS_BACKEND={backend}", sys.executable, "-m"]
                worker = Worker(
                    [*command, "benchmarks.our_contender"],
                    {**workload.as_spec(), "precision": precision},
                )
                workers[f"{backend}, {precision}"] = stack.enter_context(worker)
        epochs = {name: worker.run_epoch for name, worker in workers.items()}
        seconds = measuring.in_turn(epochs, repeats=options.repeats)
    return {"n_images": workload.n_steps * workload.batch_size, "seconds": seconds}


def _trials(counts: Sequence[int], n_trials: int, options: measuring.Options) -> Measurements:
    dataset, fraction = ("digits", 0.07) if options.quick else ("cifar10", 0.25)
    search = SearchConfig(
        n_trials=n_trials,
        epochs=1 if options.quick else SearchConfig.epochs,
        sampler="random",
        pruner="none",
        fraction=fraction,
        precision="bfloat16",
    )
    sample = load_sample(dataset, search)
    return measuring.in_turn(
        {str(count): partial(search_seconds, dataset, search, sample, count) for count in counts},
        repeats=1 if options.quick else min(MOST_SEARCHES, options.repeats),
        warm_ups=0,
    )


def _accuracies(options: Sequence[str]) -> dict[str, dict[str, list[float]]]:
    """Run a whole study; return test accuracies by family and "augmented" or "plain"."""
    from study.storage import read_study

    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/studies.db"
        command = [sys.executable, "-m", "study", "run", "--name", "gpu", *options]
        places = ["--storage", url, "--out", str(Path(folder) / "report")]
        done = subprocess.run([*command, *places], check=False)
        # One that could train no trial of a family, or no winner, has results all the same.
        if done.returncode not in (0, FamilyFailedError.exit_code):
            raise SystemExit(done.returncode)
        record = read_study(url, "gpu")
    found: dict[str, dict[str, list[float]]] = {}
    for result in record.retrained:
        kind = "augmented" if result.augmented else "plain"
        found.setdefault(result.family, {}).setdefault(kind, []).append(result.test_accuracy)
    return found


def _gpus() -> list[str]:
    try:
        listed = subprocess.run(["nvidia-smi", "-L"], capture_output=True, text=True, check=False)
    except OSError:
        return []
    # Without the cards' serial numbers.
    return [line.partition(" (UUID")[0] for line in listed.stdout.splitlines()]


def tables(result: Result) -> list[Table]:
    """Return images per second, trials an hour, and accuracies, with their targets."""
    measured = result["measured"]
    return [
        *(_rates(family, known) for family, known in measured["throughput"].items()),
        _sharing(measured["trial_seconds"], n_trials=result["settings"]["trials"]),
        _goals(measured["accuracies"]),
    ]


def _rates(family: str, known: dict[str, Any]) -> Table:
    rows = [
        [name, Spread.of([known["n_images"] / value for value in seconds]).text(0)]
        for name, seconds in known["seconds"].items()
    ]
    title = f"{family} {CONFIGURATIONS[family]}"
    return Table(title=title, columns=("backend, precision", "images per second"), rows=rows)


def _sharing(seconds: Measurements, *, n_trials: int) -> Table:
    first = next(iter(seconds.values()))
    ratios = {count: measuring.ratios(first, values) for count, values in seconds.items()}
    rows = [
        [
            count,
            Spread.of([3600 * n_trials / value for value in seconds[count]]).text(0),
            ratio.text(),
        ]
        for count, ratio in ratios.items()
    ]
    best = max(ratio.median for ratio in ratios.values())
    verdict = "met" if best >= TIMES_ONE_WORKER else "missed"
    title = f"Trials on one GPU (target: {TIMES_ONE_WORKER:g} times one worker: {verdict})"
    return Table(title=title, columns=("workers", "trials an hour", "times one worker"), rows=rows)


def _goals(accuracies: dict[str, dict[str, list[float]]]) -> Table:
    rows = []
    for augmented, goal in GOALS.items():
        kind = "augmented" if augmented else "plain"
        # A family's runs may all have failed.
        means = {
            name: statistics.mean(kinds[kind])
            for name, kinds in accuracies.items()
            if kind in kinds
        }
        verdict = "met" if max(means.values(), default=0.0) >= goal else "missed"
        shown = ", ".join(f"{name} {100 * mean:.1f} %" for name, mean in means.items())
        rows.append([kind, shown, f"{100 * goal:.0f} %: {verdict}"])
    columns = ("", "mean test accuracy", "goal")
    return Table(title="The reference study with a GPU's budget", columns=columns, rows=rows)


if __name__ == "__main__":
    raise SystemExit(main())
