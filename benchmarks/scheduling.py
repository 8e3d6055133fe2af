"""What the parent spends on a task of a search, while more and more trials have paused.

    python -m benchmarks.scheduling [--quick] [--repeats N]

Both families' spaces are searched as the program does, in a database, but nothing is trained: a
task's epochs are in the database at once. Beside the program as it is runs one that reads all
trials that have not ended at each question, as Optuna does where it is left to it.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Mapping
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import optuna
from optuna.trial import FrozenTrial, TrialState

from benchmarks import measuring
from benchmarks.measuring import Spread
from benchmarks.searching import begun_search, load_sample
from benchmarks.table import Result, Table
from study.config import SearchConfig
from study.known_trials import KnownTrials
from study.search import SearchTasks
from study.trials import TrialEnd, TrialTask

SIZES, SIZES_QUICK = (20, 50, 100), (4, 6)
"""Trials a family."""

OURS = "as it is"
ALL = "all trials that have not ended read at each question"


def main() -> int:
    """Measure, store and print."""
    options = measuring.options(measuring.parser(__doc__, repeats=3).parse_args())
    machine = measuring.machine()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    measured = {
        str(size): measuring.in_turn(
            {
                name: partial(milliseconds_a_task, size, reads_all=name == ALL)
                for name in (OURS, ALL)
            },
            repeats=options.repeats,
            warm_ups=0,
        )
        for size in (SIZES_QUICK if options.quick else SIZES)
    }
    measuring.finish(
        "scheduling",
        options,
        machine=machine,
        settings={"pruner": SearchConfig().pruner, "sampler": SearchConfig().sampler},
        measured=measured,
        tables=tables,
    )
    return 0


def milliseconds_a_task(n_trials: int, *, reads_all: bool) -> float:
    """Search with so many trials a family; return the parent's time a task, in milliseconds."""
    search = SearchConfig(n_trials=n_trials, precision="float32")
    reading = (
        mock.patch.multiple(KnownTrials, read=_read_all, has_ended=lambda *_: False)
        if reads_all
        else nullcontext()
    )
    with tempfile.TemporaryDirectory() as folder, reading:
        sample = load_sample("digits", search)
        begun = begun_search("digits", search, sample=sample, folder=Path(folder))
        with begun as (_config, tasks, studies):
            return _milliseconds_a_task(tasks, studies, epochs=search.epochs)


def _milliseconds_a_task(
    tasks: SearchTasks, studies: Mapping[str, optuna.Study], *, epochs: int
) -> float:
    seconds, n_tasks = 0.0, 0
    while True:
        start = time.perf_counter()
        task = tasks.next_task() if tasks.n_left() else None
        seconds += time.perf_counter() - start
        if task is None:
            return 1000 * seconds / n_tasks
        end = _ended(task, studies[task.family], epochs=epochs)
        start = time.perf_counter()
        tasks.done(task, end)
        seconds += time.perf_counter() - start
        n_tasks += 1


def _ended(task: TrialTask, optuna_study: optuna.Study, *, epochs: int) -> TrialEnd:
    """Report a task's epochs as a worker does, with scores that grow at a pace of the trial's."""
    storage = optuna_study._storage
    trial = storage.get_trial(task.trial_id)
    last = float(np.random.default_rng(trial.number).uniform(0.1, 0.9))
    for epoch in range(len(trial.intermediate_values) + 1, task.until_epoch + 1):
        storage.set_trial_intermediate_value(task.trial_id, epoch, last * epoch / epochs)
    if task.until_epoch < epochs:
        return TrialEnd(state=TrialState.RUNNING)
    return TrialEnd(state=TrialState.COMPLETE, accuracy=last)


def _read_all(known: KnownTrials) -> list[FrozenTrial]:
    trials = known._study.get_trials(deepcopy=False)
    known._keep(trials)
    return trials


def tables(result: Result) -> list[Table]:
    """Return the parent's time a task, for searches of several sizes."""
    measured: Mapping[str, Any] = result["measured"]
    rows = [
        [
            size,
            Spread.of(times[OURS]).text(0),
            Spread.of(times[ALL]).text(0),
            measuring.ratios(times[ALL], times[OURS]).text(1),
        ]
        for size, times in measured.items()
    ]
    columns = ("trials a family", OURS, ALL, "times ours")
    return [Table(title="The parent's time a task, milliseconds", columns=columns, rows=rows)]


if __name__ == "__main__":
    raise SystemExit(main())
