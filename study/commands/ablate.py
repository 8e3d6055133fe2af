"""`python -m study ablate`: why the winner won, one hyperparameter at a time."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from analysis.report_date import settle_report_date
from study import log_file
from study.argument_types import families, whole_number, workers
from study.config import RetrainConfig, SearchConfig, StudyConfig
from study.console import print_result
from study.datasets import default_data_dir
from study.errors import ConfigError
from study.one_line_parser import folder
from study.report_folder import default_folder

if TYPE_CHECKING:
    from rich.console import Console

    from study.datasets import Sample
    from study.records import StudyRecord


def add_to(commands: Any) -> None:
    """Add this command and its options to the parser's commands."""
    parser = commands.add_parser(
        "ablate",
        help="train the steps from a named configuration to the winner",
        description="Change a named configuration into the winner, one hyperparameter at a time, "
        "and train every step on the search's images; then compare families at the smaller "
        "winner's number of parameters. Run it again to continue where it ended.",
    )
    parser.add_argument("--name", help="study; if not given, the one with the newest trial")
    parser.add_argument(
        "--architectures",
        type=families,
        metavar="FAMILY[,FAMILY]",
        help="families to study; if not given, all of the study",
    )
    parser.add_argument(
        "--baseline",
        metavar="NAME",
        help="named configuration to begin with; if not given, the one that scored highest",
    )
    parser.add_argument(
        "--seeds",
        type=whole_number,
        default=RetrainConfig.n_seeds,
        help="runs of each step (default: %(default)s)",
    )
    parser.add_argument(
        "--workers",
        type=workers,
        metavar="N|auto",
        help="processes that train; if not given, auto, as in run",
    )
    parser.add_argument(
        "--data-dir",
        type=folder,
        default=default_data_dir(),
        help="folder of the datasets' files; if not given, $STUDY_DATA_DIR or the user's cache",
    )
    parser.add_argument(
        "--storage",
        metavar="URL",
        help="database; if not given, $OPTUNA_STORAGE or sqlite:///studies.db",
    )
    parser.add_argument(
        "--out", type=folder, help="folder of the report; if not given, reports/NAME"
    )
    log_file.add_to(parser)
    noise = parser.add_mutually_exclusive_group()
    noise.add_argument("--quiet", action="store_true", help="tell only of trouble")
    noise.add_argument("--verbose", action="store_true", help="tell of every epoch")


def execute(arguments: argparse.Namespace, *, command: str, console: Console) -> int:
    """Train the path of each family, write the report, and return the exit code.

    Raises:
        StudyError: If it is the user's to mend.
    """
    settle_report_date()

    from study.storage import check_writable, default_storage_url, newest_study_name, read_study

    url = arguments.storage or default_storage_url()
    name = arguments.name or newest_study_name(url)
    record = read_study(url, name)
    check_writable(url)
    log_file.name_study(name)
    config = _config(arguments, record, url=url, command=command)
    sample = _sample(config, record)

    from study import job
    from study.progress import Progress

    with Progress(console=console, quiet=arguments.quiet) as progress:
        record = job.ablate(config, sample=sample, progress=progress, baseline=arguments.baseline)

    from analysis.report import write_report

    print_result(f"Report: {write_report(record, out=config.out).html}")
    return 0


def _config(
    arguments: argparse.Namespace, record: StudyRecord, *, url: str, command: str
) -> StudyConfig:
    """Return the study's own settings, as the database has them."""
    from study.workers import default_n_workers

    known = [family.family for family in record.families]
    wanted = arguments.architectures or tuple(known)
    for family in wanted:
        if family not in known:
            raise ConfigError(
                f"Study {record.name!r} has no family {family!r}; it has {', '.join(known)}."
            )
    settings = next(one.settings for one in record.families if one.family == wanted[0])
    dataset = record.dataset
    epochs, precision = settings.get("epochs"), settings.get("precision")
    if not isinstance(epochs, int) or not isinstance(precision, str):
        raise ConfigError(f"Study {record.name!r} does not say how its trials were trained.")
    if dataset.fraction is None or dataset.sample_seed is None:
        raise ConfigError(f"Study {record.name!r} does not say which images it used.")
    return StudyConfig(
        name=record.name,
        dataset=dataset.name,
        substitute_for=dataset.substitute_for,
        families=wanted,
        storage_url=url,
        data_dir=arguments.data_dir,
        out=arguments.out or default_folder(record.name),
        search=SearchConfig(
            epochs=epochs,
            seed=dataset.sample_seed,
            fraction=dataset.fraction,
            precision=precision,
        ),
        retrain=RetrainConfig(n_seeds=arguments.seeds),
        n_workers=default_n_workers() if arguments.workers is None else arguments.workers,
        command=command,
    )


def _sample(config: StudyConfig, record: StudyRecord) -> Sample:
    """Return the images that the study was searched with.

    Raises:
        ConfigError: If this program does not know its dataset.
        DatasetError: If the images cannot be had.
    """
    from study.datasets import DATASETS, draw_sample
    from study.start_backend import chosen_backend

    chosen_backend()
    if config.dataset not in DATASETS:
        raise ConfigError(
            f"Study {record.name!r} used dataset {config.dataset!r}, which is not known here; "
            f"known: {', '.join(sorted(DATASETS))}."
        )
    dataset = DATASETS[config.dataset]
    return draw_sample(
        dataset.load_training(config.data_dir),
        n_classes=dataset.n_classes,
        fraction=config.search.fraction,
        seed=config.search.seed,
    )
