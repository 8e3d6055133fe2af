"""Training steps in JAX: one compiled function, called step by step.

A loop within the compiled function, as TensorFlow's has, took fifteen times the processor time on a
CPU (JAX 0.10, a small network of convolutions). Steps are handed over without waiting for the one
before, so that a GPU need not wait either.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import keras
import numpy as np

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
    is_averaged,
    muon_update,
    update_rules,
)
from study.training.per_model import per_model
from study.training.schedule import triangular_rate

Arrays = list[jax.Array]


class _Settings(NamedTuple):
    """What a run is asked for, as inputs: another with batches of that size compiles nothing."""

    rate: float
    decay: float
    smoothing: float
    n_steps: int
    averaging: float
    seed: int


class _State(NamedTuple):
    """All that training changes."""

    trained: Arrays
    averages: Arrays
    momenta: Arrays
    velocities: Arrays
    seeds: Arrays


class JaxSteps:
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
        self._images, self._labels = _arrays(train)
        self._program = _programs(model)(config.augmentation, config.flip)
        self._settings = _Settings(
            rate=config.learning_rate,
            decay=config.weight_decay,
            smoothing=config.label_smoothing,
            n_steps=n_steps,
            averaging=averaging,
            seed=config.seed,
        )
        self._state = self._program.initial_state()

    def use_images(self, images: np.ndarray) -> None:
        """See `Steps.use_images`."""
        self._images = jnp.asarray(images)

    def run(self, batches: np.ndarray, first_step: int) -> tuple[int, float]:
        """See `Steps.run`."""
        results = []
        for step, batch in enumerate(batches, start=first_step):
            self._state, *result = self._program.step(
                self._state, self._settings, self._images, self._labels, batch, step
            )
            results.append(result)
        # Only now is waited for; until here the steps were handed over ahead of the device.
        n_correct, losses = np.array(jax.device_get(results)).T
        return int(n_correct.sum()), float(losses.sum())

    @contextmanager
    def unaveraged_weights(self) -> Iterator[None]:
        """See `Steps.unaveraged_weights`; the model itself is not needed to train."""
        try:
            yield
        finally:
            self._program.show_averaged(self._state)

    def state(self) -> dict[str, list[np.ndarray]]:
        """See `Steps.state`."""
        groups = self._state._asdict()
        return {name: [np.array(array) for array in arrays] for name, arrays in groups.items()}

    def load(self, state: State) -> None:
        """See `Steps.load`."""
        self._state = _State(
            **{name: [jnp.asarray(array) for array in arrays] for name, arrays in state.items()}
        )
        self._program.show_averaged(self._state)


class _Program:
    """A model's compiled steps: pure functions from state to state."""

    def __init__(
        self, model: keras.Model, augmentation: AugmentationConfig | None, flip: bool
    ) -> None:
        self._model = model
        self._augmentation, self._flip = augmentation, flip
        self._rules = update_rules(model)
        self._averaged, self._seeds = averaged_weights(model), dropout_seeds(model)
        self._are_seeds = [not is_averaged(other) for other in model.non_trainable_variables]
        self.step = jax.jit(self._step)

    def initial_state(self) -> _State:
        """Return the state of a run that starts from the weights that the model holds."""
        held = [weight.value for weight in self._averaged]
        zeros = [jnp.zeros_like(array) for array in held[: len(self._rules)]]
        return _State(
            trained=held,
            averages=held,
            momenta=zeros,
            velocities=zeros,
            seeds=[seed.value for seed in self._seeds],
        )

    def show_averaged(self, state: _State) -> None:
        """Put the averaged weights, and dropout's seeds, into the model."""
        for variable, array in zip(self._averaged, state.averages, strict=True):
            variable.assign(array)
        for variable, array in zip(self._seeds, state.seeds, strict=True):
            variable.assign(array)

    def _step(  # noqa: PLR0917 - JAX's compiled functions are best called by position
        self, state: _State, settings: _Settings, images: Any, labels: Any, batch: Any, step: Any
    ) -> tuple[_State, Any, Any]:
        """Train on a batch; return what comes of the state, how many were right, and the loss."""
        x, y = images[batch], labels[batch]
        if self._augmentation is not None:
            key = jax.random.fold_in(jax.random.key(settings.seed), step)
            uniform = jax.random.uniform(key, (N_RANDOM_NUMBERS, len(y)))
            x = random_affine(x, config=self._augmentation, uniform=uniform, flip=self._flip)
        n_weights = len(self._rules)
        weights, statistics = state.trained[:n_weights], state.trained[n_weights:]
        others = _merged(self._are_seeds, state.seeds, statistics)

        def loss_of(weights: Arrays) -> tuple[Any, tuple[Any, Arrays]]:
            scores, others_after = self._model.stateless_call(weights, others, x, training=True)
            loss = smoothed_cross_entropy(
                scores, y, n_classes=scores.shape[-1], label_smoothing=settings.smoothing
            )
            return loss, (scores, others_after)

        (loss, (scores, others)), gradients = jax.value_and_grad(loss_of, has_aux=True)(weights)
        state = self._updated(state, gradients, settings, step)
        seeds, statistics = _parted(self._are_seeds, others)
        trained = [*state.trained[:n_weights], *statistics]
        share = averaging_share(step + 1.0, at_least=settings.averaging)
        averages = [
            average - share * (average - array)
            for average, array in zip(state.averages, trained, strict=True)
        ]
        state = state._replace(trained=trained, averages=averages, seeds=seeds)
        return state, jnp.sum(jnp.argmax(scores, axis=-1) == y), loss

    def _updated(self, state: _State, gradients: Arrays, settings: _Settings, step: Any) -> _State:
        """Return the state with the trainable weights and their momenta after one update."""
        rate = triangular_rate(step, peak=settings.rate, n_steps=settings.n_steps)
        trained, momenta, velocities = list(state.trained), [], []
        for index, (gradient, rule) in enumerate(zip(gradients, self._rules, strict=True)):
            weight, momentum, velocity = (
                arrays[index] for arrays in (trained, state.momenta, state.velocities)
            )
            if rule.decayed:
                weight = weight - rate * settings.decay * weight
            if rule.by_muon:
                momentum = MOMENTUM * momentum + gradient
                ahead = gradient + MOMENTUM * momentum
                update = muon_update(ahead, dtype=self._model.compute_dtype)
            else:
                momentum = BETA_1 * momentum + (1.0 - BETA_1) * gradient
                velocity = BETA_2 * velocity + (1.0 - BETA_2) * jnp.square(gradient)
                update = _adam_update(momentum, velocity, n_updates=step + 1.0)
            trained[index] = weight - rate * update
            momenta.append(momentum)
            velocities.append(velocity)
        return state._replace(trained=trained, momenta=momenta, velocities=velocities)


