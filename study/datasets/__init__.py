"""Datasets by name, the folder they are kept in, and the sample that a study draws from one."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs

from study.datasets.base import Dataset, Images
from study.datasets.cifar10 import CIFAR10
from study.datasets.digits import DIGITS
from study.datasets.mnist import MNIST
from study.datasets.sampling import Sample, draw_sample

__all__ = ["DATASETS", "Dataset", "Images", "Sample", "default_data_dir", "draw_sample"]

DATASETS = {dataset.name: dataset for dataset in (CIFAR10, MNIST, DIGITS)}


def default_data_dir() -> Path:
    """Return `$STUDY_DATA_DIR`, or the user's cache folder for this program."""
    chosen = os.environ.get("STUDY_DATA_DIR")
    if chosen:
        # Path.expanduser raises an error where no home is known.
        return Path(os.path.expanduser(chosen))  # noqa: PTH111
    return platformdirs.user_cache_path("architecture-study", appauthor=False)
