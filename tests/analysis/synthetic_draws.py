"""A made-up study's winners on other draws of the sample."""

from __future__ import annotations

import dataclasses

import numpy as np

from study.records import RetrainedResult, StudyRecord


def with_draws(study: StudyRecord, n_draws: int, *, spread: float = 0.02) -> StudyRecord:
    """Return the study with its retrained models on other draws, too.

    Args:
        study: One that was retrained.
        n_draws: In all, with the one that is there.
        spread: By how much a draw makes all models better or worse, as a standard deviation.
    """
    labels = np.frombuffer(study.test_labels, np.uint8)
    luck = np.random.default_rng(17).normal(0, spread, n_draws)
    return dataclasses.replace(
        study,
        redrawn=tuple(
            _redrawn(result, labels, draw=draw, change=luck[draw])
            for draw in range(1, n_draws)
            for result in study.retrained
        ),
    )


def _redrawn(
    result: RetrainedResult, labels: np.ndarray, *, draw: int, change: float
) -> RetrainedResult:
    """Return a model that errs on some other images, and on more or fewer."""
    number = 1000 * draw + result.number
    rng = np.random.default_rng(number)
    predictions = np.frombuffer(result.predictions, np.uint8)
    right = predictions == labels
    forgotten = right & (rng.uniform(size=labels.size) < 0.05)
    learnt_share = np.clip(0.05 * right.sum() / (~right).sum() + change, 0, 1)
    learnt = ~right & (rng.uniform(size=labels.size) < learnt_share)
    predictions = np.where(forgotten, (labels + 1) % 10, np.where(learnt, labels, predictions))
    return dataclasses.replace(
        result,
        number=number,
        draw=draw,
        test_accuracy=float((predictions == labels).mean()),
        predictions=predictions.astype(np.uint8).tobytes(),
    )
