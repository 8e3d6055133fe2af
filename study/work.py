"""The kinds of work that processes do; each imports TensorFlow where it is opened, and only there.

To add a kind, write a class with an `open` here and a `study.workers.Tasks` where its results go.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import optuna

from search_spaces import SPACES
from study.checkpoints import checkpoints_folder
from study.config import StudyConfig
from study.datasets import DATASETS, Images, Sample
from study.log_file import EPOCHS
from study.results import RetrainedModel
from study.run_tasks import LeftOut
from study.runs import Run
from study.start_backend import chosen_backend, import_backend, n_gpus
from study.storage import open_for_writing, translated
from study.studies import load_search_study
from study.trials import TrialEnd, TrialTask, train_trial
from study.validated import ValidatedModel
from study.validation_runs import ValidationRun
from study.workers.sizing import usable_gpus

if TYPE_CHECKING:
    from study.training.fit import EpochScores

logger = logging.getLogger(__name__)
epochs_logger = logging.getLogger(EPOCHS)

NO_GPU = (
    "Here is an NVIDIA GPU, but %s does not find it: training computes on the processor. "
    'Install what it needs for that (pip install "tensorflow[and-cuda]==2.21.*" or '
    '"jax[cuda12]>=0.10,<0.11"), or set CUDA_VISIBLE_DEVICES=-1 for a worker a core.'
)


@dataclass(frozen=True, kw_only=True)
class PrecisionWork:
    """Resolve a `--precision`: "auto" measures which arithmetic is faster here."""

    @contextmanager
    def open(self) -> Iterator[Callable[[str], str]]:
        """Import TensorFlow; a task is a precision, its result "float32" or "bfloat16"."""
        _start_backend()
        from study.training.precision import resolve

        yield resolve


@dataclass(frozen=True, kw_only=True)
class SpeedUpWork:
    """Measure how many times as fast as float32 bfloat16 is here."""

    @contextmanager
    def open(self) -> Iterator[Callable[[int], float]]:
        """Import TensorFlow; a task is how often to measure, its result the median."""
        _start_backend()
        from study.training.precision import bfloat16_speed_up

        yield bfloat16_speed_up


@dataclass(frozen=True, kw_only=True)
class TrialWork:
    """Train trials of a search, reporting each epoch to the database and to the pruner.

    Attributes:
        config: Of the study.
        sample: Images to train on and to score with.
        precision: "float32" or "bfloat16".
    """

    config: StudyConfig
    sample: Sample
    precision: str

    @contextmanager
    def open(self) -> Iterator[Callable[[TrialTask], TrialEnd]]:
        """Import TensorFlow and open the database."""
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        with _training(), open_for_writing(self.config.storage_url) as storage:
            from study.objective import Objective
            from study.training.kept_models import KeptModels

            kept_models = KeptModels()
            studies = {
                family: load_search_study(storage, self.config, family)
                for family in self.config.families
            }
            objectives = {
                family: Objective(
                    space=SPACES[family],
                    dataset=DATASETS[self.config.dataset],
                    sample=self.sample,
                    config=self.config.search,
                    precision=self.precision,
                    checkpoints=checkpoints_folder(self.config.out),
                    kept_models=kept_models,
                    on_epoch=_log_epoch,
                )
                for family in self.config.families
            }

            def train(task: TrialTask) -> TrialEnd:
                trial = optuna.Trial(studies[task.family], task.trial_id)
                objective = objectives[task.family]
                with translated(self.config.storage_url):
                    return train_trial(
                        lambda: objective(trial, until_epoch=task.until_epoch),
                        is_whole=task.until_epoch == self.config.search.epochs,
                    )

            yield train


@dataclass(frozen=True, kw_only=True)
class ValidationWork:
    """Train chosen configurations as trials are trained, and score them on validation images.

    Attributes:
        config: Of the study.
        sample: Images to train on and to score with.
        precision: "float32" or "bfloat16".
    """

    config: StudyConfig
    sample: Sample
    precision: str

    @contextmanager
    def open(self) -> Iterator[Callable[[ValidationRun], ValidatedModel | LeftOut]]:
        """Import TensorFlow."""
        with _training():
            from study.validate import Validator

            yield Validator(
                dataset=DATASETS[self.config.dataset],
                sample=self.sample,
                epochs=self.config.search.epochs,
                base_seed=self.config.search.seed,
                precision=self.precision,
                on_epoch=_log_run_epoch,
            )


@dataclass(frozen=True, kw_only=True)
class RetrainWork:
    """Train chosen configurations on the whole sample and test them.

    Attributes:
        config: Of the study.
        train: The whole sample of the runs' draw.
        test: The test split.
        precision: "float32" or "bfloat16".
    """

    config: StudyConfig
    train: Images
    test: Images
    precision: str

    @contextmanager
    def open(self) -> Iterator[Callable[[Run], RetrainedModel | LeftOut]]:
        """Import TensorFlow."""
        with _training():
            from study.retrain import Retrainer

            yield Retrainer(
                dataset=DATASETS[self.config.dataset],
                train=self.train,
                test=self.test,
                config=self.config.retrain,
                base_seed=self.config.search.seed,
                precision=self.precision,
                on_epoch=_log_run_epoch,
            )


@contextmanager
def _training() -> Iterator[None]:
    """Import TensorFlow; what is kept of models lasts no longer than the work."""
    _start_backend()
    if not n_gpus() and usable_gpus():
        logger.warning(NO_GPU, chosen_backend(), extra={"once": True})
    from study.training.per_model import forget_models

    try:
        yield
    finally:
        forget_models()


def _start_backend() -> None:
    # Who wants to read of every epoch may read what the backend has to say, too.
    import_backend(quiet=not logger.isEnabledFor(logging.DEBUG))


def _log_epoch(family: str, number: int, scores: EpochScores) -> None:
    epochs_logger.debug(
        "%s trial %d epoch %d: validation accuracy %.4f, training loss %.4f, %.1f s",
        *(family, number, scores.epoch, scores.validation_accuracy),
        *(scores.training_loss, scores.seconds),
        extra={
            "family": family,
            "trial": number,
            "epoch": scores.epoch,
            "validation_accuracy": scores.validation_accuracy,
        },
    )


def _log_run_epoch(run: Run | ValidationRun, scores: EpochScores) -> None:
    epochs_logger.debug(
        "training %s, epoch %d: training loss %.4f, %.1f s",
        *(run, scores.epoch, scores.training_loss, scores.seconds),
        extra={"family": run.family, "seed": run.seed, "epoch": scores.epoch},
    )
