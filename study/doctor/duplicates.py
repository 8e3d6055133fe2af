"""Trials and results that are there twice and so count twice."""

from __future__ import annotations

import json
from collections.abc import Hashable, Iterator

from optuna.trial import FrozenTrial, TrialState

from study.doctor.changes import fail
from study.doctor.patient import Finding, Patient
from study.records import FINALIST, INTERRUPTED, RETRAINED, VALIDATED, params_text
from study.runs import key_of
from study.storage.decoding import retrained_result, validated_result

COUNTED = (TrialState.COMPLETE, TrialState.PRUNED)


def check(patient: Patient) -> Iterator[Finding]:
    """Compare what tells trials of a study apart; of the same ones the first stays."""
    for name in patient.studies:
        member = name.rpartition("/")[2]
        first: dict[Hashable, FrozenTrial] = {}
        for trial in patient.trials(name):
            key = _key(member, trial)
            if key is None or first.setdefault(key, trial) is trial:
                continue
            # A configuration that only waits is taken back, so that it spends no budget.
            is_queued = trial.state == TrialState.WAITING
            reason = INTERRUPTED if is_queued else f"the same as trial {first[key].number}"
            yield Finding(
                where=name,
                problem=f"trial {trial.number}: the same as trial {first[key].number}, {_why(key)}",
                remedy=f"mark trial {trial.number} as failed, its score among the words of why",
                statements=fail(trial, reason),
            )


def _key(member: str, trial: FrozenTrial) -> Hashable | None:
    """Return what only one trial of a study may have; None for one that counts nowhere."""
    if member == RETRAINED:
        result = retrained_result(trial)
        return None if result is None else ("run", key_of(result), params_text(result.params))
    if member == VALIDATED:
        anew = validated_result(trial)
        return None if anew is None else ("run", anew.key, anew.purpose == FINALIST)
    baseline, seed = trial.user_attrs.get("baseline"), trial.user_attrs.get("seed")
    if trial.state == TrialState.WAITING:
        return ("queued", baseline) if isinstance(baseline, str) else None
    if trial.state not in COUNTED or seed is None:
        return None
    # A trial's seed follows from its number, so two that share one were trained as one.
    return ("trial", seed, json.dumps(trial.params, sort_keys=True, default=str))


def _why(key: Hashable) -> str:
    kind = key[0] if isinstance(key, tuple) else ""
    return {
        "run": "of the same configuration and seed",
        "queued": "queued again",
        "trial": "of the same hyperparameters and seed",
    }[str(kind)]
