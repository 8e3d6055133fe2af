"""The saved model is the best, whatever came before or after it."""

from __future__ import annotations

from datetime import UTC, datetime

import keras
import numpy as np
import optuna

from study.config import RetrainConfig
from study.results import RetrainedModel, RetrainingTasks
from study.runs import Candidate, planned_runs
from tests.study import small
from tests.study.small import started_progress


def test_the_best_model_is_kept_while_runs_are_added(run_job, tmp_path):
    for n_seeds in (1, 3):
        record = run_job(retrain=RetrainConfig(epochs=1, n_seeds=n_seeds))
        best = max(record.retrained, key=lambda result: (result.test_accuracy, -result.number))
        model = keras.models.load_model(tmp_path / "out" / "models" / "small.keras")
        logits = np.asarray(model(small.images(21, seed=3).images))
        assert logits.argmax(axis=1).astype(np.uint8).tobytes() == best.predictions


def test_the_best_model_is_kept_in_whatever_order_runs_end(tmp_path, small_parts):
    candidate = Candidate(family="small", configuration="B1", source_trial=None, params={})
    runs = planned_runs([candidate], n_seeds=2)
    optuna_study = optuna.create_study(direction="maximize")
    tasks = RetrainingTasks(
        optuna_study, runs, models_dir=tmp_path / "models", progress=started_progress()
    )
    for run, accuracy in zip(runs, (0.5, 0.9, 0.7, 0.9), strict=True):
        model = RetrainedModel(
            started=datetime(2026, 1, 1, tzinfo=UTC),
            test_accuracy=accuracy,
            training_accuracy_by_epoch={1: 0.5},
            attributes={"configuration": "B1"},
            file=repr(run.key).encode(),
        )
        tasks.done(run, model)
    kept = tmp_path / "models" / "small.keras"
    assert list(kept.parent.iterdir()) == [kept]
    assert kept.read_bytes() == repr(runs[1].key).encode()
    assert [trial.value for trial in optuna_study.get_trials()] == [0.5, 0.9, 0.7, 0.9]
