"""Train one model from scratch, whatever comes of it."""

from __future__ import annotations

import gc
from collections.abc import Callable
from typing import TypeVar

import keras

from study.run_tasks import LeftOut
from study.training.backend import active_backend
from study.training.fit import DivergedError
from study.training.kept_models import KeptModels

ModelT = TypeVar("ModelT")


def attempt(train: Callable[[], ModelT], kept_models: KeptModels) -> ModelT | LeftOut:
    """Train a model; one that diverges or needs too much memory is left out."""
    try:
        with active_backend().memory_errors():
            return train()
    except DivergedError as error:
        return _left_out(error)
    except MemoryError as error:
        # The next one is to have all of it.
        kept_models.forget()
        return _left_out(error)
    finally:
        # The layers of the next one are numbered from 0 again, also in its file.
        keras.backend.clear_session()
        gc.collect()


def _left_out(error: Exception) -> LeftOut:
    return LeftOut(reason=" ".join(str(error).split())[:500])
