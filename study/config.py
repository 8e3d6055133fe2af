"""What a run was asked for: frozen, checked once, and the only place where defaults stand."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path

from study.errors import ConfigError

MAX_TRIALS = 100_000
MAX_EPOCHS = 10_000
MAX_SEEDS = 1_000
MAX_SEED = 2**31 - 1
MAX_FINALISTS = 100
MAX_DRAWS = 100
MAX_WORKERS = 256
MAX_PORT = 65_535
DEFAULT_ARTIFACT_DIR = Path("artifacts")
"""Where the dashboard looks for artifacts if not told."""

PRECISIONS = ("auto", "float32", "bfloat16")
ENGINES = ("optuna", "keras-tuner")
AUGMENTERS = AFFINE, IMAGE_DATA_GENERATOR, KERAS_LAYERS = (
    *("affine", "image-data-generator", "keras-layers"),
)


@dataclass(frozen=True, kw_only=True)
class AugmentationConfig:
    """Ranges of the random affine transformation of each training image, and what applies it.

    Each is drawn uniformly and independently for every image, as Keras's `ImageDataGenerator` with
    `rotation_range=15, width_shift_range=0.1, height_shift_range=0.1, zoom_range=0.1,
    horizontal_flip=True, fill_mode="nearest"` draws them.

    Attributes:
        augmenter: "affine" moves images batch by batch within the training step,
            "image-data-generator" lets Keras's classic tool move them on the processor before each
            epoch, and "keras-layers" Keras's random layers, a resampling each, which take longer.
        rotation_degrees: Largest rotation either way, in [0, 180].
        shift_fraction: Largest shift either way on each axis, as a share of the side, in [0, 1).
        zoom_fraction: Each axis is scaled by a factor in [1 - zoom, 1 + zoom], in [0, 1).
        horizontal_flip: Mirror half of the images; never where that changes what they show.
        resampled_fraction: Share of the images, in [0, 1], that are rotated and zoomed; the others
            are shifted by whole pixels and flipped, and so stay as sharp as test images are. The
            others resample all of them, whatever this is.
    """

    augmenter: str = AFFINE
    rotation_degrees: float = 15.0
    shift_fraction: float = 0.1
    zoom_fraction: float = 0.1
    horizontal_flip: bool = True
    resampled_fraction: float = 0.25

    def __post_init__(self) -> None:
        if self.augmenter not in AUGMENTERS:
            raise ConfigError(
                f"Unknown augmenter {self.augmenter!r}. Known: {', '.join(AUGMENTERS)}."
            )


@dataclass(frozen=True, kw_only=True)
class SearchConfig:
    """How a search proposes, trains and stops its trials; the same for every family.

    Attributes:
        n_trials: Target number of trials a family.
        epochs: Epochs of a trial that is not pruned.
        engine: "optuna", which goes by `sampler` and `pruner`, or "keras-tuner", by `tuner`.
        sampler: Key of `study.samplers.SAMPLERS`.
        pruner: Key of `study.schedulers.SCHEDULERS` or of `study.pruners.PRUNERS`.
        tuner: Key of `study.keras_tuner.tuners.TUNERS`.
        seed: Seed of the sample, the sampler and each trial, in [0, 2**31 - 1].
        fraction: Share of the training split to sample, in (0, 1].
        precision: "auto" measures which is faster here, "float32" or "bfloat16".
        time_budget_seconds: Begin no new round of trials after this, but let families that are
            behind catch up; None for no limit.
        n_measured: Configurations of each family that are drawn at random and trained whole, beside
            the search, to tell what to expect of so many trials.
    """

    n_trials: int = 50
    epochs: int = 8
    engine: str = "optuna"
    sampler: str = "tpe"
    pruner: str = "asha"
    tuner: str = "hyperband"
    seed: int = 0
    fraction: float = 0.25
    precision: str = "auto"
    time_budget_seconds: float | None = None
    n_measured: int = 0

    def __post_init__(self) -> None:
        _check_between("--trials", self.n_trials, 1, MAX_TRIALS)
        _check_between("--measure-trials", self.n_measured, 0, MAX_TRIALS)
        _check_between("--epochs", self.epochs, 1, MAX_EPOCHS)
        _check_between("--seed", self.seed, 0, MAX_SEED)
        if not 0 < self.fraction <= 1:
            raise ConfigError(f"--fraction must be above 0 and at most 1, but got {self.fraction}.")
        if self.time_budget_seconds is not None and not (0 < self.time_budget_seconds < math.inf):
            raise ConfigError(
                f"--time-budget must be above 0, but got {self.time_budget_seconds} seconds."
            )
        if self.precision not in PRECISIONS:
            raise ConfigError(
                f"Unknown precision {self.precision!r}. Known: {', '.join(PRECISIONS)}."
            )
        if self.engine not in ENGINES:
            raise ConfigError(f"Unknown engine {self.engine!r}. Known: {', '.join(ENGINES)}.")

    @property
    def method(self) -> dict[str, str | None]:
        """Return what the engine goes by, for the record; None where that is the other engine's."""
        ours = self.engine == "optuna"
        return {
            "sampler": self.sampler if ours else None,
            "pruner": self.pruner if ours else None,
            "tuner": None if ours else self.tuner,
        }

    @property
    def proposer(self) -> str:
        """Return who proposes configurations, as "tpe" or "keras-tuner/hyperband"."""
        return self.sampler if self.engine == "optuna" else f"{self.engine}/{self.tuner}"


