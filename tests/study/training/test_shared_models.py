"""Runs on the traced functions of those before: trained and tested as if each were alone."""

from __future__ import annotations

import itertools
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
        config=RetrainConfig(epochs=EPOCHS, n_seeds=2),
        base_seed=0,
        precision="float32",
        on_epoch=lambda *_: None,
    )


def retrainings(configurations):
    candidates = [
        Candidate(family="varied", configuration=f"C{number}", source_trial=None, params=params)
        for number, params in enumerate(configurations)
    ]
    return planned_runs(candidates, n_seeds=2)


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
        for seed, params in itertools.product((0, 1), configurations)
    ]


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A kind of work whose runs share models."""

    module: Any
    trainer: Any
    runs: Any
    losses: Any


KINDS = {
    "retraining": Kind(
        module=retrain,
        trainer=retrainer,
        runs=retrainings,
        losses=lambda model: model.attributes["training_loss_by_epoch"],
    ),
    "validation": Kind(
        module=validate,
        trainer=validator,
        runs=validations,
        losses=lambda model: list(model.accuracy_by_epoch.values()),
    ),
}


@pytest.fixture(params=KINDS)
def kind(request, monkeypatch):
    monkeypatch.setitem(SPACES, "varied", small.space(name="varied", build=build))
    yield KINDS[request.param]
    forget_models()


@pytest.fixture
def trained(kind, monkeypatch):
    """The models that training was begun with, in turn."""
    models = []

    def watched(model, train, validation, *, config):
        models.append(model)
        return Training(model, train, validation, config=config)

    monkeypatch.setattr(kind.module, "Training", watched)
    return models


def alone(kind, run):
    forget_models()
    return kind.trainer()(run)


def test_a_run_that_shares_a_model_learns_what_it_learns_alone(kind, trained):
    runs = kind.runs(variants())
    together = kind.trainer()
    found = [together(run) for run in runs]
    assert len(trained) == len(runs) >= 4
    assert len({id(model) for model in trained}) == 1
    expected = [alone(kind, run) for run in runs]
    losses = [kind.losses(model) for model in found]
    np.testing.assert_allclose(losses, [kind.losses(model) for model in expected], rtol=1e-4)
    assert len({tuple(one) for one in losses}) > 1
    for one, other in zip(found, expected, strict=True):
        assert one.attributes["predictions"] == other.attributes["predictions"]
        assert one.attributes["hyperparameters"] == other.attributes["hyperparameters"]


@pytest.mark.parametrize("failure", ["diverges", "needs too much memory"])
def test_a_run_that_shares_a_model_learns_the_same_after_one_that(kind, failure, monkeypatch):
    good, bad = variants()
    run, *_ = kind.runs([good])
    bad_run, *_ = kind.runs([bad | ({"learning_rate": 1e30} if failure == "diverges" else {})])
    expected = alone(kind, run)
    together = kind.trainer()
    together(run)
    with monkeypatch.context() as patched:
        if failure != "diverges":

            def without_memory(self):
                raise MemoryError("there is no more")

            patched.setattr(Training, "run_epoch", without_memory)
        assert isinstance(together(bad_run), LeftOut)
    for _ in range(2):
        found = together(run)
        np.testing.assert_allclose(kind.losses(found), kind.losses(expected), rtol=1e-4)
        assert found.attributes["predictions"] == expected.attributes["predictions"]
