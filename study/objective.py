"""One trial: suggest, build, fit, report each epoch. The only file that joins Optuna to Keras."""

from __future__ import annotations

import gc
from collections.abc import Callable
from dataclasses import dataclass

import keras
import optuna
import tensorflow as tf

from search_spaces import SearchSpace
from search_spaces.flops import forward_flops
from study.config import SearchConfig
from study.datasets.base import Dataset
from study.datasets.sampling import Sample
from study.environment import this_process, versions
from study.seeds import derive_seed
from study.training import precision
from study.training.fit import DivergedError, EpochScores, FitConfig
from study.training.loop import Training

OnEpoch = Callable[[str, int, EpochScores], None]
"""Called with the family, the trial's number and the epoch's scores."""


class TrialFailedError(Exception):
    """A trial gave no score; the message is the reason, for the record."""


@dataclass(frozen=True, kw_only=True)
class Objective:
    """Validation accuracy of one family's configurations.

    Attributes:
        space: The family.
        dataset: Which images.
        sample: Training and validation images; the test split is not here.
        config: How trials are trained.
        precision: "float32" or "bfloat16".
        on_epoch: Told of every epoch.
    """

    space: SearchSpace
    dataset: Dataset
    sample: Sample
    config: SearchConfig
    precision: str
    on_epoch: OnEpoch

    def __call__(self, trial: optuna.Trial) -> float:
        """Train one configuration and return its validation accuracy after the last epoch.

        Raises:
            optuna.TrialPruned: If the pruner stopped it.
            TrialFailedError: If it diverged, could not be built or ran out of memory.
        """
        seed = derive_seed(self.config.seed, self.space.name, "trial", trial.number)
        trial.set_user_attr("worker", this_process())
        trial.set_user_attr("seed", seed)
        trial.set_user_attr("versions", versions())
        is_baseline = "baseline" in trial.user_attrs
        trial.set_user_attr("sampler", "baseline" if is_baseline else self.config.sampler)
        try:
            return self._train(trial, seed)
        except DivergedError as error:
            raise TrialFailedError(f"diverged: {error}") from error
        except (tf.errors.ResourceExhaustedError, MemoryError) as error:
            raise TrialFailedError("out of memory") from error
        finally:
            # Without this, every trial leaves its graphs and weights behind.
            keras.backend.clear_session()
            gc.collect()

    def _train(self, trial: optuna.Trial, seed: int) -> float:
        model, fit = self._build(trial, seed)
        training = Training(model, self.sample.train, self.sample.validation, config=fit)
        history: list[EpochScores] = []
        try:
            while training.epoch < fit.epochs:
                scores = training.run_epoch()
                history.append(scores)
                accuracy = scores.validation_accuracy or 0.0
                trial.report(accuracy, step=scores.epoch)
                self.on_epoch(self.space.name, trial.number, scores)
                # At its last epoch there is nothing left to save by pruning.
                if scores.epoch < fit.epochs and trial.should_prune():
                    raise optuna.TrialPruned
        finally:
            _record_history(trial, history)
        return accuracy

    def _build(self, trial: optuna.Trial, seed: int) -> tuple[keras.Model, FitConfig]:
        params = self.space.suggest(trial)
        precision.activate(self.precision)
        try:
            model = self.space.build(
                params,
                image_shape=self.sample.train.image_shape,
                n_classes=self.dataset.n_classes,
                seed=seed,
            )
        except (ValueError, TypeError) as error:
            reason = " ".join(str(error).split())[:500]
            raise TrialFailedError(f"cannot be built: {reason}") from error
        trial.set_user_attr("n_parameters", model.count_params())
        trial.set_user_attr("forward_flops", forward_flops(model))
        return model, FitConfig.of(params, epochs=self.config.epochs, seed=seed)


def _record_history(trial: optuna.Trial, history: list[EpochScores]) -> None:
    trial.set_user_attr("training_accuracy", [scores.training_accuracy for scores in history])
    trial.set_user_attr("training_loss", [scores.training_loss for scores in history])
    trial.set_user_attr("validation_loss", [scores.validation_loss for scores in history])
    trial.set_user_attr("training_seconds", sum(scores.seconds for scores in history))
