"""The command line: arguments, one call, what to print. Nothing else in the package prints."""

from __future__ import annotations

import argparse
import logging
import os
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from study.arguments import DEFAULT_DATASET, parse
from study.config import AugmentationConfig, RetrainConfig, SearchConfig, StudyConfig
from study.console import ConsoleHandler, print_result
from study.errors import ConfigError, DatasetUnavailableError, StudyError

if TYPE_CHECKING:
    from rich.console import Console

    from study.datasets import Images, Sample
    from study.records import StudyRecord

logger = logging.getLogger(__name__)
EXIT_USER_ERROR, EXIT_INTERRUPTED = 2, 130


def main(argv: Sequence[str] | None = None) -> int:
    """Run the program and return its exit code."""
    argv = sys.argv[1:] if argv is None else list(argv)
    arguments = parse(argv)
    # What is slow to import (Optuna, plotly) is imported only once it is needed.
    from rich.console import Console

    console = Console(stderr=True)
    _set_up_logging(console, quiet=arguments.quiet, verbose=arguments.verbose)
    try:
        return _run(arguments, argv, console)
    except StudyError as error:
        print(f"error: {' '.join(str(error).split())}", file=sys.stderr)
        return EXIT_USER_ERROR
    except KeyboardInterrupt:
        command = _shown_command(argv)
        print(f"Interrupted; everything so far is kept. To continue: {command}", file=sys.stderr)
        return EXIT_INTERRUPTED


def _run(arguments: argparse.Namespace, argv: Sequence[str], console: Console) -> int:
    config, sample = _prepare(arguments, _shown_command(argv))

    from study import job
    from study.progress import Progress

    with Progress(console=console, quiet=arguments.quiet) as progress:
        record = job.run(config, sample=sample, progress=progress)

    from analysis.report import write_report

    files = write_report(record, out=config.out)
    _print_summary(record, config, files.html)
    return 0


def _prepare(arguments: argparse.Namespace, command: str) -> tuple[StudyConfig, Sample]:
    """Check all that can be checked before anything slow starts or anything is written."""
    search = SearchConfig(
        n_trials=arguments.trials,
        epochs=arguments.epochs,
        engine=arguments.engine,
        sampler=arguments.sampler,
        pruner=arguments.pruner,
        tuner=arguments.tuner,
        seed=arguments.seed,
        fraction=arguments.fraction,
        precision=arguments.precision,
        time_budget_seconds=arguments.time_budget,
        n_measured=arguments.measure_trials,
    )
    retrain = RetrainConfig(
        epochs=arguments.retrain_epochs,
        n_seeds=arguments.seeds,
        n_finalists=arguments.finalists,
        baselines=arguments.baselines,
        test_time_flip=arguments.test_time_flip,
        augmentation=AugmentationConfig(augmenter=arguments.augmenter),
    )

    from study.datasets import DATASETS, draw_sample
    from study.start_backend import chosen_backend
    from study.storage import (
        check_readable,
        check_study_name,
        check_writable,
        default_storage_url,
    )
    from study.workers import default_n_workers

    chosen_backend()
    n_workers = default_n_workers() if arguments.workers is None else arguments.workers
    storage_url = arguments.storage or default_storage_url()
    check_writable(storage_url)
    if arguments.name is not None:
        check_study_name(arguments.name)
    dataset, images, substitute_for = _load_images(arguments.dataset, arguments.data_dir)
    sample = draw_sample(
        images,
        n_classes=DATASETS[dataset].n_classes,
        fraction=search.fraction,
        seed=search.seed,
    )
    name = arguments.name or dataset
    check_readable(storage_url, name)
    out = arguments.out or Path("reports") / name
    _check_output_folder(out)
    config = StudyConfig(
        name=name,
        dataset=dataset,
        substitute_for=substitute_for,
        families=arguments.architectures,
        storage_url=storage_url,
        data_dir=arguments.data_dir,
        out=out,
        search=search,
        retrain=retrain,
        n_workers=n_workers,
        command=command,
    )
    return config, sample


def _load_images(wanted: str | None, data_dir: Path) -> tuple[str, Images, str | None]:
    """Return the dataset's name, its training images, and why it stands in for the wanted one."""
    from study.datasets import DATASETS

    name = wanted or DEFAULT_DATASET
    try:
        return name, DATASETS[name].load_training(data_dir), None
    except DatasetUnavailableError as error:
        if wanted is not None:
            raise
        logger.warning("CIFAR-10 cannot be had, so the small digits stand in for it. %s", error)
        substitute = "digits"
        return substitute, DATASETS[substitute].load_training(data_dir), str(error)


def _check_output_folder(out: Path) -> None:
    # The folder is made only when something is written to it; here, look where it will be.
    existing = next(path for path in (out, *out.absolute().parents) if path.exists())
    if not existing.is_dir() or not os.access(existing, os.W_OK):
        raise ConfigError(
            f"Output folder {str(out)!r} cannot be written (see {str(existing)!r}); "
            "name another with --out."
        )


def _set_up_logging(console: Console, *, quiet: bool, verbose: bool) -> None:
    logging.basicConfig(level=logging.ERROR, handlers=[ConsoleHandler(console)], force=True)
    level = logging.WARNING if quiet else logging.DEBUG if verbose else logging.INFO
    for package in ("study", "analysis"):
        logging.getLogger(package).setLevel(level)


def _shown_command(argv: Sequence[str]) -> str:
    """Return the command line to run again, with a password in a storage URL hidden."""
    from study.storage.urls import redacted

    shown = list(argv)
    for index, argument in enumerate(argv):
        option, equals, value = argument.partition("=")
        if option == "--storage" and equals:
            shown[index] = f"{option}={redacted(value)}"
        elif index and argv[index - 1] == "--storage":
            shown[index] = redacted(argument)
    return shlex.join(["python", "-m", "study", *shown])


def _print_summary(record: StudyRecord, config: StudyConfig, report: Path) -> None:
    from study.storage.urls import redacted
    from study.summary import winners_table

    url, name = shlex.quote(redacted(config.storage_url)), shlex.quote(record.name)
    print_result(
        f"{winners_table(record)}\n\n"
        f"Report:       {report}\n"
        f"Inspect:      optuna-dashboard {url}\n"
        f"Report again: python -m analysis report --storage {url} --name {name}"
    )
