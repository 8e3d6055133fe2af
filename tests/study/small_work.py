"""Real training of the small family in processes, which must be told of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from search_spaces import SPACES
from study.datasets import DATASETS
from study.work import TrialWork
from tests.study import small


@dataclass(frozen=True, kw_only=True)
class SmallTrialWork(TrialWork):
    """Trials of the small family on the small dataset."""

    @contextmanager
    def open(self) -> Iterator[Any]:
        DATASETS["stripes"], SPACES["small"] = small.dataset(), small.space()
        with super().open() as train:
            yield train
