"""Tables as a reader sees them: frames turned into rounded numbers with units."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import mean, stdev

import pandas as pd

from analysis import verdict_words
from analysis.checklist import Check
from analysis.comparisons import Comparison
from analysis.document import Table
from analysis.evidence import Evidence
from analysis.labels import (
    MISSING,
    duration,
    family_label,
    mean_and_spread,
    megabytes,
    milliseconds,
    number,
    percent,
    value_text,
)
from analysis.selection import Selected
from study.records import WINNER


def comparison(evidence: Evidence) -> Table:
    """Return the study's main table, filled in as far as there are results."""
    return Table(
        caption=(
            "The winners retrained from scratch and tested once, without augmentation (no) and "
            "with it (yes), which moves the training images about at random: mean ± standard "
            "deviation over n seeds."
        ),
        columns=(
            "Model",
            "Augmentation",
            "Test accuracy",
            "Parameters",
            "Generalisation gap (training − test, percentage points)",  # noqa: RUF001
            "Training time",
            "Time per image",
            "Model size",
        ),
        rows=tuple(_comparison_row(row) for _, row in evidence.comparison.iterrows()),
    )


def winners(evidence: Evidence) -> Table:
    """Return each family's winner with what it was built from."""
    return Table(
        caption="Each family's winner: the completed trial with the highest validation accuracy, "
        "or a finalist that fresh seeds proved to be better.",
        columns=("Family", "Trial", "Validation accuracy", "Parameters", "Hyperparameters"),
        rows=tuple(
            (
                family_label(family),
                f"{trial.number}, {trial.baseline}" if trial.baseline else str(trial.number),
                percent(trial.value or 0.0),
                MISSING if trial.n_parameters is None else number(trial.n_parameters),
                ", ".join(f"{name} = {value_text(chosen)}" for name, chosen in trial.params.items())
                or MISSING,
            )
            for family, trial in evidence.winners.items()
        ),
    )


def verdicts(evidence: Evidence) -> Table | None:
    """Return each comparison with its verdict; None where there is nothing to compare."""
    if not evidence.verdicts:
        return None
    levels = {compared.verdict.confidence for compared in evidence.verdicts}
    interval = f"{100 * max(levels):.3g} % interval" if len(levels) == 1 else "Interval"
    return Table(
        caption=(
            "What may be concluded. The difference is of test accuracy, first less second, paired "
            "by seed; its interval covers seeds and test images. “Surely” is how surely "
            "the first is the better one. The last column says how much of the variance of the "
            "difference comes from the seeds; the rest comes from the choice of test images, and "
            "more seeds do not lower it."
        ),
        columns=(
            "Comparison",
            "Verdict",
            "Difference (percentage points)",
            f"{interval} (percentage points)",
            "Surely",
            "Seeds",
            "Variance from seeds",
        ),
        rows=tuple(
            _verdict_row(compared, says_level=len(levels) > 1) for compared in evidence.verdicts
        ),
    )


def selection(found: Sequence[Selected]) -> Table:
    """Return each winner's scores side by side: as searched, from fresh seeds, as tested."""
    return Table(
        caption=(
            "What chose the winner, and what it is worth: the search's score is one run's, mostly "
            "the best of many; fresh seeds train the same configuration on the same images as "
            "long; the test scores are of models trained longer and on more images, so they "
            "compare with each other only."
        ),
        columns=(
            "Family",
            "Search (validation)",
            "Fresh seeds (validation)",
            "Search less fresh (percentage points)",
            "Test, without augmentation",
            "Test, with augmentation",
        ),
        rows=tuple(_selection_row(one) for one in found),
    )


def budgets(evidence: Evidence) -> Table:
    """Return what each family's search was given and spent, and lost where it was interrupted."""
    has_lost = any(account.lost_seconds for account in evidence.ledger)
    lost = "Lost to interruptions"
    return Table(
        caption=(
            "The budget of each family's search. Floating-point operations are three times those "
            "of the forward pass, for every image of every epoch."
        ),
        columns=(
            "Family",
            "Trials",
            "Completed",
            "Pruned",
            "Failed",
            "Epochs",
            "Training time",
            "Floating-point operations",
            *((lost,) if has_lost else ()),
        ),
        rows=tuple(
            (
                family_label(account.family),
                str(account.n_trials),
                str(account.n_completed),
                f"{account.n_pruned} ({percent(account.pruned_share, digits=0)})",
                str(account.n_failed),
                MISSING if account.n_epochs is None else number(account.n_epochs),
                duration(account.seconds) if account.seconds else MISSING,
                MISSING if account.flops is None else f"{account.flops:.2e}",
                *((duration(account.lost_seconds),) if has_lost else ()),
            )
            for account in evidence.ledger
        ),
    )


def checklist(checks: Sequence[Check]) -> Table:
    """Return each question with PASS or WARN and what was found."""
    return Table(
        caption="What makes a comparison unfair, and whether it was found here.",
        columns=("Question", "Result", "Found", "What to do"),
        rows=tuple(
            (
                check.question,
                "PASS" if check.passed else "WARN",
                " ".join(check.problems) or "Nothing.",
                MISSING if check.passed else check.remedy,
            )
            for check in checks
        ),
        stacks=True,
    )


def _selection_row(one: Selected) -> tuple[str, ...]:
    spread = stdev(one.fresh) if len(one.fresh) > 1 else math.nan
    fresh = mean_and_spread(mean(one.fresh), spread, len(one.fresh)) if one.fresh else MISSING
    return (
        family_label(one.family),
        percent(one.searched),
        fresh,
        MISSING if one.luck is None else verdict_words.signed(one.luck),
        *(
            percent(one.tested[augmented]) if augmented in one.tested else MISSING
            for augmented in (False, True)
        ),
    )


def _verdict_row(compared: Comparison, *, says_level: bool) -> tuple[str, ...]:
    verdict, difference = compared.verdict, compared.verdict.difference
    known = difference is not None
    level = f" ({100 * verdict.confidence:.3g} %)" if says_level else ""
    return (
        verdict_words.question(compared),
        verdict.word,
        verdict_words.signed(mean(compared.differences)) if compared.differences else MISSING,
        f"{verdict_words.ends(verdict)}{level}" if known else MISSING,
        verdict_words.probability(verdict),
        str(len(compared.seeds)),
        MISSING
        if difference is None or not difference.standard_error
        else percent(difference.seeds_variance / difference.standard_error**2, digits=0),
    )


def model_label(family: str, configuration: str) -> str:
    """Return "custom CNN" for a winner, "custom CNN, V1" for a baseline."""
    if configuration == WINNER:
        return family_label(family)
    return f"{family_label(family)}, {configuration}"


def _comparison_row(row: pd.Series) -> tuple[str, ...]:
    tested = row["n_seeds"] > 0
    accuracy = mean_and_spread(row["test_accuracy"], row["test_accuracy_sd"], int(row["n_seeds"]))
    return (
        model_label(row["family"], row["configuration"]),
        "yes" if row["augmented"] else "no",
        accuracy if tested else "not retrained yet",
        number(row["n_parameters"]),
        _points(row["gap"], row["gap_sd"]),
        duration(row["training_seconds"]),
        milliseconds(row["milliseconds_per_image"]),
        megabytes(row["model_bytes"]),
    )


def _points(mean: float, spread: float) -> str:
    if pd.isna(mean):
        return MISSING
    return f"{100 * mean:.1f}" if pd.isna(spread) else f"{100 * mean:.1f} ± {100 * spread:.1f}"
