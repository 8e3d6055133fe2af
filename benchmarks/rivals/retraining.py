"""Train a winner again, the same way whoever found it, and test it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np

from benchmarks.rivals.setting import Assignment
from search_spaces import SPACES
from study.datasets import Images
from study.seeds import derive_seed
from study.training import precision
from study.training.evaluation import predictor
from study.training.fit import FitConfig
from study.training.loop import Training


def test_accuracies(assignment: Assignment, winner: Mapping[str, Any]) -> list[float]:
    """Return the test accuracy, in [0, 1], of each retrained model.

    Each is trained without augmentation on training and validation images together.
    """
    train = assignment.draw_sample().whole
    test = assignment.dataset.load_test(assignment.data_dir)
    precision.activate(assignment.faster_precision)
    return [
        _test_accuracy(assignment, winner, train, test, seed=seed)
        for seed in (
            derive_seed(assignment.seed, "rivals", "retrained", number)
            for number in range(assignment.setting.n_retrained)
        )
    ]


def _test_accuracy(
    assignment: Assignment, winner: Mapping[str, Any], train: Images, test: Images, *, seed: int
) -> float:
    keras.backend.clear_session()
    model = SPACES[assignment.setting.family].build(
        winner,
        image_shape=train.image_shape,
        n_classes=assignment.dataset.n_classes,
        seed=seed,
    )
    fit = FitConfig.of(winner, epochs=assignment.setting.epochs, seed=seed)
    training = Training(model, train, None, config=fit)
    while training.epoch < fit.epochs:
        training.run_epoch()
    predicted = predictor(model)(test.images).argmax(axis=1)
    return float(np.mean(predicted == test.labels))
