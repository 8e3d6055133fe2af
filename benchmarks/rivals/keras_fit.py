"""Build and fit a configuration as a user of Keras does: `compile`, `fit`, callbacks.

This file imports Keras.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import keras
import numpy as np
import tensorflow as tf

from benchmarks.rivals.setting import Assignment
from benchmarks.rivals.styles import MONITORED, STYLES, FitStyle
from search_spaces import SPACES, SearchSpace, layers
from search_spaces.batch_normalization import FusedBatchNormalization
from search_spaces.dropout import ByteDropout
from study.datasets import Images, Sample
from study.training import precision
from study.training.schedule import triangular_rate

VALIDATION_BATCH_SIZE = 500
"""In a pipeline of the user's own; of arrays, `fit` validates in batches of the training size."""

OWN_LAYERS = {
    "FusedBatchNormalization": (FusedBatchNormalization, keras.layers.BatchNormalization),
    "ByteDropout": (ByteDropout, keras.layers.Dropout),
}
"""Our layers that compute what one of Keras's does, by their name in `search_spaces.layers`."""

ADAMW_SHARE = 0.3
"""The space's learning rates and weight decays are those of Muon, which does not come with Keras
for convolutions. AdamW wants lower ones: with this factor, 3e-4 to 9e-3, which suit it."""


class Triangular(keras.optimizers.schedules.LearningRateSchedule):  # type: ignore[misc]
    """Our own schedule, for an optimizer of Keras."""

    def __init__(self, peak: float, n_steps: int) -> None:
        self.peak = peak
        self.n_steps = n_steps

    def __call__(self, step: Any) -> Any:
        """Return the rate of a step, a scalar; steps count from 0."""
        return triangular_rate(step, peak=self.peak, n_steps=self.n_steps)

    def get_config(self) -> dict[str, float]:
        """Return the arguments that rebuild this schedule."""
        return {"peak": self.peak, "n_steps": self.n_steps}


@dataclass(frozen=True, kw_only=True)
class KerasUser:
    """Builds and fits configurations.

    Attributes:
        space: The family.
        sample: Training and validation images.
        n_classes: Number of classes.
        epochs: Longest trial; the learning-rate schedule is laid over it.
        seed: Of the initial weights, dropout and the order of the images.
        style: How to fit.
        precision: "float32" or "bfloat16".
    """

    space: SearchSpace
    sample: Sample
    n_classes: int
    epochs: int
    seed: int
    style: FitStyle
    precision: str

    @classmethod
    def prepared(cls, assignment: Assignment, configuration: str, *, sample: Sample) -> Self:
        """Return the user who works on an assignment, and set up this process for that.

        Args:
            assignment: What to do.
            configuration: Key of `STYLES`.
            sample: The assignment's images.
        """
        style = STYLES[configuration]
        user = cls(
            space=SPACES[assignment.setting.family],
            sample=sample,
            n_classes=assignment.dataset.n_classes,
            epochs=assignment.setting.epochs,
            seed=assignment.seed,
            style=style,
            precision=style.precision(assignment),
        )
        user._set_up_keras()
        return user

    def _set_up_keras(self) -> None:
        keras.utils.set_random_seed(self.seed)
        precision.activate(self.precision)
        for name, (own_layer, shipped_layer) in OWN_LAYERS.items():
            setattr(layers, name, own_layer if self.style.own_layers else shipped_layer)

    def build(self, params: Mapping[str, Any]) -> keras.Model:
        """Return a compiled model: AdamW under the schedule and the loss of our own search."""
        model = self.space.build(
            params,
            image_shape=self.sample.train.image_shape,
            n_classes=self.n_classes,
            seed=self.seed,
        )
        optimizer = keras.optimizers.AdamW(
            learning_rate=Triangular(
                ADAMW_SHARE * params["learning_rate"], self.epochs * self.steps_per_epoch(params)
            ),
            weight_decay=ADAMW_SHARE * params["weight_decay"],
        )
        optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
        model.compile(
            optimizer=optimizer,
            loss=keras.losses.CategoricalCrossentropy(
                from_logits=True, label_smoothing=params["label_smoothing"]
            ),
            metrics=["accuracy"],
            steps_per_execution=self.style.steps_per_execution,
        )
        return model

    def steps_per_epoch(self, params: Mapping[str, Any]) -> int:
        """Return how many batches `fit` makes of the training images."""
        n_images, batch_size = len(self.sample.train), int(params["batch_size"])
        if self.style.own_pipeline:
            return max(1, n_images // batch_size)
        return -(-n_images // batch_size)

    def fit(
        self,
        model: keras.Model,
        params: Mapping[str, Any],
        *,
        epochs: int | None = None,
        initial_epoch: int = 0,
        callbacks: Sequence[keras.callbacks.Callback] = (),
    ) -> list[float]:
        """Train up to an epoch, by default the last, and return each validation accuracy.

        A training that was begun before goes on where the schedule stood.
        """
        if initial_epoch:
            model.optimizer.iterations.assign(initial_epoch * self.steps_per_epoch(params))
        history = model.fit(
            **self._images(params),
            epochs=epochs or self.epochs,
            initial_epoch=initial_epoch,
            callbacks=list(callbacks),
            verbose=0,
        )
        return [float(accuracy) for accuracy in history.history[MONITORED]]

    def _images(self, params: Mapping[str, Any]) -> dict[str, Any]:
        if self.style.own_pipeline:
            return {
                "x": self._training_pipeline(params),
                "shuffle": False,  # The pipeline does.
                "validation_data": self._pipeline(self.sample.validation).batch(
                    VALIDATION_BATCH_SIZE
                ),
            }
        train, validation = self.sample.train, self.sample.validation
        return {
            "x": train.images,
            "y": self._one_hot(train),
            "batch_size": params["batch_size"],
            "validation_data": (validation.images, self._one_hot(validation)),
        }

    def _training_pipeline(self, params: Mapping[str, Any]) -> tf.data.Dataset:
        n_images = len(self.sample.train)
        batch_size = min(params["batch_size"], n_images)
        shuffled = self._pipeline(self.sample.train).shuffle(n_images, seed=self.seed)
        return shuffled.batch(batch_size, drop_remainder=True).prefetch(2)

    def _pipeline(self, images: Images) -> tf.data.Dataset:
        options = tf.data.Options()
        options.autotune.enabled = False
        pairs = tf.data.Dataset.from_tensor_slices((images.images, self._one_hot(images)))
        return pairs.with_options(options)

    def _one_hot(self, images: Images) -> np.ndarray:
        return np.asarray(keras.utils.to_categorical(images.labels, self.n_classes))
