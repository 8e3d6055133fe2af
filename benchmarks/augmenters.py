"""What accuracy the shipped study's winners reach with Keras's ways to augment.

    python -m benchmarks.augmenters [--quick] [--folder DIR]
    python -m benchmarks.augmenters --precision float32 --seeds 2 --machine NAME

On a copy of `studies.db` that lacks the augmented runs the program itself trains them again, from
the same seeds, with each other augmenter; with a precision, which need not be the study's own,
those of its own augmenter as well. Takes hours on two cores, and goes on where it was stopped if it
is called with the same folder.
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
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import optuna
from optuna.storages import RDBStorage
from optuna.trial import TrialState

from benchmarks import measuring
from benchmarks.table import Result, Table
from benchmarks.worker import ROOT
from search_spaces import SPACES
from study.config import AUGMENTERS, PRECISIONS
from study.records import RETRAINED, RetrainedResult
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
    parser.add_argument("--folder", type=Path, help="for the copies; temporary if not given")
    parser.add_argument(
        "--precision",
        choices=[precision for precision in PRECISIONS if precision != "auto"],
        help="train with all augmenters, in this precision; if not given, in the study's own",
    )
    parser.add_argument(
        "--architectures",
        choices=sorted(SPACES),
        nargs="+",
        default=sorted(SPACES),
        help="families whose winners are trained; if not given, all",
    )
    parser.add_argument("--seeds", type=int, help="of each winner; if not given, as recorded")
    arguments = parser.parse_args()
    options, machine = measuring.options(arguments), measuring.machine()
    temporary = tempfile.TemporaryDirectory() if arguments.folder is None else None
    with temporary or nullcontext(str(arguments.folder)) as folder:
        name = QUICK if options.quick else SHIPPED
        study = _Study(
            database=_database(Path(folder).absolute(), quick=options.quick),
            name=name,
            families=arguments.architectures,
            precision=arguments.precision,
            n_seeds=arguments.seeds,
        )
        measured = {augmenter: study.augmented_with(augmenter) for augmenter in AUGMENTERS}
        command = study.command()
    measuring.finish(
        "augmenters",
        options,
        machine=machine,
        settings={
            "study": name,
            "command": shlex.join(command),
            "precision": arguments.precision or "the study's own",
        },
        measured=measured,
        tables=tables,
    )
    return 0


def _database(folder: Path, *, quick: bool) -> Path:
    """Return a database in the folder with the study as it was recorded."""
    folder.mkdir(parents=True, exist_ok=True)
    database = folder / "recorded.db"
    if quick:
        _run(["run", *QUICK_RUN], database)
    elif not database.exists():
        shutil.copy(ROOT / "studies.db", database)
    return database


@dataclass(frozen=True, kw_only=True)
class _Study:
    """A recorded study whose winners are trained again with another augmenter.

    Attributes:
        database: That holds it; copies of it are made beside it.
        name: Of the study.
        families: Whose winners are trained.
        precision: To train in; None for the recorded one.
        n_seeds: Of each winner; None for as many as were recorded.
    """

    database: Path
    name: str
    families: Sequence[str]
    precision: str | None
    n_seeds: int | None

    def augmented_with(self, augmenter: str) -> dict[str, list[dict[str, Any]]]:
        """Return each family's augmented runs, in the order of their seeds; trains what lacks."""
        if augmenter == AUGMENTERS[0] and self.precision is None:
            return self._runs(self.database)
        precision = self.precision or "as-recorded"
        database = self.database.with_name(f"{augmenter}-{precision}.db")
        if not database.exists():
            self._forget_augmented_runs(database, augmenter)
        _run([*self.command(), "--augmenter", augmenter], database)
        return self._runs(database)

    def command(self) -> list[str]:
        """Return the study's own command after `python -m study`, for the families alone."""
        record = read_study(f"sqlite:///{self.database}", self.name)
        arguments = shlex.split(str(record.families[0].settings["command"]))[3:]
        # Not where its output went.
        for option in ("--storage", "--out", "--log-file", "--artifact-dir"):
            if option in arguments:
                place = arguments.index(option)
                del arguments[place : place + 2]
        if self.n_seeds is not None:
            arguments += ["--seeds", str(self.n_seeds)]
        return [*arguments, "--architectures", ",".join(self.families)]

    def _forget_augmented_runs(self, database: Path, augmenter: str) -> None:
        """Make a copy that lacks them and names the augmenter, and the precision to train in.

        Runs without augmentation stay, whatever their precision: they are not to be trained again,
        and nobody compares them.
        """
        unfinished = database.with_suffix(".part")
        shutil.copy(self.database, unfinished)
        with open_for_writing(f"sqlite:///{unfinished}") as storage:
            whole = f"{self.name}/{RETRAINED}"
            optuna_study = optuna.load_study(study_name=whole, storage=storage)
            attrs = copy.deepcopy(optuna_study.user_attrs)
            attrs["settings"]["augmentation"]["augmenter"] = augmenter
            trials = [
                trial
                for trial in optuna_study.get_trials(states=(TrialState.COMPLETE,))
                if not trial.params["augmentation"]
            ]
            optuna.delete_study(study_name=whole, storage=storage)
            open_study(storage, whole, attrs=attrs, metric="test accuracy").add_trials(trials)
            if self.precision is not None:
                _set_precision(storage, self.name, self.precision)
        unfinished.rename(database)

    def _runs(self, database: Path) -> dict[str, list[dict[str, Any]]]:
        record = read_study(f"sqlite:///{database}", self.name)
        runs = sorted(
            (result for result in results_of_winners(record) if result.augmented),
            key=lambda result: result.seed,
        )
        if self.n_seeds is not None:
            runs = [run for run in runs if run.seed < self.n_seeds]
        return {
            family: [_numbers(run) for run in runs if run.family == family]
            for family in self.families
        }


def _run(arguments: Sequence[str], database: Path) -> None:
    place = ("--storage", f"sqlite:///{database}", "--out", str(database.with_suffix("")))
    subprocess.run([sys.executable, "-m", "study", *arguments, *place], cwd=ROOT, check=True)


def _set_precision(storage: RDBStorage, name: str, precision: str) -> None:
    for summary in storage.get_all_studies():
        if summary.study_name.startswith(f"{name}/"):
            optuna_study = optuna.load_study(study_name=summary.study_name, storage=storage)
            settings = {**optuna_study.user_attrs["settings"], "precision": precision}
            optuna_study.set_user_attr("settings", settings)


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
    spread = f" ± {statistics.stdev(accuracies):.1f}" if len(runs) > 1 else ""
    return str(len(runs)), f"{statistics.mean(accuracies):.1f}{spread} %"


def _difference(runs: Sequence[Mapping[str, Any]], ours: Sequence[Mapping[str, Any]]) -> str:
    if runs is ours:
        return ""
    pairs = zip(runs, ours, strict=True)
    points = [100 * (its["test_accuracy"] - own["test_accuracy"]) for its, own in pairs]
    return measuring.Spread.of(points).text(1)


if __name__ == "__main__":
    raise SystemExit(main())
