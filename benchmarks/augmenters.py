"""What accuracy the shipped study's winners reach with Keras's classic `ImageDataGenerator`.

    python -m benchmarks.augmenters [--quick] [--folder DIR]

On a copy of `studies.db` that lacks the augmented runs the program itself trains them again, from
the same seeds, with the other augmenter. Takes an hour or two on two cores, and goes on where
it was stopped if it is called with the same folder.
"""

from __future__ import annotations

import copy
import shlex
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import optuna
from optuna.trial import TrialState

from benchmarks import measuring
from benchmarks.table import Result, Table
from benchmarks.worker import ROOT
from study.config import AUGMENTERS, IMAGE_DATA_GENERATOR
from study.records import RetrainedResult
from study.storage import open_for_writing, read_study
from study.studies import open_study
from study.winners import results_of_winners

SHIPPED, QUICK = "reference-cifar10", "quick"
QUICK_RUN = (
    *("--dataset", "digits", "--name", QUICK, "--trials", "1", "--epochs", "1"),
    *("--retrain-epochs", "2", "--seeds", "2"),
)


def main() -> int:
    """Measure, store and print."""
    parser = measuring.parser(__doc__, repeats=1)
    parser.add_argument("--folder", type=Path, help="for the copy; temporary if not given")
    arguments = parser.parse_args()
    options, machine = measuring.options(arguments), measuring.machine()
    temporary = tempfile.TemporaryDirectory() if arguments.folder is None else None
    with temporary or nullcontext(str(arguments.folder)) as folder:
        name = QUICK if options.quick else SHIPPED
        ours = _database(Path(folder).absolute(), quick=options.quick)
        others = ours.with_name("others.db")
        if not others.exists():
            _without_augmented_runs(ours, others, name)
        command = _recorded_command(others, name)
        _run([*command, "--augmenter", IMAGE_DATA_GENERATOR], others)
        measured = {
            augmenter: _by_family(database, name)
            for augmenter, database in zip(AUGMENTERS, (ours, others), strict=True)
        }
    measuring.finish(
        "augmenters",
        options,
        machine=machine,
        settings={"study": name, "command": shlex.join(command)},
        measured=measured,
        tables=tables,
    )
    return 0


def _database(folder: Path, *, quick: bool) -> Path:
    """Return a database in the folder with the study as its own augmenter has it."""
    folder.mkdir(parents=True, exist_ok=True)
    database = folder / "ours.db"
    if quick:
        _run(["run", *QUICK_RUN], database)
    elif not database.exists():
        shutil.copy(ROOT / "studies.db", database)
    return database


def _run(arguments: Sequence[str], database: Path) -> None:
    place = ("--storage", f"sqlite:///{database}", "--out", str(database.with_suffix("")))
    subprocess.run([sys.executable, "-m", "study", *arguments, *place], cwd=ROOT, check=True)


def _recorded_command(database: Path, name: str) -> list[str]:
    """Return the study's own command after `python -m study`, without where its output went."""
    command = read_study(f"sqlite:///{database}", name).families[0].settings["command"]
    arguments = shlex.split(str(command))[3:]
    for option in ("--storage", "--out", "--log-file", "--artifact-dir"):
        if option in arguments:
            place = arguments.index(option)
            del arguments[place : place + 2]
    return arguments


def _without_augmented_runs(ours: Path, others: Path, name: str) -> None:
    """Make a copy of a database that lacks a study's augmented runs and names the other tool."""
    unfinished = others.with_suffix(".part")
    shutil.copy(ours, unfinished)
    with open_for_writing(f"sqlite:///{unfinished}") as storage:
        whole = f"{name}/retrained"
        optuna_study = optuna.load_study(study_name=whole, storage=storage)
        attrs = copy.deepcopy(optuna_study.user_attrs)
        attrs["settings"]["augmentation"]["augmenter"] = IMAGE_DATA_GENERATOR
        trials = [
            trial
            for trial in optuna_study.get_trials(states=(TrialState.COMPLETE,))
            if not trial.params["augmentation"]
        ]
        optuna.delete_study(study_name=whole, storage=storage)
        open_study(storage, whole, attrs=attrs, metric="test accuracy").add_trials(trials)
    unfinished.rename(others)


def _by_family(database: Path, name: str) -> dict[str, list[dict[str, Any]]]:
    """Return each family's augmented runs in the order of their seeds."""
    record = read_study(f"sqlite:///{database}", name)
    runs = sorted(
        (result for result in results_of_winners(record) if result.augmented),
        key=lambda result: result.seed,
    )
    return {
        family.family: [_numbers(run) for run in runs if run.family == family.family]
        for family in record.families
    }


def _numbers(run: RetrainedResult) -> dict[str, Any]:
    # Not the seconds: the two were not trained side by side, see `benchmarks/augmentation.py`.
    return {"seed": run.seed, "test_accuracy": run.test_accuracy}


def tables(result: Result) -> list[Table]:
    """Return what each augmenter's runs reach, and their difference from the same seeds."""
    rows = []
    for family, ours in result["measured"][AUGMENTERS[0]].items():
        for augmenter, measured in result["measured"].items():
            runs = measured[family]
            rows.append([family, augmenter, *_summary(runs), _difference(runs, ours)])
    columns = ("family", "augmenter", "runs", "test accuracy", "points above ours")
    return [Table(title="Winners retrained with augmentation", columns=columns, rows=rows)]


def _summary(runs: Sequence[Mapping[str, Any]]) -> tuple[str, str]:
    accuracies = [100 * run["test_accuracy"] for run in runs]
    mean, deviation = statistics.mean(accuracies), statistics.stdev(accuracies)
    return str(len(runs)), f"{mean:.1f} ± {deviation:.1f} %"


def _difference(runs: Sequence[Mapping[str, Any]], ours: Sequence[Mapping[str, Any]]) -> str:
    if runs is ours:
        return ""
    pairs = zip(runs, ours, strict=True)
    points = [100 * (its["test_accuracy"] - own["test_accuracy"]) for its, own in pairs]
    return measuring.Spread.of(points).text(1)


if __name__ == "__main__":
    raise SystemExit(main())
