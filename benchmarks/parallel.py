"""The same trials with few workers of many threads, and with many of few.

    python -m benchmarks.parallel [--quick] [--repeats N] [--workers 1,2]

Each search runs from the first trial's beginning to the last one's end; the start of the processes
is not counted, as a real search is much longer. Every worker has its share of the cores. The
configurations are the same in each: the named ones, then random ones, not pruned.
"""

from __future__ import annotations

import json
import tempfile
from functools import partial
from pathlib import Path

from benchmarks import measuring
from benchmarks.measuring import Spread
from benchmarks.searching import load_sample, search_families
from benchmarks.table import Result, Table
from study.config import SearchConfig
from study.datasets import Sample
from study.workers import threads_per_worker


def main() -> int:
    """Measure, store and print."""
    parser = measuring.parser(__doc__, repeats=3)
    parser.add_argument("--workers", default="1,2", help="numbers of workers (default: 1,2)")
    parser.add_argument("--dataset", default="cifar10")
    parser.add_argument("--trials", type=int, default=16, help="of both families together")
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--precision", default="bfloat16", choices=("float32", "bfloat16"))
    arguments = parser.parse_args()
    options, machine = measuring.options(arguments), measuring.machine()
    dataset, n_trials, fraction = arguments.dataset, arguments.trials, 0.25
    if options.quick:
        dataset, n_trials, fraction = "digits", 4, 0.07
    search = SearchConfig(
        n_trials=max(1, n_trials // 2),
        epochs=arguments.epochs,
        sampler="random",
        pruner="none",
        fraction=fraction,
        precision=arguments.precision,
    )
    sample = load_sample(dataset, search)
    counts = [int(text) for text in arguments.workers.split(",")]
    contenders = {
        str(count): partial(search_seconds, dataset, search, sample, count) for count in counts
    }
    measured = measuring.in_turn(contenders, repeats=options.repeats, warm_ups=0)
    path = options.result_path("parallel")
    measuring.save(
        path,
        machine=machine,
        versions=measuring.versions(),
        settings={
            "repeats": options.repeats,
            "dataset": dataset,
            "fraction": fraction,
            "trials": 2 * search.n_trials,
            "epochs": search.epochs,
            "precision": search.precision,
            "threads": {str(count): threads_per_worker(count) for count in counts},
        },
        measured=measured,
    )
    for table in tables(json.loads(path.read_text(encoding="utf-8"))):
        print(f"\n{table.markdown()}")
    print(f"\n{path}")
    return 0


def search_seconds(dataset: str, search: SearchConfig, sample: Sample, n_workers: int) -> float:
    """Search both families; return the time from the first trial's beginning to the last's end."""
    with tempfile.TemporaryDirectory() as folder:
        trials = search_families(
            dataset, search, sample=sample, n_workers=n_workers, folder=Path(folder)
        )
    begun = [trial.datetime_start for trial in trials if trial.datetime_start is not None]
    ended = [trial.datetime_complete for trial in trials if trial.datetime_complete is not None]
    return (max(ended) - min(begun)).total_seconds()


def tables(result: Result) -> list[Table]:
    """Return the trials an hour of each number of workers, and the speed-up over the first."""
    measured, settings = result["measured"], result["settings"]
    first = next(iter(measured.values()))
    rows = [
        [
            f"{count} x {settings['threads'][count]}",
            Spread.of([3600 * settings["trials"] / seconds for seconds in values]).text(0),
            measuring.ratios(first, values).text(),
        ]
        for count, values in measured.items()
    ]
    columns = ("workers x threads", "trials an hour", "times the first")
    epochs = "one epoch" if settings["epochs"] == 1 else f"{settings['epochs']} epochs"
    title = f"{settings['trials']} trials of {epochs}"
    return [Table(title=title, columns=columns, rows=rows)]


if __name__ == "__main__":
    raise SystemExit(main())
