"""What a study knows, free of Optuna and Keras: what storage returns and analysis reads.

`docs/records.md` says how each field is stored in the database.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

SCHEMA_VERSION = 1
"""Version of the attributes in `docs/records.md`; a database with a higher one is refused."""

RETRAINED = "retrained"
"""Last part of the name of the Optuna study that holds the retrained results."""
VALIDATED = "validated"
"""The same of the one of configurations trained anew for validation."""
NO_FAMILIES = (RETRAINED, VALIDATED)

FINALIST, MEASURED, ABLATION = "finalist", "measured", "ablation"
"""What a configuration was trained anew for."""

WINNER = "winner"
"""Configuration label of a family's best trial; named baselines use their own names."""

INTERRUPTED = "interrupted"
"""Reason of a trial that the user stopped: it does not count, its configuration is tried again."""

FINISHED = ("COMPLETE", "PRUNED", "FAIL")
"""States of a trial that has ended."""


@dataclass(frozen=True, kw_only=True)
class TrialRecord:
    """One trial of a search.

    Attributes:
        number: The trial's number in its Optuna study, from 0.
        state: "COMPLETE", "PRUNED", "FAIL", "RUNNING" or "WAITING".
        params: Hyperparameters by name.
        distributions: Each hyperparameter's Optuna distribution, as Optuna's JSON.
        value: Validation accuracy after the last epoch, in [0, 1]; None unless COMPLETE.
        validation_accuracy: (epoch, accuracy) pairs, epochs from 1, ascending.
        training_accuracy: One value an epoch, in [0, 1], measured while training (dropout on).
        training_loss: Mean cross-entropy an epoch (with label smoothing).
        validation_loss: Mean cross-entropy an epoch (with label smoothing).
        n_parameters: Trainable and other weights of the model.
        forward_flops: Floating-point operations of one forward pass of one image.
        training_seconds: Wall time of fitting and validating.
        sampler: Who proposed the parameters: a sampler's name or "baseline".
        seed: Seed of initial weights, order of images and dropout.
        baseline: Name of the configuration where it is a named one, as "V1".
        failure: Why a FAIL trial failed.
        started: When the trial began, in UTC.
        finished: When the trial ended, in UTC.
    """

    number: int
    state: str
    params: Mapping[str, Any] = field(default_factory=dict)
    distributions: Mapping[str, str] = field(default_factory=dict)
    value: float | None = None
    validation_accuracy: tuple[tuple[int, float], ...] = ()
    training_accuracy: tuple[float, ...] = ()
    training_loss: tuple[float, ...] = ()
    validation_loss: tuple[float, ...] = ()
    n_parameters: int | None = None
    forward_flops: int | None = None
    training_seconds: float | None = None
    sampler: str | None = None
    seed: int | None = None
    baseline: str | None = None
    failure: str | None = None
    started: datetime | None = None
    finished: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Winner:
    """The best completed trial of a family, by validation accuracy."""

    family: str
    trial: TrialRecord


@dataclass(frozen=True, kw_only=True)
class RetrainedResult:
    """One model trained from scratch on training plus validation images and tested once.

    Attributes:
        number: Number of the trial in `{name}/retrained`.
        family: Architecture family.
        configuration: "winner", or the name of a baseline.
        source_trial: Number of the search trial it was taken from; None for a baseline.
        params: The hyperparameters it was built from.
        augmented: Whether it was trained with data augmentation.
        seed: Seed of this run.
        epochs: Epochs trained.
        test_accuracy: Share of the whole test split classified rightly, in [0, 1].
        unflipped_test_accuracy: The same without test-time flip, where there was one.
        training_accuracy: The same on its own, unaugmented training images, after training.
        training_accuracy_by_epoch: Measured while training (dropout and augmentation on).
        training_loss_by_epoch: Mean cross-entropy (with label smoothing).
        precision: By class, in [0, 1].
        recall: By class, in [0, 1].
        f1: By class, in [0, 1].
        confusion_matrix: Counts; rows are true classes, columns predicted ones.
        predictions: Predicted class of each test image in order, one byte each.
        n_parameters: Trainable and other weights of the model.
        forward_flops: Floating-point operations of one forward pass of one image.
        model_bytes: Size of the saved `.keras` file.
        training_seconds: Wall time of fitting.
        milliseconds_per_image: Wall time of predicting the test split, per image.
        finished: When the run ended, in UTC.
    """

    number: int
    family: str
    configuration: str
    augmented: bool
    seed: int
    test_accuracy: float
    source_trial: int | None = None
    params: Mapping[str, Any] = field(default_factory=dict)
    epochs: int | None = None
    unflipped_test_accuracy: float | None = None
    training_accuracy: float | None = None
    training_accuracy_by_epoch: tuple[float, ...] = ()
    training_loss_by_epoch: tuple[float, ...] = ()
    precision: tuple[float, ...] = ()
    recall: tuple[float, ...] = ()
    f1: tuple[float, ...] = ()
    confusion_matrix: tuple[tuple[int, ...], ...] = ()
    predictions: bytes = b""
    n_parameters: int | None = None
    forward_flops: int | None = None
    model_bytes: int | None = None
    training_seconds: float | None = None
    milliseconds_per_image: float | None = None
    finished: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class ValidatedResult:
    """One model trained as a trial is, from a seed that chose nothing, and scored on validation.

    Attributes:
        number: Number of the trial in `{name}/validated`.
        family: Of architectures.
        purpose: FINALIST (among the best trials of a search), MEASURED (drawn at random) or
            ABLATION (a step between a named configuration and the winner).
        params: The hyperparameters it was built from.
        seed: Seed of this run.
        validation_accuracy: After the last epoch, in [0, 1].
        source_trial: Number of the search trial it was taken from; None where there is none.
        validation_accuracy_by_epoch: (epoch, accuracy) pairs, epochs from 1, ascending.
        n_parameters: Trainable and other weights of the model.
        forward_flops: Floating-point operations of one forward pass of one image.
        training_seconds: Wall time of fitting and validating.
        predictions: Predicted class of each validation image in order, one byte each.
        finished: When the run ended.
    """

    number: int
    family: str
    purpose: str
    params: Mapping[str, Any]
    seed: int
    validation_accuracy: float
    source_trial: int | None = None
    validation_accuracy_by_epoch: tuple[tuple[int, float], ...] = ()
    n_parameters: int | None = None
    forward_flops: int | None = None
    training_seconds: float | None = None
    predictions: bytes = b""
    finished: datetime | None = None

    @property
    def key(self) -> ValidationKey:
        """What tells results apart: a configuration with a seed is trained once for all uses."""
        return validation_key(self.family, self.params, self.seed)


