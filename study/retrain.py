"""Train the winners on the whole sample and test them once; the only reader of the test split."""

from __future__ import annotations

import functools
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import keras
import numpy as np
from scipy.special import softmax
from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

from search_spaces import SPACES
from search_spaces.flops import forward_flops
from study.attempt import attempt
from study.byte_coding import encode_bytes
from study.config import RetrainConfig
from study.datasets.base import Dataset, Images
from study.environment import versions
from study.mistakes import encode_confidences, most_confident_mistakes
from study.results import RetrainedModel
from study.run_tasks import LeftOut
from study.runs import Run
from study.seeds import retraining_seed
from study.training import precision as arithmetic
from study.training.evaluation import mirrored_too, predictor
from study.training.fit import EpochScores, FitConfig
from study.training.kept_models import KeptModels
from study.training.loop import Training


@dataclass(frozen=True, kw_only=True)
class Retrainer:
    """Trains and tests one run at a time.

    Attributes:
        dataset: Which images.
        train: The whole sample of the runs' draw, training and validation images together.
        test: The whole test split.
        config: Epochs, augmentation and test-time flip.
        base_seed: Seed of the study.
        precision: "float32" or "bfloat16".
        on_epoch: Told of every epoch.
        kept_models: Of runs that have ended, for others of their structure.
    """

    dataset: Dataset
    train: Images
    test: Images
    config: RetrainConfig
    base_seed: int
    precision: str
    on_epoch: Callable[[Run, EpochScores], None]
    kept_models: KeptModels = field(default_factory=KeptModels)

    def __call__(self, run: Run) -> RetrainedModel | LeftOut:
        """Train and test one model; one that diverges or needs too much memory is left out."""
        return attempt(lambda: self._run(run), self.kept_models)

    def _run(self, run: Run) -> RetrainedModel:
        started = datetime.now()
        space = SPACES[run.candidate.family]
        params = run.candidate.params
        seed = retraining_seed(self.base_seed, space.name, draw=run.draw, seed=run.seed)
        arithmetic.activate(self.precision)
        model = space.build(
            params,
            image_shape=self.train.image_shape,
            n_classes=self.dataset.n_classes,
            seed=seed,
        )
        fit = FitConfig.of(
            params,
            epochs=self.config.epochs,
            seed=seed,
            augmentation=self.config.augmentation if run.augmented else None,
            flip=self.dataset.flips,
        )
        with self.kept_models.in_place_of(model) as model:
            return self._trained(model, run, fit, started=started)

    def _trained(
        self, model: keras.Model, run: Run, fit: FitConfig, *, started: datetime
    ) -> RetrainedModel:
        history = list(self._fit(model, run, fit))
        attributes, accuracy = self._test(model)
        file = _file_of(model)
        attributes |= {
            "configuration": run.candidate.configuration,
            "source_trial": run.candidate.source_trial,
            "draw": run.draw,
            "hyperparameters": dict(run.candidate.params),
            "epochs": self.config.epochs,
            "training_loss_by_epoch": [scores.training_loss for scores in history],
            "training_seconds": sum(scores.seconds for scores in history),
            "n_parameters": model.count_params(),
            "forward_flops": forward_flops(model),
            "model_bytes": len(file),
            "versions": versions(),
        }
        return RetrainedModel(
            started=started,
            test_accuracy=accuracy,
            training_accuracy_by_epoch={
                scores.epoch: scores.training_accuracy for scores in history
            },
            attributes=attributes,
            file=file,
        )

    def _fit(self, model: keras.Model, run: Run, fit: FitConfig) -> Iterator[EpochScores]:
        training = Training(model, self.train, None, config=fit)
        while training.epoch < fit.epochs:
            scores = training.run_epoch()
            self.on_epoch(run, scores)
            yield scores

    def _test(self, model: keras.Model) -> tuple[dict[str, Any], float]:
        plainly = predictor(model)
        flips = self.config.test_time_flip and self.dataset.flips
        predict = functools.partial(mirrored_too, plainly) if flips else plainly
        predict(self.test.images[:1000])  # Tracing is not part of the time per image.
        start = time.perf_counter()
        scores = predict(self.test.images)
        predicted = scores.argmax(axis=1).astype(np.uint8)
        seconds = time.perf_counter() - start
        # With test-time flip the scores are probabilities, without it logits.
        confidences = (scores if flips else softmax(scores, axis=1)).max(axis=1)
        classes = list(range(self.dataset.n_classes))
        precision, recall, f1, _ = precision_recall_fscore_support(
            self.test.labels, predicted, labels=classes, zero_division=0.0
        )
        on_training = predict(self.train.images).argmax(axis=1)
        attrs = {
            "training_accuracy": float(np.mean(on_training == self.train.labels)),
            "precision": precision.tolist(),
            "recall": recall.tolist(),
            "f1": f1.tolist(),
            "confusion_matrix": confusion_matrix(
                self.test.labels, predicted, labels=classes
            ).tolist(),
            "predictions": encode_bytes(predicted.tobytes()),
            "confidences": encode_confidences(confidences),
            "mistakes": most_confident_mistakes(
                self.test, predicted=predicted, confidences=confidences
            ),
            "milliseconds_per_image": 1000 * seconds / len(predicted),
        }
        if flips:
            on_test = plainly(self.test.images).argmax(axis=1)
            attrs["unflipped_test_accuracy"] = float(np.mean(on_test == self.test.labels))
        return attrs, float(np.mean(predicted == self.test.labels))


def _file_of(model: keras.Model) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "model.keras"
        model.save(file)
        return file.read_bytes()
