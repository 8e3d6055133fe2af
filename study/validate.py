"""Train a configuration anew, as a trial is trained, and score it on the validation images."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

import keras
import numpy as np

from search_spaces import SPACES
from search_spaces.flops import forward_flops
from study.attempt import attempt
from study.byte_coding import encode_bytes
from study.datasets.base import Dataset
from study.datasets.sampling import Sample
from study.environment import versions
from study.run_tasks import LeftOut
from study.seeds import derive_seed
from study.training import precision as arithmetic
from study.training.evaluation import predictor
from study.training.fit import EpochScores, FitConfig
from study.training.kept_models import KeptModels
from study.training.loop import Training
from study.validated import ValidatedModel
from study.validation_runs import ValidationRun


@dataclass(frozen=True, kw_only=True)
class Validator:
    """Trains and scores one run at a time.

    Attributes:
        dataset: Which images.
        sample: Training and validation images; the test split is not here.
        epochs: Of a whole trial.
        base_seed: Seed of the study.
        precision: "float32" or "bfloat16".
        on_epoch: Told of every epoch.
        kept_models: Of runs that have ended, for others of their structure.
    """

    dataset: Dataset
    sample: Sample
    epochs: int
    base_seed: int
    precision: str
    on_epoch: Callable[[ValidationRun, EpochScores], None]
    kept_models: KeptModels = field(default_factory=KeptModels)

    def __call__(self, run: ValidationRun) -> ValidatedModel | LeftOut:
        """Train and score one model; one that diverges or needs too much memory is left out."""
        return attempt(lambda: self._run(run), self.kept_models)

    def _run(self, run: ValidationRun) -> ValidatedModel:
        started = datetime.now()
        seed = derive_seed(self.base_seed, run.family, "validated", run.seed)
        arithmetic.activate(self.precision)
        model = SPACES[run.family].build(
            run.params,
            image_shape=self.sample.train.image_shape,
            n_classes=self.dataset.n_classes,
            seed=seed,
        )
        with self.kept_models.in_place_of(model) as model:
            return self._trained(model, run, seed=seed, started=started)

    def _trained(
        self, model: keras.Model, run: ValidationRun, *, seed: int, started: datetime
    ) -> ValidatedModel:
        training = Training(
            model,
            self.sample.train,
            self.sample.validation,
            config=FitConfig.of(run.params, epochs=self.epochs, seed=seed),
        )
        history = []
        while training.epoch < self.epochs:
            history.append(training.run_epoch())
            self.on_epoch(run, history[-1])
        predicted = predictor(model)(self.sample.validation.images).argmax(axis=1)
        return ValidatedModel(
            started=started,
            accuracy_by_epoch={
                scores.epoch: scores.validation_accuracy or 0.0 for scores in history
            },
            attributes={
                "purpose": run.purpose,
                "source_trial": run.source_trial,
                "hyperparameters": dict(run.params),
                "predictions": encode_bytes(predicted.astype(np.uint8).tobytes()),
                "training_seconds": sum(scores.seconds for scores in history),
                "n_parameters": model.count_params(),
                "forward_flops": forward_flops(model),
                "versions": versions(),
            },
        )
