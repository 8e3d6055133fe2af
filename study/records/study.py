"""A named comparison as a whole, and the images it used."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from study.records.retrained import RetrainedResult
from study.records.trial import FamilyRecord
from study.records.validated import AblationPath, ValidatedResult

SCHEMA_VERSION = 1
"""Version of the attributes in `docs/records.md`; a database with a higher one is refused."""

RETRAINED = "retrained"
"""Last part of the name of the Optuna study that holds the retrained results."""
VALIDATED = "validated"
"""The same of the one of configurations trained anew for validation."""
NO_FAMILIES = (RETRAINED, VALIDATED)


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
        retrained: On the sample that was searched with, in order of their numbers: what verdicts
            are about.
        redrawn: The same on other draws of the sample, which tell how much that changes.
        validated: In order of their numbers.
        failed_draws: By family, how many configurations drawn at random gave no model.
        ablations: Paths from named configurations to winners.
        validation_labels: True class of each validation image in order; may be empty.
        test_labels: True class of each test image in order, one byte each; empty before retraining.
        retraining_settings: What retraining was asked for: epochs, augmentation, ...
    """

    name: str
    dataset: DatasetRecord
    families: tuple[FamilyRecord, ...]
    retrained: tuple[RetrainedResult, ...] = ()
    redrawn: tuple[RetrainedResult, ...] = ()
    validated: tuple[ValidatedResult, ...] = ()
    failed_draws: Mapping[str, int] = field(default_factory=dict)
    ablations: tuple[AblationPath, ...] = ()
    validation_labels: bytes = b""
    test_labels: bytes = b""
    retraining_settings: Mapping[str, Any] = field(default_factory=dict)
