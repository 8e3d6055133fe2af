"""What a real run retrained: its winners, scores and saved models."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from sklearn import metrics

# Loading a saved model needs the layers that it may hold.
import search_spaces.batch_normalization
import search_spaces.local_response  # noqa: F401
from search_spaces import SPACES
from study.datasets import DATASETS
from study.training.evaluation import Predictor
from study.winners import pick_winners


def results(real_run):
    return real_run.record.retrained


def test_every_winner_was_retrained_with_and_without_augmentation(real_run):
    assert [(result.augmented, result.family) for result in results(real_run)] == [
        (augmented, family) for augmented in (False, True) for family in sorted(SPACES)
    ]
    picked = {winner.family: winner.trial for winner in pick_winners(real_run.record.families)}
    for result in results(real_run):
        source = picked[result.family]
        assert (result.configuration, result.source_trial) == ("winner", source.number)
        assert result.params == source.params
        assert result.n_parameters == source.n_parameters
        assert result.n_parameters == SPACES[result.family].count_parameters(
            source.params, image_shape=(32, 32, 1), n_classes=10
        )
        assert result.forward_flops == source.forward_flops
        assert (result.epochs, result.seed) == (1, 0)
        assert len(result.training_loss_by_epoch) == len(result.training_accuracy_by_epoch) == 1


def test_the_stored_scores_are_those_of_the_stored_predictions_on_the_official_labels(real_run):
    labels = DATASETS["digits"].load_test(real_run.config.data_dir).labels
    assert real_run.record.test_labels == labels.tobytes()
    assert real_run.record.dataset.n_test == len(labels)
    for result in results(real_run):
        predicted = np.frombuffer(result.predictions, dtype=np.uint8)
        precision, recall, f1, _ = metrics.precision_recall_fscore_support(
            labels, predicted, labels=range(10), zero_division=0
        )
        assert result.test_accuracy == pytest.approx(metrics.accuracy_score(labels, predicted))
        np.testing.assert_allclose(result.precision, precision)
        np.testing.assert_allclose(result.recall, recall)
        np.testing.assert_allclose(result.f1, f1)
        np.testing.assert_array_equal(
            result.confusion_matrix, metrics.confusion_matrix(labels, predicted, labels=range(10))
        )
        assert result.milliseconds_per_image > 0
        assert result.training_seconds > 0


def test_the_saved_model_is_that_of_the_best_run_and_loads_without_trust(real_run):
    models = real_run.config.out / "models"
    assert sorted(path.name for path in models.iterdir()) == sorted(
        f"{family}.keras" for family in SPACES
    )
    images = DATASETS["digits"].load_test(real_run.config.data_dir).images
    for family in SPACES:
        best = max(
            (result for result in results(real_run) if result.family == family),
            key=lambda result: (result.test_accuracy, -result.number),
        )
        path = models / f"{family}.keras"
        model = keras.models.load_model(path, safe_mode=True)
        predicted = Predictor(model)(images).argmax(axis=1).astype(np.uint8)
        assert predicted.tobytes() == best.predictions
        assert best.model_bytes == path.stat().st_size
