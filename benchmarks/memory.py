"""Resident memory of a search and of its workers, over many trials in a row.

    python -m benchmarks.memory [--quick] [--trials 100] [--workers 1]

Somebody else, a thread of the parent, looks at the processes five times a second.
"""

from __future__ import annotations

import json
import statistics
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import psutil
from optuna.trial import FrozenTrial

from benchmarks import measuring
from benchmarks.searching import load_sample, search_families
from benchmarks.table import Result, Table
from study.config import SearchConfig
from study.workers.worker import Limits

SECONDS_BETWEEN_LOOKS = 0.2
MIB = 2**20

MOST_MIB = {"parent": 600, "largest worker": 2500}
"""The bounds, for a quarter of CIFAR-10, however many trials there are."""


@dataclass(kw_only=True)
class Watch:
    """What the processes held at each look: resident bytes.

    Attributes:
        times: When, as local time.
        parent: Of the parent.
        workers: Of each worker alive, by process number.
    """

    times: list[datetime] = field(default_factory=list)
    parent: list[int] = field(default_factory=list)
    workers: list[dict[int, int]] = field(default_factory=list)

    def look(self) -> None:
        """Look once."""
        parent = psutil.Process()
        self.times.append(datetime.now())
        self.parent.append(parent.memory_info().rss)
        self.workers.append(dict(_workers_of(parent)))

    def after(self, time: datetime, worker: int) -> int | None:
        """Return what a worker held at the first look after a time; None if it was gone."""
        for when, workers in zip(self.times, self.workers, strict=True):
            if when >= time:
                return workers.get(worker)
        return None


def _workers_of(parent: psutil.Process) -> Iterator[tuple[int, int]]:
    for child in parent.children():
        try:
            if "spawn_main" in " ".join(child.cmdline()):
                yield child.pid, child.memory_info().rss
        except psutil.Error:  # It has just ended.
            continue


@contextmanager
def watched() -> Iterator[Watch]:
    """Watch this process and its workers meanwhile."""
    watch, over = Watch(), threading.Event()

    def look_again_and_again() -> None:
        while not over.wait(SECONDS_BETWEEN_LOOKS):
            watch.look()

    thread = threading.Thread(target=look_again_and_again)
    thread.start()
    try:
        yield watch
    finally:
        over.set()
        thread.join()


def main() -> int:
    """Measure, store and print."""
    parser = measuring.parser(__doc__, repeats=1)
    parser.add_argument("--dataset", default="cifar10")
    parser.add_argument("--trials", type=int, default=100, help="of both families together")
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--workers", type=int, default=1)
    arguments = parser.parse_args()
    options, machine = measuring.options(arguments), measuring.machine()
    n_trials, dataset, limits, fraction = arguments.trials, arguments.dataset, Limits(), 0.25
    if options.quick:
        n_trials, dataset, limits, fraction = 8, "digits", Limits(max_tasks=3), 0.07
    search = SearchConfig(
        n_trials=max(1, n_trials // 2),
        epochs=arguments.epochs,
        pruner="none",
        fraction=fraction,
        precision="float32",
    )
    sample = load_sample(dataset, search)
    with tempfile.TemporaryDirectory() as folder, watched() as watch:
        trials = search_families(
            dataset,
            search,
            sample=sample,
            n_workers=arguments.workers,
            folder=Path(folder),
            limits=limits,
        )
    path = options.result_path("memory")
    measuring.save(
        path,
        machine=machine,
        versions=measuring.versions(),
        settings={
            "dataset": dataset,
            "fraction": fraction,
            "trials": len(trials),
            "epochs": arguments.epochs,
            "workers": arguments.workers,
            "max_tasks": limits.max_tasks,
            "max_mib": limits.max_bytes // MIB,
        },
        measured=summarized(watch, trials),
    )
    for table in tables(json.loads(path.read_text(encoding="utf-8"))):
        print(f"\n{table.markdown()}")
    print(f"\n{path}")
    return 0


def summarized(watch: Watch, trials: Sequence[FrozenTrial]) -> dict[str, Any]:
    """Return the peaks, and what each worker held after each of its trials, in MiB."""
    held: dict[int, list[int]] = {}
    for trial in trials:
        worker = trial.user_attrs["worker"]["pid"]
        ended = trial.datetime_complete
        now = None if ended is None else watch.after(ended, worker)
        if now is not None:
            held.setdefault(worker, []).append(now // MIB)
    return {
        "parent_begin": watch.parent[0] // MIB,
        "parent_peak": max(watch.parent) // MIB,
        "worker_peak": max(max(workers.values(), default=0) for workers in watch.workers) // MIB,
        "workers_peak": max(sum(workers.values()) for workers in watch.workers) // MIB,
        "n_alive_peak": max(len(workers) for workers in watch.workers),
        "after_each_trial": list(held.values()),
    }


def tables(result: Result) -> list[Table]:
    """Return the peaks and the growth."""
    measured: Mapping[str, Any] = result["measured"]
    growths = [
        (held[-1] - held[0]) / (len(held) - 1)
        for held in measured["after_each_trial"]
        if len(held) > 1
    ]
    bounds = {
        "parent": measured["parent_peak"],
        "largest worker": measured["worker_peak"],
    }
    rows = [
        [name, f"{peak:,}", f"{MOST_MIB[name]:,}: {'kept' if peak <= MOST_MIB[name] else 'broken'}"]
        for name, peak in bounds.items()
    ]
    growth = f"{statistics.median(growths):.1f}" if growths else "not seen"
    rows += [
        [f"all workers ({measured['n_alive_peak']} at most)", f"{measured['workers_peak']:,}", ""],
        ["growth of a worker by trial, median", growth, ""],
    ]
    n_trials, n_workers = result["settings"]["trials"], len(measured["after_each_trial"])
    title = f"{n_trials} trials, {n_workers} workers one after another"
    return [Table(title=title, columns=("", "MiB at most", "bound"), rows=rows)]


if __name__ == "__main__":
    raise SystemExit(main())
