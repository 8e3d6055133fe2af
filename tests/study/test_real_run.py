"""What a real run leaves: all that docs/records.md documents, its winners, scores and models."""

from __future__ import annotations

from dataclasses import dataclass

import keras
import numpy as np
import optuna
import pytest
from sklearn import metrics

# Loading a saved model needs the layers that it may hold.
import search_spaces.layers
import search_spaces.local_response  # noqa: F401
from search_spaces import SPACES
from study import job
from study.config import RetrainConfig, SearchConfig, StudyConfig
from study.datasets import DATASETS, draw_sample
from study.records import NO_FAMILIES, StudyRecord
from study.training.evaluation import Predictor
from study.winners import pick_winners
from tests.study import small
from tests.study.documented_records import (
    COMMON,
    DATASET,
    RESULT,
    RETRAINED,
    SEARCH,
    SETTINGS,
    TRIAL,
    VALIDATED,
    VALIDATION,
)
from tests.study.kept_of_tests import check_kept, softmax


@dataclass(frozen=True, kw_only=True)
class RealRun:
    """What the run was asked for and what it left."""

    config: StudyConfig
    record: StudyRecord


@pytest.fixture(scope="module")
def real_run(tmp_path_factory: pytest.TempPathFactory) -> RealRun:
    """Two trials of one epoch a family, each winner retrained for one epoch, on 100 digits."""
    folder = tmp_path_factory.mktemp("real_run")
    config = small.config(
        folder,
        name="digits-run",
        dataset="digits",
        families=tuple(SPACES),
        search=SearchConfig(n_trials=2, epochs=1, fraction=0.07, precision="float32"),
        retrain=RetrainConfig(epochs=1, n_seeds=1),
    )
    digits = DATASETS["digits"]
    drawn = draw_sample(
        digits.load_training(config.data_dir),
        n_classes=digits.n_classes,
        fraction=config.search.fraction,
        seed=config.search.seed,
    )
    record = job.run(config, sample=drawn, progress=small.silent_progress())
    return RealRun(config=config, record=record)


# Records


@pytest.fixture
def written(real_run):
    """Every attribute that a real run wrote: studies by name, and their trials."""
    storage = optuna.storages.RDBStorage(real_run.config.storage_url)
    studies = {study.study_name: study for study in storage.get_all_studies()}
    trials = {
        name: storage.get_all_trials(study._study_id, deepcopy=False)
        for name, study in studies.items()
    }
    storage.engine.dispose()
    return studies, trials


# Written only where there is something to say.
SOMETIMES = {
    *("failure", "paused", "lost_seconds", "lost_epochs", "died_after"),
    *("hyperband", "unflipped_test_accuracy"),
}


def test_a_real_run_writes_what_is_documented_and_nothing_else(written):
    studies, trials = written
    for name, study in studies.items():
        is_final = name.endswith("/retrained")
        expected = SEARCH
        if name.endswith("/validated"):
            expected = SEARCH - {"roles", "baselines", "space"} | VALIDATION - {"ablation"}
        assert set(study.user_attrs) == (RETRAINED | COMMON if is_final else expected)
        without = set() if is_final else {"n_test"}
        assert set(study.user_attrs["dataset"]) == DATASET - without
        if not is_final:
            assert set(study.user_attrs["settings"]) == SETTINGS
    searched = [
        trial
        for name in trials
        if name.rpartition("/")[2] not in NO_FAMILIES
        for trial in trials[name]
    ]
    assert set().union(*(trial.user_attrs for trial in searched)) == TRIAL - SOMETIMES
    anew = trials["digits-run/validated"]
    assert len(anew) == 2
    assert all(set(trial.user_attrs) == VALIDATED - SOMETIMES for trial in anew)
    assert all(set(trial.params) == {"family", "seed"} for trial in anew)
    final = trials["digits-run/retrained"]
    assert all(set(trial.user_attrs) == RESULT - SOMETIMES for trial in final)
    assert all(set(trial.params) == {"family", "augmentation", "seed"} for trial in final)


def test_a_real_run_is_read_back_with_nothing_missing(real_run):
    for family in real_run.record.families:
        assert family.settings["epochs"] == 1
        tried = [trial for trial in family.trials if trial.state != "WAITING"]
        assert len(tried) == 2
        for trial in tried:
            assert set(trial.params) == set(family.roles)
            absent = {name for name, value in vars(trial).items() if value is None}
            assert absent <= {*SOMETIMES, "baseline", "value"}
            assert len(trial.validation_accuracy) == len(trial.training_loss) == 1
    for result in real_run.record.retrained:
        absent = {name for name, value in vars(result).items() if value in (None, (), b"")}
        assert absent <= SOMETIMES


# Results


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
    test = DATASETS["digits"].load_test(real_run.config.data_dir)
    for family in SPACES:
        best = max(
            (result for result in results(real_run) if result.family == family),
            key=lambda result: (result.test_accuracy, -result.number),
        )
        path = models / f"{family}.keras"
        model = keras.models.load_model(path, safe_mode=True)
        predicted = Predictor(model)(test.images).argmax(axis=1).astype(np.uint8)
        assert predicted.tobytes() == best.predictions
        check_kept(best, test, softmax(model.predict_on_batch(test.images)))
        assert best.model_bytes == path.stat().st_size
