"""Which models to retrain: the winners, and where wanted the named configurations."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from search_spaces import SPACES
from study.records import WINNER, RetrainedResult, Winner, may_be_of

RunKey = tuple[str, str, int | None, bool, int, int]
"""The last two are the draw and the seed."""


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A configuration to retrain: a family's winner or one of its baselines."""

    family: str
    configuration: str
    source_trial: int | None
    params: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Run:
    """One model to train and test.

    Attributes:
        candidate: What to build.
        augmented: Whether its training images are moved about.
        seed: Of this run, from 0.
        draw: Which sample it is trained on; 0 for the one that was searched with.
    """

    candidate: Candidate
    augmented: bool
    seed: int
    draw: int = 0

    def __str__(self) -> str:
        """Return the run in words, as "custom_cnn V1, augmented, draw 1, seed 0"."""
        augmented = "augmented" if self.augmented else "not augmented"
        draw = f", draw {self.draw}" if self.draw else ""
        candidate = self.candidate
        return f"{candidate.family} {candidate.configuration}, {augmented}{draw}, seed {self.seed}"

    @property
    def family(self) -> str:
        """Key of `search_spaces.SPACES`."""
        return self.candidate.family

    @property
    def key(self) -> RunKey:
        """What tells runs apart, to know which are done."""
        candidate = self.candidate
        source = candidate.source_trial
        arm = candidate.family, candidate.configuration, source, self.augmented
        return *arm, self.draw, self.seed


def candidates(winners: Sequence[Winner], *, baselines: bool) -> tuple[Candidate, ...]:
    """Return the winners, and where wanted the named configurations of their families.

    The slowest winner comes first: several workers then end at about the same time. A named
    configuration that won is not trained a second time under its own name.
    """
    chosen = [
        Candidate(
            family=winner.family,
            configuration=WINNER,
            source_trial=winner.trial.number,
            params=winner.trial.params,
        )
        for winner in sorted(winners, key=lambda one: -one.trial.seconds_per_epoch)
    ]
    named = [
        Candidate(family=winner.family, configuration=name, source_trial=None, params=params)
        for winner in winners
        for name, params in SPACES[winner.family].baselines.items()
        if name != winner.trial.baseline
    ]
    return tuple(chosen + named if baselines else chosen)


def planned_runs(chosen: Sequence[Candidate], *, n_seeds: int, n_draws: int = 1) -> tuple[Run, ...]:
    """Return every run, draws outermost, then seeds.

    Stopped early, all candidates have had equally many. Only winners are trained on other draws:
    the spread of the named configurations is nobody's question.
    """
    return tuple(
        Run(candidate=candidate, augmented=augmented, seed=seed, draw=draw)
        for draw, seed, augmented, candidate in itertools.product(
            range(n_draws), range(n_seeds), (False, True), chosen
        )
        if draw == 0 or candidate.configuration == WINNER
    )


def missing_runs(planned: Iterable[Run], results: Iterable[RetrainedResult]) -> list[Run]:
    """Return the runs whose result is not in the database yet."""
    done: dict[RunKey, list[Mapping[str, Any]]] = {}
    for result in results:
        done.setdefault(key_of(result), []).append(result.params)
    return [
        run
        for run in planned
        if not any(may_be_of(params, run.candidate.params) for params in done.get(run.key, ()))
    ]


def key_of(result: RetrainedResult) -> RunKey:
    """Return the key of the run that a result is of."""
    arm = result.family, result.configuration, result.source_trial, result.augmented
    return *arm, result.draw, result.seed
