"""Everything the charts and the words need, derived from the records once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import pandas as pd

from analysis import ledger, tables
from analysis.comparisons import Comparison, compare
from analysis.ledger import Account
from analysis.statistics.verdict import DEFAULT_MARGIN
from study.errors import StorageError
from study.records import (
    FINISHED,
    WINNER,
    FamilyRecord,
    RetrainedResult,
    StudyRecord,
    TrialRecord,
)
from study.winners import pick_winners, redrawn_results_of_winners, results_of_winners


@dataclass(frozen=True, kw_only=True, eq=False)
class Evidence:
    """A study and the tables derived from it.

    Attributes:
        study: The records as they were read.
        families: Names, in the study's order; a family keeps its colour by its place here.
        winners: Best completed trial by family; a family without one is absent.
        results: Retrained results of the present winners and of baselines.
        redrawn: Those of the present winners on other draws of the sample; no verdict, table or
            chart is about them, but for what tells how much the draw matters.
        n_former_results: How many retrained results belong to former winners and are left out.
        trials: One row a trial, see `tables.trials`.
        curves: One row a trial and epoch, see `tables.curves`.
        retrained: One row a result, see `tables.retrained`.
        by_class: One row a result and class, see `tables.by_class`.
        comparison: The main table, see `tables.comparison`.
        ledger: What each family's search was given and spent, in the families' order.
        verdicts: Family against family, and with augmentation against without.
        margin: Differences of accuracy up to this do not matter.
    """

    study: StudyRecord
    families: tuple[str, ...]
    winners: Mapping[str, TrialRecord]
    results: tuple[RetrainedResult, ...]
    redrawn: tuple[RetrainedResult, ...]
    n_former_results: int
    trials: pd.DataFrame
    curves: pd.DataFrame
    retrained: pd.DataFrame
    by_class: pd.DataFrame
    comparison: pd.DataFrame
    ledger: tuple[Account, ...]
    verdicts: tuple[Comparison, ...]
    margin: float

    def family(self, name: str) -> FamilyRecord:
        """Return the record of one family."""
        return next(record for record in self.study.families if record.family == name)


def from_study(study: StudyRecord, *, margin: float = DEFAULT_MARGIN) -> Evidence:
    """Derive the evidence of a study.

    Args:
        study: The records as they were read.
        margin: Differences of accuracy up to this do not matter, above 0.

    Raises:
        StorageError: If no trial of the study has finished.
    """
    if not any(trial.state in FINISHED for family in study.families for trial in family.trials):
        raise StorageError(
            f"Study {study.name!r} has no finished trial to report on. "
            "Run one first: python -m study run."
        )
    families = tuple(family.family for family in study.families)
    picked = pick_winners(study.families, study.validated)
    results, n_former = _results(study)
    runs = tables.retrained(results)
    return Evidence(
        study=study,
        families=families,
        winners={winner.family: winner.trial for winner in picked},
        results=results,
        redrawn=_latest(redrawn_results_of_winners(study)),
        n_former_results=n_former,
        trials=tables.trials(study.families),
        curves=tables.curves(study.families),
        retrained=runs,
        by_class=tables.by_class(results, study.dataset.classes),
        comparison=tables.comparison(families, runs),
        ledger=ledger.accounts(study.families, n_train=study.dataset.n_train),
        verdicts=compare(
            results,
            families=families,
            test_labels=study.test_labels,
            n_test=study.dataset.n_test,
            margin=margin,
        ),
        margin=margin,
    )


def _results(study: StudyRecord) -> tuple[tuple[RetrainedResult, ...], int]:
    """Return the results to compare, and how many belong to winners of the past."""
    baselines = [result for result in study.retrained if result.configuration != WINNER]
    current = [*results_of_winners(study), *baselines]
    n_former = len(study.retrained) - len(current)
    return _latest(current), n_former


def _latest(results: Iterable[RetrainedResult]) -> tuple[RetrainedResult, ...]:
    """Return the last one of runs that were repeated, or they would pass for other seeds."""
    latest = {
        (result.family, result.configuration, result.augmented, result.draw, result.seed): result
        for result in sorted(results, key=lambda result: result.number)
    }
    return tuple(latest.values())
