"""Two made-up studies side by side, and what may differ between them."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

from analysis.pair import contents, evidence
from analysis.pair.evidence import Pair
from study.records import StudyRecord
from tests.analysis import synthetic
from tests.analysis.conftest import GENERATED

CUSTOM, ALEXNET = "custom_cnn", "alexnet_lite"
Accuracy = Callable[[str, bool], float]


def study(
    name: str, accuracy: Accuracy, *, seeds: tuple[int, ...] = (0, 1, 2), dataset: str = "cifar10"
) -> StudyRecord:
    """Return a synthetic study; one of another dataset has other images."""
    made = synthetic.study(accuracy=accuracy, seeds=seeds)
    changed = dataclasses.replace(made.dataset, name=dataset)
    return dataclasses.replace(made, name=name, dataset=changed)


def plain(family: str, augmented: bool) -> float:
    return 0.6 + 0.15 * (family == CUSTOM) + 0.03 * augmented


def ten_more(family: str, augmented: bool) -> float:
    return plain(family, augmented) + 0.1


def reversed_order(family: str, augmented: bool) -> float:
    return 0.6 + 0.15 * (family == ALEXNET) + 0.03 * augmented


A = study("a", plain)
BETTER_RUN = study("b", ten_more, seeds=(10, 11, 12, 13))
RUNS = evidence.from_studies(A, BETTER_RUN)


def page(pair: Pair) -> str:
    """Return all texts of the page."""
    return str(contents.compose(pair, generated=GENERATED))
