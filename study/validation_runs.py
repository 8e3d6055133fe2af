"""What to train anew for validation: the finalists of a search, and configurations drawn at random.

Each is trained as a trial is, on the same images for as many epochs, and scored on the validation
images; the test split has no part in it.
"""

from __future__ import annotations

import itertools
import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import optuna

from search_spaces import SearchSpace
from study.config import RetrainConfig
from study.matching import SizeMatch
from study.records import (
    FINALIST,
    MATCHED,
    MEASURED,
    FamilyRecord,
    ValidatedResult,
    ValidationKey,
    validation_key,
)
from study.seeds import derive_seed
from study.winners import best_trials, lacking

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class ValidationRun:
    """One model to train and to score on the validation images.

    Attributes:
        family: Key of `search_spaces.SPACES`.
        purpose: FINALIST, MEASURED, ABLATION or MATCHED.
        params: A complete configuration.
        seed: Of the run; no trial of a search has it.
        source_trial: The trial that the configuration was taken from; None where there is none.
    """

    family: str
    purpose: str
    params: Mapping[str, Any]
    seed: int
    source_trial: int | None = None

    def __str__(self) -> str:
        """Return the run in words, as "custom_cnn finalist 7, seed 0"."""
        source = "" if self.source_trial is None else f" {self.source_trial}"
        return f"{self.family} {self.purpose}{source}, seed {self.seed}"

    @property
    def key(self) -> ValidationKey:
        """What tells runs apart: a configuration with a seed is trained once for all purposes."""
        return validation_key(self.family, self.params, self.seed)


def finalist_runs(
    families: Iterable[FamilyRecord], *, n_finalists: int, n_seeds: int
) -> tuple[ValidationRun, ...]:
    """Return the runs of each family's best trials, seeds outermost.

    The slowest comes first: several workers then end at about the same time.
    """
    finalists = [
        (family.family, trial) for family in families for trial in best_trials(family)[:n_finalists]
    ]
    finalists.sort(key=lambda one: -one[1].seconds_per_epoch)
    return tuple(
        ValidationRun(
            family=family,
            purpose=FINALIST,
            params=trial.params,
            seed=seed,
            source_trial=trial.number,
        )
        for seed, (family, trial) in itertools.product(range(n_seeds), finalists)
    )


def measured_runs(
    spaces: Iterable[SearchSpace], *, n_trials: int, base_seed: int
) -> tuple[ValidationRun, ...]:
    """Return runs of configurations drawn independently of each other and of every score.

    What a search proposes depends on what it has seen; only independent draws tell what to expect
    of so many trials. Each follows from the study's seed and its index alone, so that more of them
    can be added later.
    """
    return tuple(
        ValidationRun(
            family=space.name,
            purpose=MEASURED,
            params=_drawn(space, base_seed=base_seed, index=index),
            seed=index,
        )
        for index, space in itertools.product(range(n_trials), list(spaces))
    )


def matched_runs(matches: Iterable[SizeMatch], *, n_seeds: int) -> tuple[ValidationRun, ...]:
    """Return the runs of both winners and of the trial of matched size, seeds outermost.

    The winners' are mostly there, as finalists or as the last step of a path. A warning tells of
    families that have no trial of the size.
    """
    compared = []
    for match in matches:
        if match.trial is None:
            logger.warning(
                "No trial of %s has %d parameters or fewer: it is not compared at the size of %s.",
                *(match.larger.family, match.limit, match.smaller.family),
            )
            continue
        compared += [
            (match.smaller.family, match.smaller.trial),
            (match.larger.family, match.larger.trial),
            (match.larger.family, match.trial),
        ]
    return tuple(
        ValidationRun(
            family=family,
            purpose=MATCHED,
            params=trial.params,
            seed=seed,
            source_trial=trial.number,
        )
        for seed, (family, trial) in itertools.product(range(n_seeds), compared)
    )


def warn_of_lacking(
    families: Iterable[FamilyRecord],
    validated: Sequence[ValidatedResult],
    *,
    asked_for: RetrainConfig,
) -> None:
    """Warn of finalists that cannot win, as a run with fewer of them gave the best more seeds."""
    for family in families:
        n_finalists, n_seeds = lacking(family, validated) or (0, 0)
        # Of those that were asked for it was told why they failed.
        if n_finalists > asked_for.n_finalists or n_seeds > asked_for.n_seeds:
            logger.warning(
                "Finalists of %s lack fresh seeds that its best trial has and are not compared "
                "with it: --finalists %d --seeds %d trains them.",
                *(family.family, n_finalists, n_seeds),
            )


def missing(
    planned: Sequence[ValidationRun], results: Iterable[ValidatedResult]
) -> list[ValidationRun]:
    """Return the runs whose result is not there yet, each once.

    A finalist's result chooses a winner, so what was trained for something else does not stand in
    for it: else a study's winner might change as its path is trained.
    """
    results = tuple(results)
    done = {result.key for result in results}
    done_as_finalists = {result.key for result in results if result.purpose == FINALIST}
    left: dict[ValidationKey, ValidationRun] = {}
    for run in planned:
        if run.key not in (done_as_finalists if run.purpose == FINALIST else done):
            left.setdefault(run.key, run)
    return list(left.values())


def _drawn(space: SearchSpace, *, base_seed: int, index: int) -> dict[str, Any]:
    seed = derive_seed(base_seed, space.name, "measured", index)
    trial = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=seed)).ask()
    space.suggest(trial)
    return dict(trial.params)
