"""The path from a named configuration to the winner, one hyperparameter at a time.

Ablation analysis (Fawcett and Hoos 2016, "Analysing differences between algorithm configurations
through ablation", Journal of Heuristics 22): from the first configuration, change the one
hyperparameter that gains most, then the next, until the second is reached. Trying all of them at
each step would cost a training for each pair, so a model of the search chooses the order
(Biedenkapp et al. 2017, "Efficient parameter importance analysis via ablation with surrogates");
the path itself is really trained.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from study.errors import ConfigError
from study.records import (
    ABLATION,
    AblationPath,
    AblationStep,
    FamilyRecord,
    StudyRecord,
    TrialRecord,
    same_value,
)
from study.surrogate import Predict
from study.validation_runs import ValidationRun
from study.winners import pick_winner


def best_baseline(family: FamilyRecord) -> str | None:
    """Return the named configuration that scored highest, of those that came furthest.

    Returns:
        None where none was scored.
    """
    named = [
        trial
        for trial in family.trials
        if trial.baseline in family.baselines and trial.validation_accuracy
    ]
    if not named:
        return None
    return max(named, key=lambda trial: trial.validation_accuracy[-1]).baseline


def plan(
    family: FamilyRecord, study: StudyRecord, *, baseline: str | None, fit: Callable[[], Predict]
) -> AblationPath:
    """Return the path from a named configuration to a family's winner.

    One between the same two that was begun before stays as it was planned, whatever the search has
    learnt since.

    Args:
        family: Its search.
        study: All that is known.
        baseline: Name of the configuration to begin with; None for the one that scored highest.
        fit: Makes what orders the steps; called only where a path is to be planned.

    Raises:
        ConfigError: If there is no winner, or no such configuration.
    """
    winner = pick_winner(family, study.validated)
    start = baseline or best_baseline(family)
    if winner is None or start is None:
        lacking = "completed trial" if winner is None else "named configuration that was tried"
        raise ConfigError(
            f"Family {family.family!r} has no {lacking}; run more trials first: "
            "python -m study run."
        )
    if start not in family.baselines:
        raise ConfigError(
            f"Family {family.family!r} has no named configuration {start!r}; "
            f"--baseline can be {', '.join(family.baselines) or 'none'}, or leave the family out: "
            "--architectures."
        )
    for path in study.ablations:
        begun = (path.family, path.baseline, path.winner)
        if begun == (family.family, start, winner.trial.number):
            return path
    return plan_path(family, winner.trial, baseline=start, predict=fit())


def plan_path(
    family: FamilyRecord, winner: TrialRecord, *, baseline: str, predict: Predict
) -> AblationPath:
    """Return a new path; each step is the one that is expected to gain most.

    Args:
        family: The search.
        winner: Where the path ends.
        baseline: Name of the configuration where it begins, a key of `family.baselines`.
        predict: Accuracies to expect.
    """
    beginning = family.baselines[baseline]
    same = {
        name: value
        for name, value in winner.params.items()
        if name in beginning and same_value(beginning[name], value)
    }
    # As the winner has them, so that the path ends in the very configuration that was trained.
    params: dict[str, Any] = {**beginning, **same}
    left = [name for name in winner.params if name not in same]
    steps = [AblationStep(changed="", params=dict(params))]
    while left:
        choices = [{**params, name: winner.params[name]} for name in left]
        best = int(predict(choices).argmax())
        params = choices[best]
        steps.append(AblationStep(changed=left.pop(best), params=dict(params)))
    return AblationPath(
        family=family.family, baseline=baseline, winner=winner.number, steps=tuple(steps)
    )


def ablation_runs(paths: Iterable[AblationPath], *, n_seeds: int) -> tuple[ValidationRun, ...]:
    """Return the runs of all steps, seeds outermost: stopped early, all steps have equally many."""
    paths = tuple(paths)
    return tuple(
        ValidationRun(family=path.family, purpose=ABLATION, params=step.params, seed=seed)
        for seed in range(n_seeds)
        for path in paths
        for step in path.steps
    )


def path_attrs(path: AblationPath) -> Mapping[str, Any]:
    """Return a path as it is stored, see `docs/records.md`."""
    return {
        "baseline": path.baseline,
        "winner": path.winner,
        "steps": [
            {"changed": step.changed, "hyperparameters": dict(step.params)} for step in path.steps
        ],
    }
