"""Runs on the traced functions of those before: trained and tested as if each were alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from search_spaces import SPACES
from study import retrain, validate
from study.config import RetrainConfig
from study.records import MEASURED
from study.retrain import Retrainer
from study.run_tasks import LeftOut
from study.runs import Candidate, planned_runs
from study.training.loop import Training
from study.training.per_model import forget_models
from study.validate import Validator
from study.validation_runs import ValidationRun
from tests.study import small
from tests.study.training.fitting import varied_model

EPOCHS = 2
PARAMS = {**small.NUISANCE, "learning_rate": 0.01, "batch_size": 16, "label_smoothing": 0.1}


def build(params, *, image_shape, n_classes, seed):
    return varied_model(seed=seed, dropout=params["dropout"])


def variants(**changes):
    """Return configurations of one structure, whatever else differs."""
    return [PARAMS | {"dropout": rate} | changes for rate in (0.1, 0.5)]


def retrainer():
    return Retrainer(
        dataset=small.dataset(),
        train=small.images(60),
        test=small.images(21, seed=3),
        config=RetrainConfig(epochs=EPOCHS, n_seeds=1),
        base_seed=0,
        precision="float32",
        on_epoch=lambda *_: None,
    )


def retrainings(configurations):
    candidates = [
        Candidate(family="varied", configuration=f"C{number}", source_trial=None, params=params)
        for number, params in enumerate(configurations)
    ]
    return planned_runs(candidates, n_seeds=1)


def validator():
    return Validator(
        dataset=small.dataset(),
        sample=small.sample(),
        epochs=EPOCHS,
        base_seed=0,
        precision="float32",
        on_epoch=lambda *_: None,
    )


def validations(configurations):
    return [
        ValidationRun(
            family="varied", purpose=MEASURED, source_trial=None, params=params, seed=seed
        )
        for seed, params in enumerate(configurations)
    ]


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A kind of work whose runs share models, and the last runs of each way to train."""

    module: Any
    trainer: Any
    runs: Any
    losses: Any
    last: tuple[int, ...]


KINDS = {
    "retraining": Kind(
        module=retrain,
        trainer=retrainer,
        runs=retrainings,
        losses=lambda model: model.attributes["training_loss_by_epoch"],
        last=(1, 3),
    ),
    "validation": Kind(
        module=validate,
        trainer=validator,
        runs=validations,
        losses=lambda model: list(model.accuracy_by_epoch.values()),
        last=(1,),
    ),
}


@pytest.fixture(autouse=True)
def varied_space(monkeypatch):
    monkeypatch.setitem(SPACES, "varied", small.space(name="varied", build=build))
    yield
    forget_models()


def assert_alike(kind, one, other):
    np.testing.assert_allclose(kind.losses(one), kind.losses(other), rtol=1e-4)
    assert one.attributes["predictions"] == other.attributes["predictions"]
    assert one.attributes["hyperparameters"] == other.attributes["hyperparameters"]


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_a_run_that_shares_a_model_learns_what_it_learns_alone(kind, monkeypatch):
    models = []

    def watched(model, train, validation, *, config):
        models.append(model)
        return Training(model, train, validation, config=config)

    monkeypatch.setattr(kind.module, "Training", watched)
    runs = kind.runs(variants())
    together = kind.trainer()
    found = [together(run) for run in runs]
    assert len(models) == len(runs) == kind.last[-1] + 1
    assert len({id(model) for model in models}) == 1
    for place in kind.last:
        forget_models()
        assert_alike(kind, found[place], kind.trainer()(runs[place]))
        assert kind.losses(found[place]) != kind.losses(found[place - 1])


@pytest.mark.parametrize("failure", ["diverges", "needs too much memory"])
def test_a_run_learns_the_same_after_one_of_its_structure_that(failure, monkeypatch):
    kind = KINDS["retraining"]
    good, bad = variants()
    run, *_ = kind.runs([good])
    bad_run, *_ = kind.runs([bad | ({"learning_rate": 1e30} if failure == "diverges" else {})])
    together = kind.trainer()
    before = together(run)
    with monkeypatch.context() as patched:
        if failure != "diverges":

            def without_memory(self):
                raise MemoryError("there is no more")

            patched.setattr(Training, "run_epoch", without_memory)
        assert isinstance(together(bad_run), LeftOut)
    assert_alike(kind, together(run), before)
