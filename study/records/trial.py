"""A family's trials and its winner."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

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
        training_seconds: Wall time of fitting and validating, of the epochs that count.
        lost_seconds: Wall time of training that was cut short or done again, where there was any.
        lost_epochs: Whole epochs that were trained again, where there were any.
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
    lost_seconds: float | None = None
    lost_epochs: int | None = None
    sampler: str | None = None
    seed: int | None = None
    baseline: str | None = None
    failure: str | None = None
    started: datetime | None = None
    finished: datetime | None = None

    @property
    def seconds_per_epoch(self) -> float:
        """Wall time of an epoch, validation included; 0 where it is not recorded."""
        n_epochs = len(self.validation_accuracy)
        return (self.training_seconds or 0.0) / n_epochs if n_epochs else 0.0


@dataclass(frozen=True, kw_only=True)
class Winner:
    """The best completed trial of a family, by validation accuracy."""

    family: str
    trial: TrialRecord


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
