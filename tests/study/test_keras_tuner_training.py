"""KerasTuner's engine with real models, the real training loop and real processes."""

from __future__ import annotations

import importlib
import sys
from dataclasses import replace

import keras
import numpy as np
import optuna
import pytest
from optuna.trial import TrialState

from search_spaces import SPACES
from study import job, objective
from study.attributes import common_attrs
from study.config import RetrainConfig, SearchConfig
from study.datasets import DATASETS, draw_sample
from study.family_search import FamilySearch
from study.keras_tuner.scheduler import TunerScheduler
from study.keras_tuner.tuners import TUNERS
from study.objective import Objective
from study.search import SearchTasks
from study.storage import open_for_writing
from study.studies import open_search_study
from study.training.fit import DivergedError
from study.trials import TrialFailedError
from study.work import TrialWork
from tests.study import small
from tests.study.local_workers import LocalWorkers

SETTINGS = SearchConfig(
    n_trials=4, epochs=4, fraction=1.0, precision="float32", engine="keras-tuner"
)


def search(folder, space, settings):
    """Search one family with KerasTuner and return its Optuna trials."""
    config = small.config(folder, families=(space.name,), search=settings)
    attrs = common_attrs(config, small.dataset(), small.sample(), precision="float32")
    workers = LocalWorkers()
    with open_for_writing(config.storage_url) as storage:
        optuna_study = open_search_study(storage, config, space, attrs=attrs)
        scheduler = TunerScheduler(space, config=settings, workers=workers)
        one = FamilySearch(space, optuna_study, config=settings, scheduler=scheduler)
        tasks = SearchTasks([one], config=settings, progress=small.silent_progress())
        work = TrialWork(config=config, sample=small.sample(), precision="float32")
        workers.run(work, tasks)
        tasks.close()
        return optuna_study.get_trials()


def train_alone(space, settings, params, *, number):
    """Train a configuration as Optuna's engine would, as the trial of a number."""
    optuna_study = optuna.create_study(direction="maximize", pruner=optuna.pruners.NopPruner())
    for _ in range(number):
        optuna_study.add_trial(optuna.create_trial(value=0.0))
    optuna_study.enqueue_trial(params)
    trial = optuna_study.ask()
    train = Objective(
        space=space,
        dataset=small.dataset(),
        sample=small.sample(),
        config=settings,
        precision="float32",
        on_epoch=lambda *_: None,
    )
    return optuna_study.tell(trial, train(trial))


@pytest.mark.usefixtures("small_parts")
@pytest.mark.parametrize("family", SPACES)
def test_both_engines_build_the_identical_model_from_identical_parameters(
    tmp_path, monkeypatch, family
):
    built = []

    def record(model, *_images, config):
        built.append((model.to_json(), [array.copy() for array in model.get_weights()], config))
        raise DivergedError("nothing is trained here")

    monkeypatch.setattr(objective, "Training", record)
    images = small.images(4, image_shape=(12, 12, 1))
    sample = replace(small.sample(), train=images, validation=images)
    monkeypatch.setattr(small, "sample", lambda: sample)
    monkeypatch.setitem(SPACES, family, replace(SPACES[family], baselines={}))
    settings = replace(SETTINGS, n_trials=1, tuner="random")
    # Layers are numbered through a session.
    keras.backend.clear_session()
    (theirs,) = search(tmp_path, SPACES[family], settings)
    assert theirs.user_attrs["sampler"] == "keras-tuner/random"

    keras.backend.clear_session()
    with pytest.raises(TrialFailedError):
        train_alone(SPACES[family], replace(settings, engine="optuna"), theirs.params, number=0)
    (one_model, one_weights, one_fit), (other_model, other_weights, other_fit) = built
    assert one_model == other_model
    assert one_fit == other_fit
    assert len(one_weights) == len(other_weights) > 0
    assert all(map(np.array_equal, one_weights, other_weights))


@pytest.mark.usefixtures("small_parts")
def test_a_promoted_trial_learns_as_one_that_was_never_stopped(tmp_path):
    settings = replace(SETTINGS, tuner="hyperband")
    trials = search(tmp_path, small.space(), settings)
    (promoted,) = (t for t in trials if t.user_attrs.get("hyperband", {}).get("round") == 1)
    assert promoted.state == TrialState.COMPLETE
    (other,) = (trial for trial in trials[2:] if trial.number != promoted.number)
    assert (other.state, other.last_step) == (TrialState.PRUNED, 2)

    unbroken = train_alone(small.space(), settings, promoted.params, number=promoted.number)
    assert unbroken.user_attrs["seed"] == promoted.user_attrs["seed"]
    assert promoted.intermediate_values == pytest.approx(unbroken.intermediate_values)
    assert promoted.value == pytest.approx(unbroken.value)
    for name in ("training_accuracy", "training_loss", "validation_loss"):
        assert len(promoted.user_attrs[name]) == 4
        assert promoted.user_attrs[name] == pytest.approx(unbroken.user_attrs[name], rel=1e-4)
    assert promoted.user_attrs["training_seconds"] > 0


@pytest.mark.usefixtures("small_parts")
@pytest.mark.parametrize("tuner", [tuner for tuner in TUNERS if tuner != "hyperband"])
def test_each_tuner_trains_its_configurations_to_the_end(tmp_path, tuner):
    settings = replace(SETTINGS, tuner=tuner, epochs=2, n_trials=4)
    trials = search(tmp_path, small.space(), settings)
    assert [trial.state for trial in trials] == [TrialState.COMPLETE] * 4
    assert all(list(trial.intermediate_values) == [1, 2] for trial in trials)
    assert all(len(trial.user_attrs["training_loss"]) == 2 for trial in trials)


def test_the_whole_job_runs_with_keras_tuner_and_without_tensorboard(tmp_path, monkeypatch):
    # Also where it is installed: to import it is an error.
    monkeypatch.setitem(sys.modules, "tensorboard", None)
    with pytest.raises(ImportError):
        importlib.import_module("tensorboard.plugins.hparams")
    config = small.config(
        tmp_path,
        name="digits-run",
        dataset="digits",
        families=("custom_cnn",),
        search=replace(SETTINGS, n_trials=5, epochs=3, fraction=0.07),
        retrain=RetrainConfig(epochs=1, n_seeds=1, n_finalists=0),
    )
    digits = DATASETS["digits"]
    sample = draw_sample(digits.load_training(config.data_dir), n_classes=10, fraction=0.07, seed=0)
    record = job.run(config, sample=sample, progress=small.silent_progress())
    (family,) = record.families
    assert (family.settings["engine"], family.settings["tuner"]) == ("keras-tuner", "hyperband")
    samplers = [trial.sampler for trial in family.trials]
    assert samplers == ["baseline"] * 3 + ["keras-tuner/hyperband"] * 2
    assert sorted(len(trial.training_loss) for trial in family.trials) == [1, 3, 3, 3, 3]
    assert sorted(trial.state for trial in family.trials) == ["COMPLETE"] * 4 + ["PRUNED"]
    assert len(record.retrained) == 2
