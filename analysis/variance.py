"""The variance budget: what a winner's score owes to the sample, the seed and the test images."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from analysis.comparisons import Comparison, Condition, rights, runs_of_winners
from analysis.evidence import Evidence
from analysis.statistics.nested import (
    MIN_DRAWS,
    Component,
    draw_component,
    image_component,
    seed_component,
)
from study.records import RetrainedResult

DRAW, SEED, IMAGES = "sample draw", "seed", "test images"
SOURCES = (DRAW, SEED, IMAGES)

_ByDraw = dict[Condition, dict[int, dict[int, RetrainedResult]]]
"""Runs by condition, draw and seed."""


@dataclass(frozen=True, kw_only=True)
class Budget:
    """What one winner's score owes to what; shares of right answers, squared.

    Attributes:
        condition: Which winner, trained how.
        seeds: Number of seeds of each draw, that of the study's own sample first.
        components: By source, of SOURCES; None where too little is known, see `lacking`.
        lacking: Why a source's component is not known, and what would mend it.
    """

    condition: Condition
    seeds: tuple[int, ...]
    components: dict[str, Component | None]
    lacking: dict[str, str]


@dataclass(frozen=True, kw_only=True)
class RedrawnDifference:
    """What another draw of the sample does to a difference.

    Attributes:
        compared: Which difference, and its verdict from the study's own sample.
        by_draw: Mean difference over the seeds of each draw, in [-1, 1]; the study's own first.
        component: Variance between draws beyond what their seeds explain; None if too little is
            known.
    """

    compared: Comparison
    by_draw: tuple[float, ...]
    component: Component | None


def budgets(evidence: Evidence) -> tuple[Budget, ...]:
    """Return the budget of each winner as it was retrained, in the families' order."""
    runs = _by_draw(evidence)
    conditions = (
        Condition(family=family, augmented=augmented)
        for family in evidence.families
        for augmented in (False, True)
    )
    labels = np.frombuffer(evidence.study.test_labels, np.uint8)
    return tuple(
        _budget(condition, [list(one.values()) for one in runs[condition].values()], labels)
        for condition in conditions
        if condition in runs
    )


def redrawn_differences(evidence: Evidence) -> tuple[RedrawnDifference, ...]:
    """Return what draws do to each verdict's difference; nothing where there is one draw only."""
    runs = _by_draw(evidence)
    found = []
    for compared in evidence.verdicts:
        first, second = runs[compared.first], runs[compared.second]
        scores = [
            np.array([a[seed].test_accuracy - b[seed].test_accuracy for seed in seeds])
            for a, b in ((first[draw], second[draw]) for draw in sorted(first.keys() & second))
            if (seeds := sorted(a.keys() & b))
        ]
        if len(scores) > 1:
            found.append(
                RedrawnDifference(
                    compared=compared,
                    by_draw=tuple(float(one.mean()) for one in scores),
                    component=draw_component(scores),
                )
            )
    return tuple(found)


def _by_draw(evidence: Evidence) -> _ByDraw:
    grouped: _ByDraw = {}
    every = (*evidence.results, *evidence.redrawn)
    for draw in sorted({result.draw for result in every}):
        of_draw = runs_of_winners(result for result in every if result.draw == draw)
        for condition, by_seed in of_draw.items():
            grouped.setdefault(condition, {})[draw] = by_seed
    return grouped


def _budget(
    condition: Condition, draws: Sequence[Sequence[RetrainedResult]], labels: np.ndarray
) -> Budget:
    scores = [np.array([run.test_accuracy for run in runs]) for runs in draws]
    hits = [right for runs in draws if (right := rights(runs, labels)) is not None]
    known = len(hits) == len(draws)
    components = {
        DRAW: draw_component(scores),
        SEED: seed_component(scores),
        IMAGES: image_component(hits) if known else None,
    }
    reasons = {
        DRAW: "too few draws (--draws 3)"
        if len(draws) < MIN_DRAWS
        else "too few seeds (--seeds 3)",
        SEED: "too few seeds (--seeds 3)",
        IMAGES: "too few models (--seeds 3)" if known else "predictions not recorded",
    }
    return Budget(
        condition=condition,
        seeds=tuple(len(runs) for runs in draws),
        components=components,
        lacking={name: reasons[name] for name in SOURCES if components[name] is None},
    )
