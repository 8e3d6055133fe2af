"""Training steps in TensorFlow: one traced function that runs many steps a call."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from study.config import AugmentationConfig
from study.datasets.base import Images
from study.training.augmentation import N_RANDOM_NUMBERS, random_affine
from study.training.backend import State
from study.training.evaluation import smoothed_cross_entropy
from study.training.fit import FitConfig
from study.training.optimizer import (
    BETA_1,
    BETA_2,
    EPSILON,
    MOMENTUM,
    averaged_weights,
    averaging_share,
    dropout_seeds,
    muon_update,
    update_rules,
)
from study.training.per_model import per_model
from study.training.schedule import triangular_rate


class TensorFlowSteps:
    """One run's steps: `study.training.backend.Steps`."""

    def __init__(
        self,
        model: keras.Model,
        train: Images,
        config: FitConfig,
        *,
        n_steps: int,
        averaging: float,
    ) -> None:
        self._images, self._labels = _tensors(train)
        self._graph = _graphs(model)(config.augmentation, config.flip)
        self._graph.begin(config, n_steps=n_steps, averaging=averaging)

    def use_images(self, images: np.ndarray) -> None:
        """See `Steps.use_images`."""
        self._images = tf.constant(images)

    def run(self, batches: np.ndarray, first_step: int) -> tuple[int, float]:
        """See `Steps.run`."""
        n_correct, loss = self._graph.run(
            self._images, self._labels, tf.constant(batches), tf.constant(first_step)
        )
        return int(n_correct), float(loss)

    @contextmanager
    def unaveraged_weights(self) -> Iterator[None]:
        """See `Steps.unaveraged_weights`."""
        self._graph.show_trained()
        try:
            yield
        finally:
            self._graph.keep_trained()
            self._graph.show_averaged()

    def state(self) -> dict[str, list[np.ndarray]]:
        """See `Steps.state`."""
        return {
            name: [variable.numpy() for variable in variables]
            for name, variables in self._graph.changing.items()
        }

    def load(self, state: State) -> None:
        """See `Steps.load`."""
        for name, variables in self._graph.changing.items():
            _assign(variables, state[name])
        self._graph.show_averaged()


