"""Train one model, epoch by epoch; what a step does is in the backend's own file.

Images stay one uint8 tensor; batches are gathered, augmented and trained on inside a traced
function that runs many steps a call. There is no tf.data pipeline: its autotuning can leave the
processor idle for seconds at the end of an epoch.
"""

from __future__ import annotations

import math
import time
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np

from study.datasets.base import Images
from study.interruption import stop_if_asked
from study.training import checkpoint
from study.training.backend import active_backend
from study.training.evaluation import Scorer
from study.training.fit import DivergedError, EpochScores, FitConfig
from study.training.movers import mover_of
from study.training.statistics import FreshStatistics

SECONDS_A_CALL = 1.0
"""How long one traced call should last: short enough for Ctrl-C, long enough to cost nothing."""

AVERAGED_EPOCHS = 1 / 3
"""Over how many epochs the averaged weights reach back, about.

While the learning rate is high, the weights themselves jump about; their average is what the model
has learnt. It is scored earlier and with less noise, which is what pruning needs.
"""


class Training:
    """One training run: its model, how far it is, and all that is needed to go on.

    Each epoch visits the images in a new order, in whole batches: the remainder waits for another
    epoch. A batch is never larger than the number of images. Between epochs the model holds the
    averaged weights; where they are scored, saved or tested, the statistics of batch normalization
    are theirs.

    Args:
        model: Untrained, or trained by an earlier run: it is trained further.
        train: Images to learn from.
        validation: Images to score each epoch on; None to save the time.
        config: How to train.

    Attributes:
        model: What is trained.
        epoch: Epochs done.
    """

    def __init__(
        self, model: keras.Model, train: Images, validation: Images | None, *, config: FitConfig
    ) -> None:
        self.model = model
        self.epoch = 0
        self._train_images, self._n_images = train.images, len(train)
        self._mover = config.augmentation and mover_of(config.augmentation, flip=config.flip)
        if self._mover:
            # The steps then take the images as they are.
            config = replace(config, augmentation=None)
        self._config = config
        self._batch_size = min(config.batch_size, self._n_images)
        self._steps_per_epoch = self._n_images // self._batch_size
        self._steps = active_backend().make_steps(
            model,
            train,
            config,
            n_steps=self._steps_per_epoch * config.epochs,
            averaging=min(1.0, 1.0 / (AVERAGED_EPOCHS * self._steps_per_epoch)),
        )
        self._refresh = FreshStatistics(model, train)
        self._score = (
            Scorer(model, validation, label_smoothing=config.label_smoothing)
            if validation is not None
            else None
        )
        self._steps_a_call = 2

    def run_epoch(self) -> EpochScores:
        """Train one more epoch and return its scores.

        Raises:
            DivergedError: If the training loss is not finite.
            ValueError: If all epochs are done.
        """
        if self.epoch >= self._config.epochs:
            raise ValueError(f"All {self._config.epochs} epochs are done.")
        start = time.perf_counter()
        n_correct, total_loss = self._train()
        self.epoch += 1
        self._refresh_if_shown()
        scores = self._score() if self._score else None
        return EpochScores(
            epoch=self.epoch,
            training_accuracy=n_correct / (self._steps_per_epoch * self._batch_size),
            training_loss=total_loss / self._steps_per_epoch,
            validation_accuracy=scores.accuracy if scores else None,
            validation_loss=scores.loss if scores else None,
            seconds=time.perf_counter() - start,
        )

    def _refresh_if_shown(self) -> None:
        # Else nobody looks at the model before it is trained further.
        if self._score or self.epoch == self._config.epochs:
            self._refresh()

    def _train(self) -> tuple[int, float]:
        # Seeds are each epoch's own, so that a run that is continued sees what one that was never
        # stopped sees.
        if self._mover:
            seed = (self._config.seed, self.epoch)
            self._steps.use_images(self._mover.moved(self._train_images, seed=seed))
        first_step = self.epoch * self._steps_per_epoch
        n_correct, total_loss, done = 0, 0.0, 0
        batches = self._batches()
        with self._steps.unaveraged_weights():
            while done < self._steps_per_epoch:
                stop_if_asked()
                start = time.perf_counter()
                part = batches[done : done + self._steps_a_call]
                correct, loss = self._steps.run(part, first_step + done)
                n_correct, total_loss = n_correct + correct, total_loss + loss
                if not math.isfinite(total_loss):
                    raise DivergedError(
                        f"the training loss is {total_loss} in epoch {self.epoch + 1}"
                    )
                done += len(part)
                pace = (time.perf_counter() - start) / len(part)
                self._steps_a_call = max(
                    1, min(self._steps_per_epoch, round(SECONDS_A_CALL / pace))
                )
        return n_correct, total_loss

    def _batches(self) -> np.ndarray:
        rng = np.random.default_rng((self._config.seed, self.epoch))
        order = rng.permutation(self._n_images)[: self._steps_per_epoch * self._batch_size]
        return order.reshape(self._steps_per_epoch, self._batch_size).astype(np.int32)

    def save(self, path: Path, *, owner: str = "") -> None:
        """Write all that is needed to go on after the last epoch, as an `.npz` file.

        Not for a run whose last epoch was cut short by an exception.

        Args:
            path: Where to.
            owner: What tells this run from any other whose file may lie there.
        """
        checkpoint.write(path, self._steps.state(), epoch=self.epoch, owner=owner)

    def restore(self, path: Path, *, owner: str = "", max_epoch: int | None = None) -> None:
        """Go on where `save` was called, with a model and a config equal to those of that run.

        Args:
            path: What `save` wrote.
            owner: As it was told to `save`.
            max_epoch: The latest epoch after which the run may have been saved; None for any.

        Raises:
            ValueError: If the file is damaged, or holds the state of another run or a later one.
        """
        state, self.epoch = checkpoint.read(
            path, like=self._steps.state(), owner=owner, max_epoch=max_epoch
        )
        self._steps.load(state)
        self._refresh_if_shown()
