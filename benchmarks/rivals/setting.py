"""What all contenders share, and what one of them is told to do."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

from search_spaces import SPACES
from study.datasets import DATASETS, Dataset, Sample, draw_sample
from study.errors import ConfigError


@dataclass(frozen=True, kw_only=True)
class Setting:
    """The task.

    Attributes:
        dataset: Key of `study.datasets.DATASETS`.
        family: Key of `search_spaces.SPACES`.
        n_images: Images to train on and to validate with, together; a fifth validates.
        n_trials: Configurations to try. KerasTuner's Hyperband has its own number; it is given the
            number of whole iterations that comes nearest.
        epochs: Longest trial, and length of a retraining.
        n_retrained: Models trained of each winner, with different seeds.
    """

    dataset: str = "cifar10"
    family: str = "custom_cnn"
    n_images: int = 4000
    n_trials: int = 20
    epochs: int = 9
    n_retrained: int = 3

    def __post_init__(self) -> None:
        for option, value, known in (
            ("--dataset", self.dataset, DATASETS),
            ("--family", self.family, SPACES),
        ):
            if value not in known:
                raise ConfigError(f"{option} must be one of {', '.join(known)}, but got {value!r}.")
        for option, count, least in (
            ("--images", self.n_images, 2 * DATASETS[self.dataset].n_classes),
            ("--trials", self.n_trials, 1),
            ("--epochs", self.epochs, 1),
            ("--retrained", self.n_retrained, 1),
        ):
            if count < least:
                raise ConfigError(f"{option} must be at least {least}, but got {count}.")

    @property
    def slug(self) -> str:
        """Everything in it, as part of a file's name."""
        return (
            f"{self.dataset}-{self.family}-{self.n_images}-images-{self.n_trials}-trials-"
            f"{self.epochs}-epochs-{self.n_retrained}-retrained"
        )


QUICK = Setting(n_images=400, n_trials=3, epochs=2, n_retrained=1)
"""Small enough to see that every contender works; says nothing about speed."""


@dataclass(frozen=True, kw_only=True)
class Assignment:
    """One contender's search in one process.

    Attributes:
        contender: Key of `benchmarks.rivals.contenders.CONTENDERS`.
        setting: The task.
        seed: Of the sample, the search and the models.
        fraction: Share of the training split that makes `setting.n_images`, in (0, 1].
        data_dir: Folder of the datasets' files.
        scratch: Empty folder for whatever the contender writes; deleted afterwards.
        faster_precision: "float32" or "bfloat16", whichever trains faster here; for rivals at their
            best and for retraining.
    """

    contender: str
    setting: Setting
    seed: int
    fraction: float
    data_dir: Path
    scratch: Path
    faster_precision: str = "float32"

    @property
    def dataset(self) -> Dataset:
        """Which images."""
        return DATASETS[self.setting.dataset]

    def draw_sample(self) -> Sample:
        """Load the training split and return the sample, the same one for every contender."""
        return draw_sample(
            self.dataset.load_training(self.data_dir),
            n_classes=self.dataset.n_classes,
            fraction=self.fraction,
            seed=self.seed,
        )

    def to_json(self) -> str:
        """Return it as text, to hand to another process."""
        return json.dumps(asdict(self), default=str)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Return what `to_json` wrote."""
        fields: dict[str, Any] = json.loads(text)
        return cls(
            **{
                **fields,
                "setting": Setting(**fields["setting"]),
                "data_dir": Path(fields["data_dir"]),
                "scratch": Path(fields["scratch"]),
            }
        )
