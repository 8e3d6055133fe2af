"""What the made-up study trained anew for validation: finalists, random trials, a path."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import numpy as np

from study.matching import size_matches
from study.records import (
    ABLATION,
    FINALIST,
    MATCHED,
    MEASURED,
    AblationPath,
    AblationStep,
    FamilyRecord,
    ValidatedResult,
)
from study.winners import pick_winner
from tests.analysis.synthetic_spaces import BASELINES, quality, sample


def validated_results(record: FamilyRecord, *, epochs: int) -> list[ValidatedResult]:
    """Return the winner from three fresh seeds, a little worse, and twelve random trials."""
    rng = np.random.default_rng(sum(record.family.encode()) + 1)
    winner = pick_winner(record)
    drawn = [(MEASURED, sample(record.family, rng), None, seed) for seed in range(12)]
    if winner is not None:
        trial = winner.trial
        drawn += [(FINALIST, dict(trial.params), trial.number, seed) for seed in range(3)]
        first = path(record).steps[0].params
        drawn += [(ABLATION, dict(first), None, seed) for seed in range(3)]
    results = []
    for purpose, params, source, seed in drawn:
        score = max(quality(record.family, params) - 0.01 + rng.normal(0, 0.004), 0.1)
        curve = 0.1 + (score - 0.1) * (1 - np.exp(-np.arange(1, epochs + 1) / 3))
        results.append(
            ValidatedResult(
                number=len(results),
                family=record.family,
                purpose=purpose,
                params=params,
                seed=seed,
                validation_accuracy=float(curve[-1]),
                source_trial=source,
                validation_accuracy_by_epoch=tuple(enumerate(map(float, curve), start=1)),
                n_parameters=100_000,
                forward_flops=9_000_000,
                training_seconds=60.0 + 5 * seed,
                finished=datetime(2030, 1, 1, 20, seed),
            )
        )
    return results


def matched_results(records: Iterable[FamilyRecord]) -> tuple[ValidatedResult, ...]:
    """Return the trials that are as small as another family's winner, from three fresh seeds."""
    return tuple(
        ValidatedResult(
            number=1000 + seed,
            family=match.larger.family,
            purpose=MATCHED,
            params=match.trial.params,
            seed=seed,
            validation_accuracy=quality(match.larger.family, match.trial.params) + 0.003 * seed,
            source_trial=match.trial.number,
            n_parameters=match.trial.n_parameters,
        )
        for match in size_matches(records)
        if match.trial is not None
        for seed in range(3)
    )


def path(record: FamilyRecord) -> AblationPath:
    """Return a path of one change, from a configuration that is named to the winner."""
    winner = pick_winner(record)
    if winner is None:
        raise ValueError(f"Family {record.family!r} has no completed trial to end a path at.")
    trial = winner.trial
    name = next(iter(trial.params))
    start = {**trial.params, name: BASELINES[record.family][next(iter(record.baselines))][name]}
    return AblationPath(
        family=record.family,
        baseline=next(iter(record.baselines)),
        winner=trial.number,
        steps=(
            AblationStep(changed="", params=start),
            AblationStep(changed=name, params=trial.params),
        ),
    )
