"""How models are retrained: with which seeds, images and augmentation."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from study import retrain
from study.config import RetrainConfig
from study.datasets import DATASETS
from study.training.loop import Training
from tests.study import small


def test_equal_seeds_give_equal_results_and_different_ones_do_not(run_job):
    configuration = {"retrain": RetrainConfig(epochs=2, n_seeds=2)}
    first = run_job(name="first", **configuration).retrained
    second = run_job(name="second", **configuration).retrained
    for one, other in zip(first, second, strict=True):
        assert one.predictions == other.predictions
        np.testing.assert_allclose(
            one.training_loss_by_epoch, other.training_loss_by_epoch, rtol=1e-5
        )
    losses = {result.training_loss_by_epoch for result in first}
    assert len(losses) == len(first)


def test_models_are_trained_on_training_and_validation_images_together(run_job, monkeypatch):
    seen = []

    def watched(model, train, validation, *, config):
        seen.append((len(train), validation))
        return Training(model, train, validation, config=config)

    monkeypatch.setattr(retrain, "Training", watched)
    run_job()
    assert seen == 2 * [(len(small.sample().whole), None)]


@pytest.mark.parametrize("flips", [True, False])
def test_only_augmented_runs_are_augmented_and_mirrored_only_where_the_dataset_allows_it(
    run_job, monkeypatch, flips
):
    fits = []

    def watched(model, train, validation, *, config):
        fits.append(config)
        return Training(model, train, validation, config=config)

    monkeypatch.setitem(DATASETS, "stripes", replace(small.dataset(), flips=flips))
    monkeypatch.setattr(retrain, "Training", watched)
    run_job()
    assert [fit.augmentation for fit in fits] == [None, RetrainConfig().augmentation]
    assert [fit.flip for fit in fits] == [flips, flips]
    plain, augmented = fits
    assert replace(augmented, augmentation=None) == plain
