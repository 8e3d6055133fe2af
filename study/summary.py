"""The winners and their test results as a plain text table, for the terminal."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

from study.records import RetrainedResult, StudyRecord
from study.winners import pick_winners, results_of_winners

HEADER = ("family", "trial", "validation", "test", "test, augmented", "parameters")


def winners_table(study: StudyRecord) -> str:
    """Return one line a family: its winner's validation accuracy and its test accuracies."""
    results = results_of_winners(study)
    rows: list[tuple[str, ...]] = [HEADER]
    for winner in pick_winners(study.families, study.validated):
        own = [result for result in results if result.family == winner.family]
        parameters = winner.trial.n_parameters
        rows.append(
            (
                winner.family,
                str(winner.trial.number),
                f"{winner.trial.value:.2%}",
                _spread([result for result in own if not result.augmented]),
                _spread([result for result in own if result.augmented]),
                "" if parameters is None else f"{parameters:,}",
            )
        )
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADER))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )


def _spread(results: Sequence[RetrainedResult]) -> str:
    accuracies = [result.test_accuracy for result in results]
    if not accuracies:
        return "-"
    mean = f"{statistics.fmean(accuracies):.2%}"
    if len(accuracies) == 1:
        return mean
    return f"{mean} ± {100 * statistics.stdev(accuracies):.2f} (n={len(accuracies)})"
