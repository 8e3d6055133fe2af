"""How much of a trial's time is not training: sampling, building, tracing, storage.

    python -m benchmarks.overhead [--quick] [--repeats N] [--data-dir DIR]

Runs searches on CIFAR-10 as the default study does, pauses and all, with fewer trials, and takes
the time of everything that a trial does; TPE proposes none of a family's first ten. As many
processes as `--workers auto` has search at a time, each by itself and with its share of the cores.
The first trial of each family in each of them, in which the process warms up, does not count.
"""

from __future__ import annotations

import multiprocessing
import os
import tempfile
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks import measuring
from benchmarks.measuring import Spread
from benchmarks.table import Result, Table
from search_spaces import SPACES
from study.workers import default_n_workers, threads_per_worker

MOST_PERCENT = 10
"""The target."""

TRAINING = "training and validating"


def main() -> int:
    """Measure, store and print."""
    from study.datasets import default_data_dir

    parser = measuring.parser(__doc__, repeats=30)
    parser.add_argument(
        "--data-dir", type=Path, default=default_data_dir(), help="folder of the datasets"
    )
    arguments = parser.parse_args()
    options = measuring.options(arguments)
    machine = measuring.machine()
    dataset, n_workers = "digits" if options.quick else "cifar10", default_n_workers()
    n_threads = threads_per_worker(n_workers)
    with ProcessPoolExecutor(
        n_workers,
        mp_context=multiprocessing.get_context("spawn"),
        initializer=_limit_threads,
        initargs=(n_threads,),
    ) as workers:
        search = partial(
            measure, dataset=dataset, data_dir=arguments.data_dir, n_trials=1 + options.repeats
        )
        searches = list(workers.map(search, range(n_workers)))
    measuring.finish(
        "overhead",
        options,
        machine=machine,
        settings={"dataset": dataset, "workers": n_workers, "threads": n_threads},
        measured={"trials": [trial for trials in searches for trial in trials[len(SPACES) :]]},
        tables=tables,
    )
    return 0


def measure(seed: int, *, dataset: str, data_dir: Path, n_trials: int) -> list[dict[str, Any]]:
    """Search with so many trials a family; return each's family, epochs and seconds by kind."""
    import optuna

    from study.start_backend import import_backend

    import_backend()
    from benchmarks.trial_times import run_search
    from study.attributes import common_attrs
    from study.config import RetrainConfig, SearchConfig, StudyConfig
    from study.datasets import DATASETS, draw_sample
    from study.storage import open_for_writing
    from study.studies import open_search_study
    from study.training import precision

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    search = SearchConfig(n_trials=n_trials, seed=seed)
    chosen = precision.resolve(search.precision)
    images = DATASETS[dataset].load_training(data_dir)
    sample = draw_sample(
        images, n_classes=DATASETS[dataset].n_classes, fraction=search.fraction, seed=search.seed
    )
    with tempfile.TemporaryDirectory() as folder:
        config = StudyConfig(
            name="overhead",
            dataset=dataset,
            families=tuple(SPACES),
            storage_url=f"sqlite:///{folder}/studies.db",
            data_dir=data_dir,
            out=Path(folder),
            search=search,
            retrain=RetrainConfig(),
        )
        attrs = common_attrs(config, DATASETS[dataset], sample, precision=chosen)
        with open_for_writing(config.storage_url) as storage:
            studies = {
                name: open_search_study(storage, config, space, attrs=attrs)
                for name, space in SPACES.items()
            }
            times = run_search(studies, config=config, sample=sample, precision=chosen)
            return [asdict(one) for one in times]


def _limit_threads(n_threads: int) -> None:
    # Before TensorFlow is imported, which reads it only then.
    os.environ["TF_NUM_INTRAOP_THREADS"] = os.environ["TF_NUM_INTEROP_THREADS"] = str(n_threads)


def tables(result: Result) -> list[Table]:
    """Return where a trial's time goes, and whether the target is met."""
    trials = result["measured"]["trials"]
    kinds = list(trials[0]["seconds"])
    rows = [
        [kind, *(f"{spread.text()}" for spread in _by_family(trials, kind).values())]
        for kind in kinds
    ]
    epochs = {
        family: Spread.of([trial["epochs"] for trial in trials if trial["family"] == family])
        for family in SPACES
    }
    rows.append(["epochs trained", *(spread.text(0) for spread in epochs.values())])
    other = [_not_training(trial) for trial in trials]
    whole = [sum(trial["seconds"].values()) for trial in trials]
    share = 100 * measuring.ratios(other, whole).median
    total_share = 100 * sum(other) / sum(whole)
    verdict = [
        [
            "of a median trial",
            f"{share:.1f} %",
            f"at most {MOST_PERCENT} %: {'met' if share <= MOST_PERCENT else 'missed'}",
        ],
        ["of all trials together", f"{total_share:.1f} %", ""],
    ]
    return [
        Table(title="Time that is not training", columns=("", "share", "target"), rows=verdict),
        Table(title="A warm trial, seconds", columns=("", *SPACES), rows=rows),
    ]


def _by_family(trials: Sequence[Mapping[str, Any]], kind: str) -> dict[str, Spread]:
    return {
        family: Spread.of([t["seconds"][kind] for t in trials if t["family"] == family])
        for family in SPACES
    }


def _not_training(trial: Mapping[str, Any]) -> float:
    return sum(float(value) for kind, value in trial["seconds"].items() if kind != TRAINING)


if __name__ == "__main__":
    raise SystemExit(main())
