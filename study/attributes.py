"""What an Optuna study says of itself in its attributes, as `docs/records.md` lists them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from search_spaces import SearchSpace
from study.config import StudyConfig
from study.datasets import DATASETS
from study.datasets.base import Dataset
from study.datasets.sampling import Sample
from study.environment import machine, versions
from study.records import SCHEMA_VERSION
from study.space_changes import space_attr
from study.workers import threads_per_worker


def common_attrs(
    config: StudyConfig, dataset: Dataset, sample: Sample, *, precision: str
) -> dict[str, Any]:
    """Return the attributes that every Optuna study of a comparison carries."""
    return {
        "schema_version": SCHEMA_VERSION,
        "dataset": {
            "name": dataset.name,
            "classes": list(dataset.classes),
            "image_shape": list(sample.train.image_shape),
            "digests": dict(dataset.digests),
            "fraction": config.search.fraction,
            "sample_seed": config.search.seed,
            "n_train": len(sample.train),
            "n_validation": len(sample.validation),
            "substitute_for": config.substitute_for,
        },
        "settings": {
            "trials": config.search.n_trials,
            "epochs": config.search.epochs,
            "engine": config.search.engine,
            **config.search.method,
            "seed": config.search.seed,
            "precision": precision,
            "machine": machine(),
            "finalists": config.retrain.n_finalists,
            "measured": config.search.n_measured,
            "seeds": config.retrain.n_seeds,
            "draws": config.retrain.n_draws,
            "baselines": config.retrain.baselines,
            "workers": config.n_workers,
            "threads_per_worker": threads_per_worker(config.n_workers),
            "command": config.command,
        },
        "versions": versions(),
    }


def space_attrs(space: SearchSpace) -> dict[str, Any]:
    """Return the attributes that say what a family's search chooses from."""
    return {
        "space": space_attr(space),
        "roles": space.roles,
        "baselines": {name: dict(params) for name, params in space.baselines.items()},
    }


def retrained_attrs(config: StudyConfig, common: Mapping[str, Any]) -> dict[str, Any]:
    """Return the attributes of the final results, those that all studies carry among them."""
    # None where it is not done, as in studies of versions that did not know of it.
    flips = (config.retrain.test_time_flip and DATASETS[config.dataset].flips) or None
    settings = {
        "epochs": config.retrain.epochs,
        "augmentation": asdict(config.retrain.augmentation),
        "test_time_flip": flips,
        "precision": common["settings"]["precision"],
        "seed": config.search.seed,
        "command": config.command,
    }
    return {**common, "settings": settings}
