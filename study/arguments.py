"""The command line's grammar; that of `run` is here, of other commands in their own files."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from search_spaces import SPACES
from study import log_file
from study.argument_types import duration, families, number, whole_number, workers
from study.commands import ablate, dashboard, doctor, status
from study.config import (
    AUGMENTERS,
    ENGINES,
    PRECISIONS,
    AugmentationConfig,
    RetrainConfig,
    SearchConfig,
)
from study.datasets import DATASETS, default_data_dir
from study.keras_tuner.tuners import TUNERS
from study.one_line_parser import OneLineParser, folder
from study.pruners import PRUNERS
from study.samplers import SAMPLERS
from study.schedulers import SCHEDULERS

DEFAULT_DATASET = "cifar10"
ENGINE_OF = {"sampler": "optuna", "pruner": "optuna", "tuner": "keras-tuner"}


def parse(argv: Sequence[str]) -> argparse.Namespace:
    """Return the parsed arguments; exits with 0 after --help and with 2 after a mistake."""
    parser = OneLineParser(
        prog="python -m study",
        description="Which network is better, by how much, and why: search, retrain, report.",
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    run = commands.add_parser(
        "run",
        help="search both families, retrain the winners, test them, and write the report",
        description="Search, retrain, test and report. Run it again to continue where it ended.",
        formatter_class=_DefaultsFormatter,
    )
    _add_subject(run)
    _add_search(run)
    _add_retraining(run)
    _add_output(run)
    ablate.add_to(commands)
    status.add_to(commands)
    dashboard.add_to(commands)
    doctor.add_to(commands)
    arguments = parser.parse_args(argv)
    if arguments.command == "run":
        _settle_engine(run, arguments)
    return arguments


def _settle_engine(parser: argparse.ArgumentParser, arguments: argparse.Namespace) -> None:
    """Refuse options of the engine that is not used, and fill in the defaults of all."""
    for option, engine in ENGINE_OF.items():
        given = getattr(arguments, option)
        if given is None:
            setattr(arguments, option, getattr(SearchConfig, option))
        elif engine != arguments.engine:
            parser.error(
                f"--{option} {given} needs --engine {engine}, but the engine is {arguments.engine}"
            )


class _DefaultsFormatter(argparse.ArgumentDefaultsHelpFormatter):
    """Adds the defaults that are a number or a word; the other help texts say what happens."""

    def _get_help_string(self, action: argparse.Action) -> str | None:
        if isinstance(action.default, bool) or not isinstance(action.default, (int, float, str)):
            return action.help
        return super()._get_help_string(action)


def _add_subject(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("what is compared")
    group.add_argument(
        "--dataset",
        choices=sorted(DATASETS),
        help=f"images; if not given, {DEFAULT_DATASET}, or digits where that cannot be had",
    )
    group.add_argument("--name", help="name of the study; if not given, the dataset's")
    group.add_argument(
        "--architectures",
        type=families,
        default=tuple(SPACES),
        metavar="FAMILY[,FAMILY]",
        help=f"families to search, of {', '.join(SPACES)}; if not given, all",
    )
    group.add_argument(
        "--fraction",
        type=number,
        default=SearchConfig.fraction,
        help="share of the training images to use, the same number from each class",
    )
    group.add_argument(
        "--data-dir",
        type=folder,
        default=default_data_dir(),
        help="folder of the datasets' files; if not given, $STUDY_DATA_DIR or the user's cache",
    )


def _add_search(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("search")
    group.add_argument(
        "--trials",
        type=whole_number,
        default=SearchConfig.n_trials,
        help="target number of trials of each family, those already there included",
    )
    group.add_argument(
        "--epochs", type=whole_number, default=SearchConfig.epochs, help="epochs of a whole trial"
    )
    group.add_argument(
        "--engine", choices=ENGINES, default=SearchConfig.engine, help="whose search it is"
    )
    for option, choices, what in (
        ("sampler", SAMPLERS, "proposes configurations in optuna"),
        (
            "pruner",
            [*SCHEDULERS, *PRUNERS],
            "stops poor trials early in optuna; asha lets them wait, and go on if they prove to be "
            "good; rounds lets the best go on only when all have come as far, which is cheaper",
        ),
        ("tuner", TUNERS, "proposes configurations in keras-tuner; hyperband stops poor ones too"),
    ):
        # No default here: giving the option of an engine that is not used is a mistake.
        default = getattr(SearchConfig, option)
        group.add_argument(f"--{option}", choices=choices, help=f"{what}; if not given, {default}")
    group.add_argument(
        "--seed", type=whole_number, default=SearchConfig.seed, help="seed of everything random"
    )
    group.add_argument(
        "--time-budget",
        type=duration,
        metavar="TIME",
        help="begin no new round of trials after this, as 90m, 2h or 1h30m; families that are "
        "behind still catch up, and winners are retrained after it",
    )
    group.add_argument(
        "--trial-timeout",
        type=duration,
        metavar="TIME",
        help="fail a trial that its worker trains for longer than this before it pauses or ends, "
        "and leave out a run of retraining that takes longer: it may hang; if not given, no limit",
    )
    group.add_argument(
        "--measure-trials",
        type=whole_number,
        default=SearchConfig.n_measured,
        metavar="N",
        help="beside the search, train N configurations of each family drawn at random to the end: "
        "they tell what to expect of 1 to N trials",
    )
    group.add_argument(
        "--precision",
        choices=PRECISIONS,
        default=SearchConfig.precision,
        help="arithmetic; auto measures which is faster here",
    )

    group.add_argument(
        "--workers",
        type=workers,
        metavar="N|auto",
        help="processes that train, each with its share of the cores; if not given, auto: one for "
        "each core as far as memory goes, or four that share a GPU",
    )


def _add_retraining(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("retraining of the winners")
    group.add_argument(
        "--retrain-epochs",
        type=whole_number,
        help="epochs of a run; if not given, as the dataset needs: "
        + ", ".join(f"{one.retrain_epochs} for {name}" for name, one in DATASETS.items()),
    )
    group.add_argument(
        "--seeds",
        type=whole_number,
        default=RetrainConfig.n_seeds,
        help="runs of each winner, as many with augmentation as without",
    )
    group.add_argument(
        "--draws",
        type=whole_number,
        default=RetrainConfig.n_draws,
        metavar="K",
        help="retrain each winner on K samples of the training images, each from all seeds: they "
        "tell how much of the spread is the sample's",
    )
    group.add_argument(
        "--finalists",
        type=whole_number,
        default=RetrainConfig.n_finalists,
        metavar="K",
        help="train the K best trials of each family again from fresh seeds, on validation images, "
        "before naming the winner; 0 for none",
    )
    group.add_argument(
        "--augmenter",
        choices=AUGMENTERS,
        default=AugmentationConfig.augmenter,
        help="what moves the images of augmented runs: this program's own, Keras's classic tool or "
        "its random layers",
    )
    group.add_argument(
        "--test-time-flip",
        action=argparse.BooleanOptionalAction,
        default=RetrainConfig.test_time_flip,
        help="predict each test image mirrored too and average; if not given, it is done, except "
        "where mirroring changes what images show, as with digits",
    )
    group.add_argument(
        "--baselines", action="store_true", help="retrain the named configurations too"
    )


def _add_output(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("where results go")
    group.add_argument(
        "--storage",
        metavar="URL",
        help="database; if not given, $OPTUNA_STORAGE or sqlite:///studies.db. Others can read a "
        "command line: give a URL with a password in $OPTUNA_STORAGE",
    )
    group.add_argument(
        "--out", type=folder, help="folder of the report; if not given, reports/NAME"
    )
    group.add_argument(
        "--artifact-dir",
        type=folder,
        metavar="DIR",
        help="folder for a confusion matrix and a learning curve of each retrained model, which "
        "the dashboard shows; if not given, none are made",
    )
    log_file.add_to(group)
    noise = group.add_mutually_exclusive_group()
    noise.add_argument("--quiet", action="store_true", help="tell only of trouble")
    noise.add_argument("--verbose", action="store_true", help="tell of every epoch")
