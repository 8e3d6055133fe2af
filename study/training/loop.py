"""Train one model, epoch by epoch, as fast as the machine allows.

Images stay one uint8 tensor; batches are gathered, augmented and trained on inside a traced
function that runs many steps a call. There is no tf.data pipeline: its autotuning can leave the
processor idle for seconds at the end of an epoch.
"""

from __future__ import annotations

import functools
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import keras
import numpy as np
import tensorflow as tf

from study.config import AugmentationConfig
from study.datasets.base import Images
from study.interruption import stop_if_asked
from study.training.augmentation import random_affine
from study.training.evaluation import Scorer, smoothed_cross_entropy
from study.training.schedule import Triangular

SECONDS_A_CALL = 1.0
"""How long one traced call should last: short enough for Ctrl-C, long enough to cost nothing."""


class DivergedError(Exception):
    """The training loss is no longer a number."""


@dataclass(frozen=True, kw_only=True)
class FitConfig:
    """How one model is trained.

    Attributes:
        epochs: Length of the run; the learning-rate schedule is laid over all of it.
        batch_size: Images a step.
        learning_rate: Peak of the triangular schedule.
        weight_decay: Decoupled, on kernels only (Loshchilov and Hutter 2019, "AdamW").
        label_smoothing: Share of the target spread over all classes, in [0, 1).
        seed: Of the order of the images and of augmentation.
        augmentation: None for the images as they are.
        flip: Whether augmentation may mirror these images.
    """

    epochs: int
    batch_size: int
    learning_rate: float
    weight_decay: float
    label_smoothing: float
    seed: int
    augmentation: AugmentationConfig | None = None
    flip: bool = False


@dataclass(frozen=True, kw_only=True)
class EpochScores:
    """What one epoch gave; validation scores are None where no validation images were given.

    Attributes:
        epoch: From 1.
        training_accuracy: In [0, 1], measured while training.
        training_loss: Mean smoothed cross-entropy, in nats.
        validation_accuracy: In [0, 1], after the epoch.
        validation_loss: Mean smoothed cross-entropy, in nats.
        seconds: Wall time of training and validating.
    """

    epoch: int
    training_accuracy: float
    training_loss: float
    validation_accuracy: float | None
    validation_loss: float | None
    seconds: float


def train_epochs(
    model: keras.Model, train: Images, validation: Images | None, *, config: FitConfig
) -> Iterator[EpochScores]:
    """Train a model, yielding its scores after each epoch; stop iterating to stop training.

    Each epoch visits the images in a new order, in whole batches: the remainder waits for another
    epoch. A batch is never larger than the number of images.

    Raises:
        DivergedError: If the training loss is not finite.
    """
    n_images = len(train.labels)
    batch_size = min(config.batch_size, n_images)
    steps_per_epoch = n_images // batch_size
    run_steps = _step_runner(model, train, config, n_steps=steps_per_epoch * config.epochs)
    scorer = validation and Scorer(model, validation, label_smoothing=config.label_smoothing)
    rng = np.random.default_rng(config.seed)
    steps_a_call = 2
    for epoch in range(1, config.epochs + 1):
        start = time.perf_counter()
        order = rng.permutation(n_images)[: steps_per_epoch * batch_size]
        batches = order.reshape(steps_per_epoch, batch_size).astype(np.int32)
        first_step = (epoch - 1) * steps_per_epoch
        n_correct, total_loss, done = 0, 0.0, 0
        while done < steps_per_epoch:
            stop_if_asked()
            call_start = time.perf_counter()
            part = batches[done : done + steps_a_call]
            correct, loss = run_steps(part, first_step + done)
            n_correct, total_loss = n_correct + correct, total_loss + loss
            if not math.isfinite(total_loss):
                raise DivergedError(f"the training loss is {total_loss} in epoch {epoch}")
            done += len(part)
            pace = (time.perf_counter() - call_start) / len(part)
            steps_a_call = max(1, min(steps_per_epoch, round(SECONDS_A_CALL / pace)))
        scores = scorer() if scorer else None
        yield EpochScores(
            epoch=epoch,
            training_accuracy=n_correct / len(order),
            training_loss=total_loss / steps_per_epoch,
            validation_accuracy=scores.accuracy if scores else None,
            validation_loss=scores.loss if scores else None,
            seconds=time.perf_counter() - start,
        )


@functools.lru_cache(maxsize=2)
def _tensors(images: Images) -> tuple[tf.Tensor, tf.Tensor]:
    # Shared by all trials on the same images: a traced function's tensors outlive its model.
    return tf.constant(images.images), tf.constant(images.labels, tf.int32)


def _step_runner(
    model: keras.Model, train: Images, config: FitConfig, *, n_steps: int
) -> Callable[[np.ndarray, int], tuple[int, float]]:
    images, labels = _tensors(train)
    optimizer = keras.optimizers.AdamW(
        learning_rate=Triangular(peak=config.learning_rate, n_steps=n_steps),
        weight_decay=config.weight_decay,
    )
    optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    optimizer.build(model.trainable_variables)
    variables = [variable.value for variable in model.trainable_variables]
    n_classes = model.output_shape[-1]

    # XLA makes small convolutions several times slower on a CPU; the loop is compiled only by
    # TensorFlow's own graph compiler.
    @tf.function(  # type: ignore[untyped-decorator]
        jit_compile=False,
        input_signature=[tf.TensorSpec((None, None), tf.int32), tf.TensorSpec((), tf.int32)],
    )
    def run_steps(batches: tf.Tensor, first_step: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        n_correct, total_loss = tf.constant(0), tf.constant(0.0)
        for index in tf.range(tf.shape(batches)[0]):
            batch = batches[index]
            x, y = tf.gather(images, batch), tf.gather(labels, batch)
            if config.augmentation is not None:
                x = random_affine(
                    x,
                    config=config.augmentation,
                    seed=tf.stack([config.seed, first_step + index]),
                    flip=config.flip,
                )
            with tf.GradientTape() as tape:
                scores = model(x, training=True)
                loss = smoothed_cross_entropy(
                    scores, y, n_classes=n_classes, label_smoothing=config.label_smoothing
                )
            gradients = tape.gradient(loss, variables)
            optimizer.apply(gradients, model.trainable_variables)
            predicted = tf.argmax(scores, axis=-1, output_type=tf.int32)
            n_correct += tf.reduce_sum(tf.cast(predicted == y, tf.int32))
            total_loss += loss
        return n_correct, total_loss

    def run(batches: np.ndarray, first_step: int) -> tuple[int, float]:
        n_correct, loss = run_steps(tf.constant(batches), tf.constant(first_step))
        return int(n_correct), float(loss)

    return run
