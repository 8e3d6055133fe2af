"""`python -m study run`: search, retrain, test and report."""

from __future__ import annotations

import argparse
import logging
import os
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from analysis.report_date import settle_report_date
from study import log_file
from study.arguments import DEFAULT_DATASET
from study.config import AugmentationConfig, RetrainConfig, SearchConfig, StudyConfig
from study.console import print_result
from study.errors import ConfigError, DatasetUnavailableError
from study.report_folder import default_folder

if TYPE_CHECKING:
    from rich.console import Console

    from study.datasets import Sample
    from study.records import StudyRecord

logger = logging.getLogger(__name__)

SUBSTITUTE = "digits"
"""Dataset that stands in for the default one where that cannot be had: it needs no download."""


def execute(arguments: argparse.Namespace, *, command: str, console: Console) -> int:
    """Do the whole job and return the exit code.

    Args:
        arguments: As `study.arguments` parses them.
        command: The command line to repeat this run.
        console: Where progress is shown.

    Raises:
        StudyError: If it is the user's to mend.
        FamilyFailedError: After all else is done, if no trial of a family could be trained, or no
            model of its winner.
    """
    config, sample = _prepare(arguments, command)

    from study import job
    from study.failures import check_any_completed, check_any_retrained
    from study.progress import Progress

    with Progress(console=console, quiet=arguments.quiet) as progress:
        record = job.run(config, sample=sample, progress=progress)

    from analysis.report import write_report

    files = write_report(record, out=config.out)
    _show(record, config, arguments.artifact_dir)
    _print_summary(record, config, files.html)
    searched = [family for family in record.families if family.family in config.families]
    check_any_completed(searched, continued_by=command)
    check_any_retrained(record, config.families, continued_by=command)
    return 0


def _show(record: StudyRecord, config: StudyConfig, artifact_dir: Path | None) -> None:
    """Write what optuna-dashboard shows beside the trials."""
    from study.dashboard.artifacts import store_artifacts
    from study.dashboard.pages import refresh

    refresh(config.storage_url, record)
    if artifact_dir is not None:
        store_artifacts(config.storage_url, record, folder=artifact_dir)


def _prepare(arguments: argparse.Namespace, command: str) -> tuple[StudyConfig, Sample]:
    """Check all that can be checked before anything slow starts or anything is written."""
    settle_report_date()

    from study.datasets import DATASETS, draw_sample
    from study.start_backend import chosen_backend
    from study.storage import check_readable, check_study_name, check_writable

    chosen_backend()
    config = _config(arguments, command)
    check_writable(config.storage_url)
    check_study_name(config.name)
    try:
        images = DATASETS[config.dataset].load_training(config.data_dir)
    except DatasetUnavailableError as error:
        if arguments.dataset is not None:
            raise
        logger.warning("CIFAR-10 cannot be had, so the small digits stand in for it. %s", error)
        config = _config(arguments, command, substitute_for=str(error))
        images = DATASETS[config.dataset].load_training(config.data_dir)
    log_file.name_study(config.name)
    check_readable(config.storage_url, config.name)
    _check_folder(config.out, "--out")
    if arguments.artifact_dir is not None:
        _check_folder(arguments.artifact_dir, "--artifact-dir")
    sample = draw_sample(
        images,
        n_classes=DATASETS[config.dataset].n_classes,
        fraction=config.search.fraction,
        seed=config.search.seed,
    )
    return config, sample


def _config(
    arguments: argparse.Namespace, command: str, *, substitute_for: str | None = None
) -> StudyConfig:
    """Return what was asked for; of another dataset, if that is to stand in for the default one.

    Raises:
        ConfigError: If a value is not allowed.
    """
    from study.datasets import DATASETS
    from study.storage import default_storage_url
    from study.workers import default_n_workers

    wanted = arguments.dataset or DEFAULT_DATASET
    dataset = wanted if substitute_for is None else SUBSTITUTE
    name = dataset if arguments.name is None else arguments.name
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
    epochs = arguments.retrain_epochs
    retrain = RetrainConfig(
        epochs=DATASETS[dataset].retrain_epochs if epochs is None else epochs,
        n_seeds=arguments.seeds,
        n_draws=arguments.draws,
        n_finalists=arguments.finalists,
        baselines=arguments.baselines,
        test_time_flip=arguments.test_time_flip,
        augmentation=AugmentationConfig(augmenter=arguments.augmenter),
    )
    return StudyConfig(
        name=name,
        dataset=dataset,
        substitute_for=substitute_for,
        families=arguments.architectures,
        storage_url=arguments.storage or default_storage_url(),
        data_dir=arguments.data_dir,
        out=arguments.out or default_folder(name),
        search=search,
        retrain=retrain,
        n_workers=default_n_workers() if arguments.workers is None else arguments.workers,
        trial_timeout_seconds=arguments.trial_timeout,
        command=command,
    )


def _check_folder(folder: Path, option: str) -> None:
    # The folder is made only when something is written to it; here, look where it will be.
    places = (folder, *folder.absolute().parents)
    # Path.exists is false for a link that leads nowhere or to itself, where no folder can be made.
    existing = next(path for path in places if os.path.lexists(path))
    if not existing.is_dir() or not os.access(existing, os.W_OK):
        raise ConfigError(
            f"Output folder {str(folder)!r} cannot be written (see {str(existing)!r}); "
            f"name another with {option}."
        )


def _print_summary(record: StudyRecord, config: StudyConfig, report: Path) -> None:
    from study.storage.urls import redacted
    from study.summary import winners_table

    url, name = shlex.quote(redacted(config.storage_url)), shlex.quote(record.name)
    print_result(
        f"{winners_table(record)}\n\n"
        f"Report:       {report}\n"
        f"Inspect:      python -m study dashboard --storage {url}\n"
        f"Report again: python -m analysis report --storage {url} --name {name}"
    )
