"""One trial: suggest, build, fit, report each epoch. The only file that joins Optuna to Keras."""

from __future__ import annotations

import gc
import json
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from zipfile import BadZipFile

import optuna
from optuna.exceptions import UpdateFinishedTrialError

from search_spaces import SearchSpace
from search_spaces.flops import forward_flops
from study import epoch_records
from study.checkpoints import checkpoint_of
from study.config import SearchConfig
from study.datasets.base import Dataset
from study.datasets.sampling import Sample
from study.environment import this_process, versions
from study.seeds import derive_seed
from study.training import precision
from study.training.backend import active_backend
from study.training.fit import DivergedError, EpochScores, FitConfig
from study.training.kept_models import KeptModels
from study.training.loop import Training
from study.trials import TrialFailedError

logger = logging.getLogger(__name__)

OnEpoch = Callable[[str, int, EpochScores], None]
"""Called with the family, the trial's number and the epoch's scores."""


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
        checkpoints: Folder where each trial's state is kept until it ends; None to keep none.
        kept_models: Of trials that have paused or ended, for others of their structure.
    """

    space: SearchSpace
    dataset: Dataset
    sample: Sample
    config: SearchConfig
    precision: str
    on_epoch: OnEpoch
    checkpoints: Path | None = None
    kept_models: KeptModels = field(default_factory=KeptModels)

    def __call__(self, trial: optuna.Trial, *, until_epoch: int | None = None) -> float:
        """Train one configuration and return its validation accuracy after the last epoch trained.

        A trial that was trained before goes on after its last whole epoch, or from the start where
        its checkpoint is gone.

        Args:
            trial: Its parameters are suggested; what comes of it is recorded in it.
            until_epoch: How many epochs are to be done in all; all of a whole trial by default.

        Raises:
            optuna.TrialPruned: If the pruner stopped it.
            TrialFailedError: If it diverged, could not be built or ran out of memory.
        """
        until_epoch = until_epoch or self.config.epochs
        checkpoint = self.checkpoints and checkpoint_of(
            self.checkpoints, self.space.name, trial.number
        )
        has_ended = False
        try:
            with active_backend().memory_errors():
                training = self._begin(trial, checkpoint)
                try:
                    self._train(trial, training, checkpoint, until_epoch=until_epoch)
                finally:
                    self.kept_models.keep(training.model)
            has_ended = training.epoch >= self.config.epochs
        except DivergedError as error:
            has_ended = True
            raise TrialFailedError(f"diverged: {error}") from error
        except MemoryError as error:
            has_ended = True
            # The next one is to have all of it.
            self.kept_models.forget()
            raise TrialFailedError("out of memory") from error
        except (optuna.TrialPruned, TrialFailedError, UpdateFinishedTrialError):
            # The last where somebody else ended it.
            has_ended = True
            raise
        finally:
            # Stopped by Ctrl-C, a full disk or a locked database, it goes on from there.
            if checkpoint and has_ended:
                checkpoint.unlink(missing_ok=True)
            gc.collect()
        stored = trial.storage.get_trial(trial._trial_id)
        return stored.intermediate_values[training.epoch]

    def _begin(self, trial: optuna.Trial, checkpoint: Path | None) -> Training:
        seed = derive_seed(self.config.seed, self.space.name, "trial", trial.number)
        trial.set_user_attr("worker", this_process())
        trial.set_user_attr("seed", seed)
        trial.set_user_attr("versions", versions())
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
        fit = FitConfig.of(params, epochs=self.config.epochs, seed=seed)
        model = self.kept_models.adopt(model)
        training = Training(model, self.sample.train, self.sample.validation, config=fit)
        # A trial without an epoch has none: the file is another's, of a database that is gone.
        n_reported = epoch_records.n_reported(trial)
        if checkpoint and checkpoint.exists() and n_reported:
            _restore(training, checkpoint, owner=self._owner(trial), max_epoch=n_reported)
        return training

    def _owner(self, trial: optuna.Trial) -> str:
        """Return what tells a trial's state from those of trials of its name in other databases."""
        config, name = self.config, [self.space.name, trial.number]
        images = [self.dataset.name, config.fraction, config.seed]
        return json.dumps(
            [name, images, config.epochs, self.precision, trial.params], sort_keys=True
        )

    def _train(
        self, trial: optuna.Trial, training: Training, checkpoint: Path | None, *, until_epoch: int
    ) -> None:
        epoch_records.go_on_after(trial, training.epoch)
        while training.epoch < until_epoch:
            scores = training.run_epoch()
            epoch_records.record(trial, scores)
            self.on_epoch(self.space.name, trial.number, scores)
            # At its last epoch there is nothing left to save by pruning.
            if training.epoch < self.config.epochs:
                if checkpoint:
                    training.save(checkpoint, owner=self._owner(trial))
                if trial.should_prune():
                    raise optuna.TrialPruned


def _restore(training: Training, checkpoint: Path, *, owner: str, max_epoch: int) -> None:
    try:
        training.restore(checkpoint, owner=owner, max_epoch=max_epoch)
    except (OSError, ValueError, EOFError, BadZipFile) as error:
        logger.warning("%s is begun again: its checkpoint cannot be used: %s", checkpoint, error)
