"""The whole job: images, search, winners, retraining."""

from __future__ import annotations

import logging
from dataclasses import asdict
from typing import Any

import optuna
from optuna.storages import RDBStorage

from search_spaces import SPACES
from study import retrain
from study.config import StudyConfig
from study.datasets import DATASETS
from study.datasets.base import Images
from study.datasets.sampling import Sample
from study.objective import Objective
from study.progress import Progress
from study.records import RETRAINED, StudyRecord, encode_labels
from study.runs import Run, candidates, done_keys, planned_runs
from study.search import FamilySearch, run_search
from study.storage import open_for_writing, read_study
from study.studies import (
    common_attrs,
    find_study,
    open_search_study,
    open_study,
    stored_precision,
)
from study.training import precision
from study.training.fit import EpochScores
from study.winners import pick_winners

logger = logging.getLogger(__name__)


def run(config: StudyConfig, *, sample: Sample, progress: Progress) -> StudyRecord:
    """Search, pick the winners, retrain and test them; what is already done is not done again.

    Args:
        config: What to do.
        sample: The images to search with.
        progress: Told how far the run is.

    Returns:
        All that the database then holds of the study.
    """
    # This program's own log says the same in fewer words.
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    with open_for_writing(config.storage_url) as storage:
        chosen = _precision(storage, config)
        _check_retrained(storage, config, sample, chosen)
        _search(storage, config, sample, chosen, progress)
        _retrain(storage, config, sample, chosen, progress)
    return read_study(config.storage_url, config.name)


def _check_retrained(storage: RDBStorage, config: StudyConfig, sample: Sample, chosen: str) -> None:
    # Before the search, not hours later: may its winners join what was retrained before?
    attrs = _retrained_attrs(config, sample, chosen)
    optuna_study = find_study(storage, f"{config.name}/{RETRAINED}", attrs=attrs)
    if optuna_study is not None:
        retrain.check_families(optuna_study, config.families)


def _precision(storage: RDBStorage, config: StudyConfig) -> str:
    if config.search.precision == "auto":
        # A continued study keeps the arithmetic it was begun with: its scores must compare.
        stored = stored_precision(storage, config)
        if stored is not None:
            return stored
    chosen = precision.resolve(config.search.precision)
    logger.info("Training computes in %s.", chosen)
    return chosen


def _search(
    storage: RDBStorage, config: StudyConfig, sample: Sample, chosen: str, progress: Progress
) -> None:
    dataset = DATASETS[config.dataset]

    def on_epoch(family: str, number: int, scores: EpochScores) -> None:
        logger.debug(
            "%s trial %d epoch %d: validation accuracy %.4f, training loss %.4f, %.1f s",
            *(family, number, scores.epoch, scores.validation_accuracy),
            *(scores.training_loss, scores.seconds),
        )

    attrs = common_attrs(config, dataset, sample, precision=chosen)
    searches = [
        FamilySearch(
            family=family,
            optuna_study=open_search_study(storage, config, SPACES[family], attrs=attrs),
            objective=Objective(
                space=SPACES[family],
                dataset=dataset,
                sample=sample,
                config=config.search,
                precision=chosen,
                on_epoch=on_epoch,
            ),
        )
        for family in config.families
    ]
    run_search(searches, config=config.search, progress=progress)


def _retrain(
    storage: RDBStorage, config: StudyConfig, sample: Sample, chosen: str, progress: Progress
) -> None:
    record = read_study(config.storage_url, config.name)
    families = [family for family in record.families if family.family in config.families]
    winners = pick_winners(families)
    for family in {family.family for family in families} - {winner.family for winner in winners}:
        logger.warning("No trial of %s completed: it has no winner to retrain.", family)
    planned = planned_runs(
        candidates(winners, baselines=config.retrain.baselines), n_seeds=config.retrain.n_seeds
    )
    done = done_keys(record.retrained)
    missing = [run for run in planned if run.key not in done]
    progress.retraining_started(len(planned) - len(missing), target=len(planned))
    if not missing:
        return
    dataset = DATASETS[config.dataset]
    test = dataset.load_test(config.data_dir)
    optuna_study = _retrained_study(storage, config, sample, chosen, test)
    retrainer = retrain.Retrainer(
        dataset=dataset,
        train=sample.whole,
        test=test,
        config=config.retrain,
        base_seed=config.search.seed,
        precision=chosen,
        models_dir=config.out / "models",
        on_epoch=_log_retraining_epoch,
    )
    retrain.run_all(retrainer, optuna_study, missing, progress.retrained)


def _retrained_study(
    storage: RDBStorage, config: StudyConfig, sample: Sample, chosen: str, test: Images
) -> optuna.Study:
    attrs = _retrained_attrs(config, sample, chosen)
    attrs["test_labels"] = encode_labels(test.labels.tobytes())
    attrs["dataset"]["n_test"] = len(test)
    name = f"{config.name}/{RETRAINED}"
    return open_study(storage, name, attrs=attrs, metric="test accuracy")


def _retrained_attrs(config: StudyConfig, sample: Sample, chosen: str) -> dict[str, Any]:
    attrs = common_attrs(config, DATASETS[config.dataset], sample, precision=chosen)
    attrs["settings"] = {
        "epochs": config.retrain.epochs,
        "augmentation": asdict(config.retrain.augmentation),
        "precision": chosen,
        "seed": config.search.seed,
        "command": config.command,
    }
    return attrs


def _log_retraining_epoch(run: Run, scores: EpochScores) -> None:
    logger.debug(
        "retraining %s, epoch %d: training loss %.4f, %.1f s",
        *(run, scores.epoch, scores.training_loss, scores.seconds),
    )