@dataclass(frozen=True, kw_only=True)
class AblationStep:
    """A configuration between a named one and the winner.

    Attributes:
        changed: The hyperparameter that tells it from the step before; empty at the first.
        params: All of its hyperparameters.
    """

    changed: str
    params: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class AblationPath:
    """From a named configuration to a winner, one hyperparameter a step.

    Attributes:
        family: Architecture family.
        baseline: Name of the configuration where it begins.
        winner: Number of the trial where it ends.
        steps: The first is the named configuration, the last the winner's.
    """

    family: str
    baseline: str
    winner: int
    steps: tuple[AblationStep, ...]


@dataclass(frozen=True, kw_only=True)
class FamilyRecord:
    """All trials of one family and what its space declares.

    Attributes:
        family: Architecture family, as "custom_cnn".
        trials: In order of their numbers.
        roles: "scientific" or "nuisance" by hyperparameter.
        baselines: Parameters of the named configurations, by name.
        settings: What the search was asked for: target trials, epochs, sampler, pruner, seed, ...
        versions: Version by library.
    """

    family: str
    trials: tuple[TrialRecord, ...]
    roles: Mapping[str, str] = field(default_factory=dict)
    baselines: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class DatasetRecord:
    """Which images a study used.

    Attributes:
        name: As "cifar10".
        classes: Name of each class, in label order.
        image_shape: Height, width, channels.
        digests: SHA-256 by array, as in the dataset's file.
        fraction: Share of the training split that was sampled.
        sample_seed: Seed of the sample.
        n_train: Images searched with.
        n_validation: Images that scored the trials.
        n_test: Images of the test split.
        substitute_for: Why another dataset was used in place of the wanted one; None if it was not.
    """

    name: str
    classes: tuple[str, ...]
    image_shape: tuple[int, ...] = ()
    digests: Mapping[str, str] = field(default_factory=dict)
    fraction: float | None = None
    sample_seed: int | None = None
    n_train: int | None = None
    n_validation: int | None = None
    n_test: int | None = None
    substitute_for: str | None = None


@dataclass(frozen=True, kw_only=True)
class StudyRecord:
    """A named comparison: one search per family and the retrained results.

    Attributes:
        name: As "cifar10"; the Optuna studies are `{name}/{family}` and `{name}/retrained`.
        dataset: Which images.
        families: In alphabetical order.
        retrained: In order of their numbers.
        validated: In order of their numbers.
        ablations: Paths from named configurations to winners.
        validation_labels: True class of each validation image in order; may be empty.
        test_labels: True class of each test image in order, one byte each; empty before retraining.
        retraining_settings: What retraining was asked for: epochs, augmentation, ...
    """

    name: str
    dataset: DatasetRecord
    families: tuple[FamilyRecord, ...]
    retrained: tuple[RetrainedResult, ...] = ()
    validated: tuple[ValidatedResult, ...] = ()
    ablations: tuple[AblationPath, ...] = ()
    validation_labels: bytes = b""
    test_labels: bytes = b""
    retraining_settings: Mapping[str, Any] = field(default_factory=dict)


ValidationKey = tuple[str, str, int]


def validation_key(family: str, params: Mapping[str, Any], seed: int) -> ValidationKey:
    """Return what tells one model that is trained for validation from all others."""
    return family, json.dumps(dict(params), sort_keys=True, default=str), seed