@dataclass(frozen=True, kw_only=True)
class RetrainConfig:
    """How winners are trained again for the final test.

    Attributes:
        epochs: Epochs of each run.
        n_seeds: Runs of each configuration, with and without augmentation each.
        n_draws: Samples of the training split that each winner is retrained on, `n_seeds` times
            each; the first is the one that was searched with.
        n_finalists: Best trials of each family that are trained again from `n_seeds` fresh seeds,
            on validation images, before the winner is named; 0 for none.
        baselines: Whether the named configurations are retrained too.
        test_time_flip: Whether test images are predicted mirrored too, and the two predictions
            averaged; never where mirroring changes what images show.
        augmentation: Ranges of the augmented runs.
    """

    epochs: int = 30
    n_seeds: int = 3
    n_draws: int = 1
    n_finalists: int = 1
    baselines: bool = False
    test_time_flip: bool = True
    augmentation: AugmentationConfig = field(default_factory=AugmentationConfig)

    def __post_init__(self) -> None:
        _check_between("--retrain-epochs", self.epochs, 1, MAX_EPOCHS)
        _check_between("--seeds", self.n_seeds, 1, MAX_SEEDS)
        _check_between("--draws", self.n_draws, 1, MAX_DRAWS)
        _check_between("--finalists", self.n_finalists, 0, MAX_FINALISTS)


@dataclass(frozen=True, kw_only=True)
class StudyConfig:
    """One run of the whole job.

    Attributes:
        name: Name of the study; the Optuna studies are `{name}/{family}` and `{name}/retrained`.
        dataset: Key of `study.datasets.DATASETS`.
        substitute_for: Why this dataset stands in for the wanted one; None where it does not.
        n_workers: Processes that train, each with its share of the processor's cores.
        trial_timeout_seconds: How long a worker may train a trial until it pauses or ends, or
            retrain a model, before it is taken to hang; None for no limit.
        families: Keys of `search_spaces.SPACES`, in order.
        storage_url: Database of the Optuna studies.
        data_dir: Folder of the datasets' files.
        out: Folder of the report and the saved models.
        search: How trials are run.
        retrain: How winners are retrained.
        command: The command line to repeat this run.
    """

    name: str
    dataset: str
    families: tuple[str, ...]
    storage_url: str
    data_dir: Path
    out: Path
    search: SearchConfig
    retrain: RetrainConfig
    substitute_for: str | None = None
    n_workers: int = 1
    trial_timeout_seconds: float | None = None
    command: str = ""

    def __post_init__(self) -> None:
        timeout = self.trial_timeout_seconds
        if timeout is not None and not 0 < timeout < math.inf:
            raise ConfigError(f"--trial-timeout must be above 0, but got {timeout} seconds.")
        _check_between("--workers", self.n_workers, 1, MAX_WORKERS)
        if self.retrain.n_draws > 1 and self.search.fraction == 1:
            raise ConfigError(
                f"--draws {self.retrain.n_draws} needs a --fraction below 1, as there is only one "
                "sample of all images; leave --draws out."
            )


@dataclass(frozen=True, kw_only=True)
class DashboardConfig:
    """How the trials are shown in a browser.

    Attributes:
        storage_url: Database of the Optuna studies.
        host: Address to listen on. Whoever reaches it may change and delete studies.
        port: In [0, 65535]; 0 for any that is free.
        artifact_dir: Folder of the retrained models' files; None where there is none.
    """

    storage_url: str
    host: str = "127.0.0.1"
    port: int = 8080
    artifact_dir: Path | None = None

    def __post_init__(self) -> None:
        _check_between("--port", self.port, 0, MAX_PORT)
        if self.artifact_dir is not None and not self.artifact_dir.is_dir():
            raise ConfigError(
                f"There is no artifact folder {str(self.artifact_dir)!r}; "
                "`python -m study run --artifact-dir DIR` makes one."
            )


def _check_between(option: str, value: int, low: int, high: int) -> None:
    if not low <= value <= high:
        raise ConfigError(f"{option} must be between {low} and {high}, but got {value}.")