class _Graph:
    """A model's traced steps and the variables they change; what a run is asked for are inputs.

    Learning rate, weight decay, smoothing and seed are variables, so that another run on the same
    model object needs no new trace, which takes about a second.
    """

    def __init__(
        self, model: keras.Model, augmentation: AugmentationConfig | None, flip: bool
    ) -> None:
        self._model = model
        self._augmentation, self._flip = augmentation, flip
        self._rules = update_rules(model)
        self._weights = [weight.value for weight in model.trainable_variables]
        self._momenta, self._velocities = _zeros_like(self._weights), _zeros_like(self._weights)
        self._shown = [weight.value for weight in averaged_weights(model)]
        self._averages, self._trained = _zeros_like(self._shown), _zeros_like(self._shown)
        self.changing: Mapping[str, Sequence[tf.Variable]] = {
            "trained": self._trained,
            "averages": self._averages,
            "momenta": self._momenta,
            "velocities": self._velocities,
            "seeds": [seed.value for seed in dropout_seeds(model)],
        }
        self._rate, self._decay, self._smoothing, self._n_steps, self._averaging = (
            tf.Variable(0.0, trainable=False) for _ in range(5)
        )
        self._seed = tf.Variable(0, trainable=False)
        # XLA makes small convolutions several times slower on a CPU; the loop is compiled only by
        # TensorFlow's own graph compiler.
        self.run = tf.function(
            self._run,
            jit_compile=False,
            input_signature=[
                tf.TensorSpec((None, *model.input_shape[1:]), tf.uint8),
                tf.TensorSpec((None,), tf.int32),
                tf.TensorSpec((None, None), tf.int32),
                tf.TensorSpec((), tf.int32),
            ],
        )

    def begin(self, config: FitConfig, *, n_steps: int, averaging: float) -> None:
        """Start a run from the weights that the model holds."""
        self._rate.assign(config.learning_rate)
        self._decay.assign(config.weight_decay)
        self._smoothing.assign(config.label_smoothing)
        self._n_steps.assign(n_steps)
        self._averaging.assign(averaging)
        self._seed.assign(config.seed)
        for slot in (*self._momenta, *self._velocities):
            slot.assign(tf.zeros_like(slot))
        _assign(self._averages, self._shown)
        _assign(self._trained, self._shown)

    def show_trained(self) -> None:
        """Put the weights that are being trained into the model."""
        _assign(self._shown, self._trained)

    def keep_trained(self) -> None:
        """Keep the weights that the model holds as those that are being trained."""
        _assign(self._trained, self._shown)

    def show_averaged(self) -> None:
        """Put the averaged weights into the model."""
        _assign(self._shown, self._averages)

    def _run(
        self, images: tf.Tensor, labels: tf.Tensor, batches: tf.Tensor, first_step: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Train on batches in turn; return the number classified rightly and the sum of losses."""
        n_correct, total_loss = tf.constant(0), tf.constant(0.0)
        for index in tf.range(tf.shape(batches)[0]):
            batch = batches[index]
            x, y = tf.gather(images, batch), tf.gather(labels, batch)
            correct, loss = self._step(x, y, first_step + index)
            n_correct, total_loss = n_correct + correct, total_loss + loss
        return n_correct, total_loss

    def _step(self, x: tf.Tensor, y: tf.Tensor, step: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        if self._augmentation is not None:
            uniform = tf.random.stateless_uniform(
                (N_RANDOM_NUMBERS, tf.shape(y)[0]), seed=tf.stack([self._seed, step])
            )
            x = random_affine(x, config=self._augmentation, uniform=uniform, flip=self._flip)
        with tf.GradientTape() as tape:
            scores = self._model(x, training=True)
            loss = smoothed_cross_entropy(
                scores, y, n_classes=scores.shape[-1], label_smoothing=self._smoothing
            )
        self._update(tape.gradient(loss, self._weights), step)
        self._average(step)
        predicted = tf.argmax(scores, axis=-1, output_type=tf.int32)
        return tf.reduce_sum(tf.cast(predicted == y, tf.int32)), loss

    def _update(self, gradients: Sequence[Any], step: tf.Tensor) -> None:
        rate = triangular_rate(step, peak=self._rate, n_steps=self._n_steps)
        n_updates = tf.cast(step + 1, tf.float32)
        powers = {"beta1_power": BETA_1**n_updates, "beta2_power": BETA_2**n_updates}
        for weight, gradient, momentum, velocity, rule in zip(
            self._weights, gradients, self._momenta, self._velocities, self._rules, strict=True
        ):
            if rule.decayed:
                weight.assign_sub(rate * self._decay * weight)
            if rule.by_muon:
                momentum.assign(MOMENTUM * momentum + gradient)
                update = _muon_update(
                    gradient + MOMENTUM * momentum, dtype=self._model.compute_dtype
                )
                weight.assign_sub(rate * update)
            else:
                tf.raw_ops.ResourceApplyAdam(
                    var=weight.handle,
                    m=momentum.handle,
                    v=velocity.handle,
                    lr=rate,
                    beta1=BETA_1,
                    beta2=BETA_2,
                    epsilon=EPSILON,
                    grad=gradient,
                    **powers,
                )

    def _average(self, step: tf.Tensor) -> None:
        share = averaging_share(tf.cast(step + 1, tf.float32), at_least=self._averaging)
        for shown, average in zip(self._shown, self._averages, strict=True):
            average.assign_sub(share * (average - shown))


@tf.function(autograph=False, jit_compile=False)  # type: ignore[untyped-decorator]
def _muon_update(momentum: tf.Tensor, *, dtype: str) -> tf.Tensor:
    # A function of its own is traced once for each shape of kernel, not for each kernel and model.
    return muon_update(momentum, dtype=dtype)


@per_model
def _graphs(model: keras.Model) -> Callable[[AugmentationConfig | None, bool], _Graph]:
    """Return what gives the graph of a kind of augmentation: the same one for the same kind."""
    return functools.cache(functools.partial(_Graph, model))


@functools.lru_cache(maxsize=2)
def _tensors(images: Images) -> tuple[tf.Tensor, tf.Tensor]:
    # Shared by all models that are trained on the same images.
    return tf.constant(images.images), tf.constant(images.labels, tf.int32)


def _zeros_like(variables: Sequence[tf.Variable]) -> list[tf.Variable]:
    return [tf.Variable(tf.zeros_like(variable), trainable=False) for variable in variables]


def _assign(variables: Sequence[tf.Variable], values: Sequence[Any]) -> None:
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)
