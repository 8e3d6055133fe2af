"""Configurations trained anew from fresh seeds, and the paths between some of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from study.records.params import params_text

FINALIST, MEASURED, ABLATION, MATCHED = "finalist", "measured", "ablation", "matched"
"""What a configuration was trained anew for."""


@dataclass(frozen=True, kw_only=True)
class ValidatedResult:
    """One model trained as a trial is, from a seed that chose nothing, and scored on validation.

    Attributes:
        number: Number of the trial in `{name}/validated`.
        family: Of architectures.
        purpose: FINALIST (among the best trials of a search), MEASURED (drawn at random), ABLATION
            (a step between a named configuration and the winner) or MATCHED (to be compared with
            another family's winner at equally many parameters).
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


ValidationKey = tuple[str, str, int]


def validation_key(family: str, params: Mapping[str, Any], seed: int) -> ValidationKey:
    """Return what tells one model that is trained for validation from all others."""
    return family, params_text(params), seed
