"""The command line: which contenders, how often; what is done is not done again."""

from __future__ import annotations

import argparse
import importlib.util
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.measuring import add_machine_name, results_folder
from benchmarks.rivals.contenders import CONTENDERS
from benchmarks.rivals.process import (
    ContenderFailedError,
    faster_precision,
    run_retraining,
    run_search,
)
from benchmarks.rivals.results import ResultsFile
from benchmarks.rivals.setting import QUICK, Assignment, Setting
from benchmarks.rivals.tables import compare, searches, targets
from study.datasets import DATASETS, default_data_dir
from study.errors import ConfigError, StudyError
from study.one_line_parser import OneLineParser


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What one call of the program is to do.

    Attributes:
        results: The task, and where its outcomes are kept.
        contenders: Who, in order.
        seeds: One search of each contender with each.
        data_dir: Folder of the datasets' files.
    """

    results: ResultsFile
    contenders: tuple[str, ...]
    seeds: tuple[int, ...]
    data_dir: Path

    def in_turn(self) -> Iterator[tuple[str, int]]:
        """Yield contender and seed: all contenders with a seed, beginning with another each time.

        So a machine that slows down meanwhile slows no contender in particular.
        """
        for round_number, seed in enumerate(self.seeds):
            first = round_number % len(self.contenders)
            for contender in self.contenders[first:] + self.contenders[:first]:
                yield contender, seed


def main(argv: Sequence[str] | None = None) -> int:
    """Run the program and return its exit code: 1 where a contender failed."""
    try:
        plan, only_table = _parse(argv)
        n_failed = 0 if only_table else _run(plan)
        rows = compare(tuple(plan.results.read().values()))
    except StudyError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print(f"{searches(rows).markdown()}\n\n{targets(rows).markdown()}")
    return 1 if n_failed else 0


def _parse(argv: Sequence[str] | None) -> tuple[Plan, bool]:
    parser = OneLineParser(
        prog="python -m benchmarks.rivals",
        description="Our search against Optuna's, KerasTuner's and Ray Tune's. Run it again to "
        "continue where it ended.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument(
        "--quick", action="store_true", help="see that everything works; measures nothing"
    )
    parser.add_argument(
        "--contender",
        action="append",
        choices=CONTENDERS,
        metavar="NAME",
        default=argparse.SUPPRESS,
        help=f"one of {', '.join(CONTENDERS)}; may be repeated; if not given, all",
    )
    parser.add_argument("--seed", type=int, default=0, help="seed of the first repeat")
    parser.add_argument("--repeats", type=int, default=1, help="searches of each contender")
    parser.add_argument("--dataset", default=Setting.dataset, help="images")
    parser.add_argument("--family", default=Setting.family, help="architecture to search")
    for option, attribute, text in (
        ("--images", "n_images", "images to train on and to validate with"),
        ("--trials", "n_trials", "configurations to try"),
        ("--epochs", "epochs", "epochs of a whole trial and of a retraining"),
        ("--retrained", "n_retrained", "models to train of each winner"),
    ):
        full, quick = getattr(Setting, attribute), getattr(QUICK, attribute)
        parser.add_argument(
            option,
            type=int,
            dest=attribute,
            default=argparse.SUPPRESS,
            help=f"{text} (default: {full}; {quick} with --quick)",
        )
    parser.add_argument(
        "--data-dir", type=Path, default=default_data_dir(), help="folder of the datasets' files"
    )
    parser.add_argument("--only-table", action="store_true", help="compare what is there")
    add_machine_name(parser)
    arguments = parser.parse_args(argv)
    if arguments.repeats < 1 or arguments.seed < 0:
        raise ConfigError(
            f"--repeats must be at least 1 and --seed 0 or more, but got {arguments.repeats} "
            f"and {arguments.seed}."
        )
    return _plan(arguments), arguments.only_table


def _plan(arguments: argparse.Namespace) -> Plan:
    attributes = ("dataset", "family", "n_images", "n_trials", "epochs", "n_retrained")
    given = {name: value for name, value in vars(arguments).items() if name in attributes}
    setting = replace(QUICK if arguments.quick else Setting(), **given)
    # Git ignores the folder of quick results: their numbers say nothing.
    folder = results_folder(
        quick=arguments.quick, machine_name=getattr(arguments, "machine_name", "")
    )
    name = "rivals" if setting in (Setting(), QUICK) else f"rivals-{setting.slug}"
    return Plan(
        results=ResultsFile(path=folder / f"{name}.json", setting=setting),
        contenders=tuple(getattr(arguments, "contender", CONTENDERS)),
        seeds=tuple(range(arguments.seed, arguments.seed + arguments.repeats)),
        data_dir=arguments.data_dir.absolute(),
    )


def _run(plan: Plan) -> int:
    """Do what is missing and return how many contenders failed."""
    _check_installed(plan.contenders)
    plan.results.check_same()
    fraction, precision = _fraction(plan), faster_precision()
    n_failed = 0
    for contender, seed in plan.in_turn():
        with tempfile.TemporaryDirectory(prefix="rivals-") as scratch:
            assignment = Assignment(
                contender=contender,
                setting=plan.results.setting,
                seed=seed,
                fraction=fraction,
                data_dir=plan.data_dir,
                scratch=Path(scratch),
                faster_precision=precision,
            )
            try:
                _finish(assignment, plan.results)
            except ContenderFailedError as error:
                print(error, file=sys.stderr)
                n_failed += 1
    return n_failed


def _fraction(plan: Plan) -> float:
    setting = plan.results.setting
    n_available = len(DATASETS[setting.dataset].load_training(plan.data_dir))
    if setting.n_images > n_available:
        raise ConfigError(
            f"--images must be at most {n_available}, which {setting.dataset} has, but got "
            f"{setting.n_images}."
        )
    return setting.n_images / n_available


def _finish(assignment: Assignment, results: ResultsFile) -> None:
    name = f"{assignment.contender}, seed {assignment.seed}"
    outcome = results.read().get((assignment.contender, assignment.seed))
    if outcome is None:
        print(f"{name}: searching", file=sys.stderr)
        outcome = run_search(assignment)
        results.add(outcome)
    print(f"{name}: winner after {outcome.search_seconds:.0f} s", file=sys.stderr)
    if not outcome.test_accuracies:
        results.add(run_retraining(assignment, outcome))


def _check_installed(contenders: Sequence[str]) -> None:
    for name in contenders:
        for package in CONTENDERS[name].packages:
            if importlib.util.find_spec(package) is None:
                raise ConfigError(
                    f"Contender {name!r} needs the package {package!r}; install the optional "
                    "dependencies 'rivals', or choose others with --contender."
                )
