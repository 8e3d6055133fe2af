"""Train the winners on the whole sample and test them once; the only reader of the test split."""

from __future__ import annotations

import gc
import logging
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import keras
import numpy as np
import optuna
import tensorflow as tf
from optuna.distributions import CategoricalDistribution, IntDistribution
from optuna.trial import FrozenTrial, TrialState
from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

from search_spaces import SPACES
from search_spaces.flops import forward_flops
from study.config import MAX_SEED, RetrainConfig
from study.datasets.base import Dataset, Images
from study.environment import versions
from study.errors import ConfigError
from study.interruption import deferred_interrupts
from study.records import RetrainedResult, encode_labels
from study.runs import Run
from study.seeds import derive_seed
from study.storage.reading import retrained_result
from study.training import precision as arithmetic
from study.training.evaluation import predictor
from study.training.fit import DivergedError, EpochScores, FitConfig
from study.training.loop import Training

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Retrainer:
    """Trains and tests one run at a time.

    Attributes:
        dataset: Which images.
        train: The whole sample, training and validation images together.
        test: The whole test split.
        config: Epochs and augmentation.
        base_seed: Seed of the study.
        precision: "float32" or "bfloat16".
        models_dir: Where the best model of each family is kept.
        on_epoch: Told of every epoch.
    """

    dataset: Dataset
    train: Images
    test: Images
    config: RetrainConfig
    base_seed: int
    precision: str
    models_dir: Path
    on_epoch: Callable[[Run, EpochScores], None]

    def run(self, optuna_study: optuna.Study, run: Run) -> RetrainedResult:
        """Train and test one model, and write it to the database as one finished trial.

        Raises:
            DivergedError: If the training loss is not finite.
        """
        started = datetime.now()
        space = SPACES[run.candidate.family]
        params = run.candidate.params
        seed = derive_seed(self.base_seed, space.name, "retrained", run.seed)
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
        history = list(self._fit(model, run, fit))
        attrs, accuracy = self._test(model)
        attrs |= {
            "configuration": run.candidate.configuration,
            "source_trial": run.candidate.source_trial,
            "hyperparameters": dict(params),
            "epochs": self.config.epochs,
            "training_loss_by_epoch": [scores.training_loss for scores in history],
            "training_seconds": sum(scores.seconds for scores in history),
            "n_parameters": model.count_params(),
            "forward_flops": forward_flops(model),
            "model_bytes": self._save(model, run, accuracy, optuna_study),
            "versions": versions(),
        }
        curve = {scores.epoch: scores.training_accuracy for scores in history}
        trial = _add_trial(optuna_study, run, accuracy, attrs, curve, started=started)
        result = retrained_result(trial)
        if result is None:
            raise RuntimeError(f"The record of {run.key} cannot be read back.")
        return result

    def _fit(self, model: keras.Model, run: Run, fit: FitConfig) -> Iterator[EpochScores]:
        training = Training(model, self.train, None, config=fit)
        while training.epoch < fit.epochs:
            scores = training.run_epoch()
            self.on_epoch(run, scores)
            yield scores

    def _test(self, model: keras.Model) -> tuple[dict[str, Any], float]:
        predict = predictor(model)
        predict(self.test.images[:1000])  # Tracing is not part of the time per image.
        start = time.perf_counter()
        predicted = predict(self.test.images).argmax(axis=1).astype(np.uint8)
        seconds = time.perf_counter() - start
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
            "predictions": encode_labels(predicted.tobytes()),
            "milliseconds_per_image": 1000 * seconds / len(predicted),
        }
        return attrs, float(np.mean(predicted == self.test.labels))

    def _save(
        self, model: keras.Model, run: Run, accuracy: float, optuna_study: optuna.Study
    ) -> int:
        """Save the model where it is the family's best so far; return the file's size in bytes."""
        self.models_dir.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=self.models_dir) as folder:
            file = Path(folder) / f"{run.candidate.family}.keras"
            model.save(file)
            size = file.stat().st_size
            kept = self.models_dir / file.name
            if not kept.exists() or accuracy > _best_accuracy(optuna_study, run.candidate.family):
                file.replace(kept)
        return size


def _best_accuracy(optuna_study: optuna.Study, family: str) -> float:
    trials = optuna_study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    return max(
        (trial.value or 0.0 for trial in trials if trial.params.get("family") == family),
        default=-1.0,
    )


def check_families(optuna_study: optuna.Study, families: Sequence[str]) -> None:
    """Raise a ConfigError if results of a family cannot be added to what was retrained before.

    Optuna keeps a categorical parameter's choices as they were at a study's first trial, so a
    family that the program learnt later cannot join.
    """
    known = _family_choices(optuna_study).choices
    for family in families:
        if family not in known:
            raise ConfigError(
                f"Family {family!r} cannot join {optuna_study.study_name!r}, which was begun with "
                f"{', '.join(map(str, known))}; give --name for a new study."
            )


def _family_choices(optuna_study: optuna.Study) -> CategoricalDistribution:
    for trial in optuna_study.get_trials(deepcopy=False):
        choices = trial.distributions.get("family")
        if isinstance(choices, CategoricalDistribution):
            return choices
    return CategoricalDistribution(sorted(SPACES))


def _add_trial(
    optuna_study: optuna.Study,
    run: Run,
    accuracy: float,
    attrs: Mapping[str, Any],
    curve: Mapping[int, float],
    *,
    started: datetime,
) -> FrozenTrial:
    # The trial is added whole when it is done, so a run that was cut short leaves no trace.
    trial = optuna.create_trial(
        state=TrialState.COMPLETE,
        value=accuracy,
        params={
            "family": run.candidate.family,
            "augmentation": run.augmented,
            "seed": run.seed,
        },
        distributions={
            "family": _family_choices(optuna_study),
            "augmentation": CategoricalDistribution((False, True)),
            "seed": IntDistribution(0, MAX_SEED),
        },
        user_attrs=dict(attrs),
        intermediate_values=dict(curve),
    )
    trial.datetime_start = started
    storage = optuna_study._storage
    return storage.get_trial(storage.create_new_trial(optuna_study._study_id, trial))


def run_all(
    retrainer: Retrainer,
    optuna_study: optuna.Study,
    runs: Sequence[Run],
    on_result: Callable[[RetrainedResult], None],
) -> None:
    """Run what is not done yet; a run that diverges or needs too much memory is left out."""
    for run in runs:
        try:
            with deferred_interrupts():
                result = retrainer.run(optuna_study, run)
            on_result(result)
        except (DivergedError, MemoryError, tf.errors.ResourceExhaustedError) as error:
            logger.error("%s is left out: %s", run, " ".join(str(error).split())[:500])
        finally:
            keras.backend.clear_session()
            gc.collect()
