"""How many models a run trains after its search, and how many of them are there.

The same rules as `study.validation_runs` and `study.runs` go by, without making the runs.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from study.records import FINALIST, FINISHED, MEASURED, WINNER, FamilyRecord, TrialRecord, Winner
from study.records.progress import FamilyProgress, StudyProgress
from study.status.model import Phase
from study.status.rates import per_hour, phase
from study.winners import best_trials, pick_winner

AUGMENTATIONS = 2
"""Each winner is trained without and with."""


def best_of(family: FamilyProgress) -> TrialRecord | None:
    """Return the completed trial with the highest score; None where none has completed."""
    return next(iter(best_trials(_record(family))), None)


def validation(study: StudyProgress) -> Phase:
    """Return how far the finalists and the measured configurations are."""
    done, planned = 0, 0
    for family in study.families:
        n_finalists, n_seeds, n_measured = (
            _asked(family, name) for name in ("finalists", "seeds", "measured")
        )
        if n_finalists is None or n_seeds is None or n_measured is None:
            return _unplanned(result.finished for result in study.validated)
        best = [trial.number for trial in best_trials(_record(family))[:n_finalists]]
        own = [result for result in study.validated if result.family == family.family]
        finalists = {
            (one.source_trial, one.seed)
            for one in own
            if one.purpose == FINALIST and one.source_trial in best and one.seed < n_seeds
        }
        measured = {one.seed for one in own if one.purpose == MEASURED and one.seed < n_measured}
        done += len(finalists) + len(measured)
        planned += (len(best) if _is_over(family) else n_finalists) * n_seeds + n_measured
    moments = [result.finished for result in study.validated]
    return phase(done=done, planned=planned, rate=_rate(moments))


def retraining(study: StudyProgress) -> Phase:
    """Return how far the winners, and the named configurations where asked for, are."""
    done, planned = 0, 0
    for family in study.families:
        n_seeds, baselines = _asked(family, "seeds"), family.settings.get("baselines")
        if n_seeds is None or not isinstance(baselines, bool):
            return _unplanned(result.finished for result in study.retrained)
        winner = pick_winner(_record(family), study.validated)
        named = winner is not None and winner.trial.baseline is not None
        n_named = family.n_baselines - named if baselines else 0
        # Studies of versions that did not know of draws have one; only winners have others.
        n_draws = _asked(family, "draws") or 1
        runs = {
            (one.configuration, one.augmented, one.draw, one.seed)
            for one in study.retrained
            if one.family == family.family
            and one.seed < n_seeds
            and one.draw < (n_draws if one.configuration == WINNER else 1)
            and _is_current(one.configuration, one.source_trial, winner, baselines=baselines)
        }
        done += len(runs)
        if winner is not None or not _is_over(family):
            planned += (n_draws + n_named) * AUGMENTATIONS * n_seeds
    return phase(
        done=done, planned=planned, rate=_rate(result.finished for result in study.retrained)
    )


def _is_current(
    configuration: str, source: int | None, winner: Winner | None, *, baselines: bool
) -> bool:
    if configuration == WINNER:
        return winner is not None and source == winner.trial.number
    # A named configuration that won is not trained under its own name.
    return baselines and (winner is None or winner.trial.baseline != configuration)


def _is_over(family: FamilyProgress) -> bool:
    target = _asked(family, "trials")
    n_ended = sum(trial.state in FINISHED for trial in family.trials)
    return target is not None and n_ended >= target


def _unplanned(moments: Iterable[datetime | None]) -> Phase:
    known = list(moments)
    return phase(done=len(known), planned=None, rate=_rate(known))


def _rate(moments: Iterable[datetime | None]) -> float | None:
    return per_hour(moment for moment in moments if moment is not None)


def _asked(family: FamilyProgress, name: str) -> int | None:
    value = family.settings.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _record(family: FamilyProgress) -> FamilyRecord:
    """Return the family with what picking a winner asks for."""
    return FamilyRecord(
        family=family.family,
        trials=tuple(
            TrialRecord(
                number=trial.number,
                state=trial.state,
                value=trial.value,
                baseline=trial.baseline,
            )
            for trial in family.trials
            if trial.state == "COMPLETE"
        ),
    )