def _adam_update(momentum: Any, velocity: Any, *, n_updates: Any) -> Any:
    correction = jnp.sqrt(1.0 - BETA_2**n_updates) / (1.0 - BETA_1**n_updates)
    return correction * momentum / (jnp.sqrt(velocity) + EPSILON)


def _merged(are_chosen: Sequence[bool], chosen: Arrays, rest: Arrays) -> Arrays:
    """Return both lists as one, in the order that the flags tell."""
    next_chosen, next_rest = iter(chosen), iter(rest)
    return [next(next_chosen if is_chosen else next_rest) for is_chosen in are_chosen]


def _parted(are_chosen: Sequence[bool], arrays: Arrays) -> tuple[Arrays, Arrays]:
    """Return the two lists that `_merged` merged."""
    flagged = list(zip(arrays, are_chosen, strict=True))
    return (
        [array for array, is_chosen in flagged if is_chosen],
        [array for array, is_chosen in flagged if not is_chosen],
    )


@per_model
def _programs(model: keras.Model) -> Callable[[AugmentationConfig | None, bool], _Program]:
    """Return what gives the program of a kind of augmentation: the same one for the same kind."""
    return functools.cache(functools.partial(_Program, model))


@functools.lru_cache(maxsize=2)
def _arrays(images: Images) -> tuple[jax.Array, jax.Array]:
    # Shared by all models that are trained on the same images.
    return jnp.asarray(images.images), jnp.asarray(images.labels, jnp.int32)
