"""Record whole learning curves of random configurations: our own tabular benchmark.

    python -m benchmarks.curves --configurations 40

Stop it whenever you like; run again, it goes on. `--configurations 64` later adds to the 40: each
configuration and its seeds follow from its family and index alone. Families take turns, so a
recording that is stopped has as many of each. What is recorded is in `curve_table.py`; the replay
in `replay.py`.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.curve_table import (
    SCHEMA_VERSION,
    Curve,
    Key,
    TableError,
    append_curve,
    begin_table,
    read_table,
)
from search_spaces import SPACES, SearchSpace
from study.config import SearchConfig
from study.datasets import DATASETS, Dataset, Sample, default_data_dir, draw_sample
from study.environment import machine, versions
from study.errors import StudyError
from study.interruption import deferred_interrupts
from study.one_line_parser import OneLineParser
from study.seeds import derive_seed

if TYPE_CHECKING:
    import optuna

    from study.training.fit import EpochScores

RECORDING = Path(__file__).parent / "data" / "curves-cifar10.jsonl"
SCORES = (
    "validation_accuracy",
    "validation_loss",
    "training_accuracy",
    "training_loss",
    "seconds",
)
DIGITS = 5
"""Significant digits of scores and times: accuracies of up to 10,000 images are then exact."""


@dataclass(frozen=True, kw_only=True)
class Recorder:
    """Trains configurations as the search does, without a sampler's or a pruner's say.

    Attributes:
        path: The recording.
        dataset: Which images.
        sample: Training and validation images.
        config: Epochs of each training, and the base seed.
        precision: "float32" or "bfloat16".
    """

    path: Path
    dataset: Dataset
    sample: Sample
    config: SearchConfig
    precision: str

    def record(self, key: Key) -> Curve:
        """Train one configuration, add its curve to the recording and return it."""
        from study.objective import Objective
        from study.trials import TrialFailedError

        family, index, repeat = key
        history: list[EpochScores] = []
        seed = self.config.seed
        if repeat:
            seed = derive_seed(seed, "repeat", repeat)
        objective = Objective(
            space=SPACES[family],
            dataset=self.dataset,
            sample=self.sample,
            config=replace(self.config, seed=seed),
            precision=self.precision,
            on_epoch=lambda _family, _number, scores: history.append(scores),
        )
        trial = random_trial(family, index, seed=self.config.seed)
        failure, start = None, time.perf_counter()
        try:
            objective(trial)
        except TrialFailedError as error:
            failure = str(error)
        curve = Curve(
            family=family,
            index=index,
            repeat=repeat,
            params=trial.params,
            seed=trial.user_attrs["seed"],
            n_parameters=trial.user_attrs.get("n_parameters"),
            forward_flops=trial.user_attrs.get("forward_flops"),
            total_seconds=_rounded(time.perf_counter() - start),
            failure=failure,
            **{name: tuple(_rounded(getattr(s, name)) for s in history) for name in SCORES},
        )
        append_curve(self.path, curve)
        return curve


def random_trial(family: str, index: int, *, seed: int) -> optuna.Trial:
    """Return a trial, by the search's random sampler, that depends on family, index and seed alone.

    Its number is the index, as `study.objective` derives the seed of training from the number.
    """
    import optuna

    sampler = optuna.samplers.RandomSampler(seed=derive_seed(seed, family, "sampler", index))
    study = optuna.create_study(direction="maximize", sampler=sampler)
    study.pruner = optuna.pruners.NopPruner()
    for _ in range(index):
        # Numbers count up from 0; a trial without parameters draws nothing from the sampler.
        study.ask()
    return study.ask()


def planned_keys(
    families: Sequence[str], *, n_configurations: int, n_repeated: int
) -> Iterator[Key]:
    """Yield what is to be recorded, in order: families take turns, repeats come last."""
    for repeat, n_indexes in enumerate((n_configurations, min(n_repeated, n_configurations))):
        for index in range(n_indexes):
            for family in families:
                yield family, index, repeat


def header(
    dataset: Dataset, sample: Sample, config: SearchConfig, precision: str
) -> dict[str, Any]:
    """Return what a recording's first line holds: all that its curves depend on.

    `spaces` holds each family's parameters with their ranges, as Optuna writes distributions: a
    replay needs no more than the file, however the families change later.
    """
    return {
        "schema_version": SCHEMA_VERSION,
        "dataset": dataset.name,
        "digests": dict(dataset.digests),
        "fraction": config.fraction,
        "n_train": len(sample.train),
        "n_validation": len(sample.validation),
        "seed": config.seed,
        "epochs": config.epochs,
        "precision": precision,
        "spaces": {name: _distributions(space) for name, space in SPACES.items()},
        "machine": machine(),
        "versions": versions(),
    }


def _distributions(space: SearchSpace) -> dict[str, Any]:
    import json

    from optuna.distributions import distribution_to_json

    trial = random_trial(space.name, 0, seed=0)
    space.suggest(trial)
    return {name: json.loads(distribution_to_json(d)) for name, d in trial.distributions.items()}


def _rounded(value: float | None) -> float:
    return float(f"{value or 0.0:.{DIGITS}g}")


def main(argv: Sequence[str] | None = None) -> int:
    """Record what is missing and return the exit code."""
    arguments = _parse(argv)
    try:
        with deferred_interrupts():
            _record(arguments)
    except (StudyError, TableError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("Interrupted; run the same command to go on.", file=sys.stderr)
        return 130
    return 0


def _record(arguments: argparse.Namespace) -> None:
    from study.start_backend import import_backend

    import_backend()
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    config = SearchConfig(epochs=arguments.epochs, fraction=arguments.fraction, seed=arguments.seed)
    dataset = DATASETS[arguments.dataset]
    sample = draw_sample(
        dataset.load_training(arguments.data_dir),
        n_classes=dataset.n_classes,
        fraction=config.fraction,
        seed=config.seed,
    )
    precision = _precision(arguments.recording, arguments.precision)
    table = begin_table(arguments.recording, header(dataset, sample, config, precision))
    planned = list(
        planned_keys(
            arguments.families,
            n_configurations=arguments.configurations,
            n_repeated=arguments.repeat_seeds,
        )
    )
    missing = [key for key in planned if key not in table.keys]
    recorder = Recorder(
        path=arguments.recording, dataset=dataset, sample=sample, config=config, precision=precision
    )
    for done, key in enumerate(missing, start=len(planned) - len(missing) + 1):
        _tell(recorder.record(key), done, len(planned))


def _precision(path: Path, wanted: str) -> str:
    from study.training import precision

    if wanted == "auto" and path.exists() and path.stat().st_size:
        # All curves of a recording are computed alike.
        recorded: Mapping[str, Any] = read_table(path).header
        return str(recorded["precision"])
    return precision.resolve(wanted)


def _tell(curve: Curve, done: int, n_planned: int) -> None:
    accuracy = curve.validation_accuracy[-1] if curve.validation_accuracy else float("nan")
    print(
        f"{done}/{n_planned} {curve.family} {curve.index}.{curve.repeat}: {accuracy:.4f}"
        f" in {curve.total_seconds:.0f} s {curve.failure or ''}",
        file=sys.stderr,
    )


def _parse(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = OneLineParser(prog="python -m benchmarks.curves", description=__doc__.split("\n")[0])
    parser.add_argument("--recording", type=Path, default=RECORDING)
    parser.add_argument("--configurations", type=int, default=40, help="of each family")
    parser.add_argument(
        "--repeat-seeds", type=int, default=0, help="train the first so many twice, by other seeds"
    )
    parser.add_argument("--families", nargs="+", choices=SPACES, default=list(SPACES))
    parser.add_argument("--dataset", choices=DATASETS, default="cifar10")
    parser.add_argument("--data-dir", type=Path, default=default_data_dir())
    parser.add_argument("--fraction", type=float, default=SearchConfig.fraction)
    parser.add_argument("--epochs", type=int, default=SearchConfig.epochs)
    parser.add_argument("--seed", type=int, default=SearchConfig.seed)
    parser.add_argument("--precision", default=SearchConfig.precision)
    return parser.parse_args(argv)


if __name__ == "__main__":
    raise SystemExit(main())
