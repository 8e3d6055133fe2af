"""Which models to retrain: the winners, and where wanted the named configurations."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from search_spaces import SPACES
from study.records import WINNER, RetrainedResult, Winner

RunKey = tuple[str, str, int | None, bool, int]


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A configuration to retrain: a family's winner or one of its baselines."""

    family: str
    configuration: str
    source_trial: int | None
    params: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Run:
    """One model to train and test."""

    candidate: Candidate
    augmented: bool
    seed: int

    def __str__(self) -> str:
        """Return the run in words, as "custom_cnn V1, augmented, seed 0"."""
        augmented = "augmented" if self.augmented else "not augmented"
        return (
            f"{self.candidate.family} {self.candidate.configuration}, {augmented}, seed {self.seed}"
        )

    @property
    def family(self) -> str:
        """Key of `search_spaces.SPACES`."""
        return self.candidate.family

    @property
    def key(self) -> RunKey:
        """What tells runs apart, to know which are done."""
        candidate = self.candidate
        source = candidate.source_trial
        return candidate.family, candidate.configuration, source, self.augmented, self.seed


def candidates(winners: Sequence[Winner], *, baselines: bool) -> tuple[Candidate, ...]:
    """Return the winners, and where wanted the named configurations of their families.

    A named configuration that won is not trained a second time under its own name.
    """
    chosen = [
        Candidate(
            family=winner.family,
            configuration=WINNER,
            source_trial=winner.trial.number,
            params=winner.trial.params,
        )
        for winner in winners
    ]
    named = [
        Candidate(family=winner.family, configuration=name, source_trial=None, params=params)
        for winner in winners
        for name, params in SPACES[winner.family].baselines.items()
        if name != winner.trial.baseline
    ]
    return tuple(chosen + named if baselines else chosen)


def planned_runs(chosen: Sequence[Candidate], *, n_seeds: int) -> tuple[Run, ...]:
    """Return every run, seeds outermost: stopped early, all candidates have had equally many."""
    return tuple(
        Run(candidate=candidate, augmented=augmented, seed=seed)
        for seed, augmented, candidate in itertools.product(range(n_seeds), (False, True), chosen)
    )


def done_keys(results: Sequence[RetrainedResult]) -> set[RunKey]:
    """Return the keys of the runs that are in the database."""
    return {
        (result.family, result.configuration, result.source_trial, result.augmented, result.seed)
        for result in results
    }
