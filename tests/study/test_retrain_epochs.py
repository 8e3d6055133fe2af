"""How long winners are retrained: as the dataset has it, unless the user says otherwise."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from study.arguments import parse
from study.commands import run
from study.config import RetrainConfig, SearchConfig
from study.datasets import DATASETS, Images

# Ten of each class, for whichever dataset is asked for.
IMAGES = Images(
    images=np.zeros((100, 32, 32, 1), np.uint8), labels=np.arange(100, dtype=np.uint8) % 10
)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (("--dataset", "cifar10"), RetrainConfig.epochs),
        (("--dataset", "mnist"), SearchConfig.epochs),
        (("--dataset", "mnist", "--retrain-epochs", "30"), 30),
    ],
)
def test_a_run_takes_the_epochs_of_its_dataset_unless_told(
    options, expected, tmp_path, monkeypatch
):
    for name, dataset in DATASETS.items():
        given = dataclasses.replace(dataset, load_training=lambda _: IMAGES)
        monkeypatch.setitem(DATASETS, name, given)
    place = ("--storage", f"sqlite:///{tmp_path}/studies.db", "--out", str(tmp_path / "report"))

    config, _ = run._prepare(parse(["run", *options, *place]), "python -m study run")

    assert config.retrain.epochs == expected


def test_the_help_names_the_epochs_of_each_dataset(capsys):
    with pytest.raises(SystemExit):
        parse(["run", "--help"])
    text = " ".join(capsys.readouterr().out.split())
    assert "30 for cifar10, 8 for mnist, 30 for digits" in text
