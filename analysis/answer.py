"""The study's answer in words, made from its numbers: means and spreads, no statistical tests."""

from __future__ import annotations

import math
import statistics
from dataclasses import dataclass

import pandas as pd

from analysis.evidence import FINISHED, Evidence
from analysis.labels import (
    augmentation_label,
    duration,
    family_label,
    joined,
    milliseconds,
    number,
    percent,
    points,
)
from study.records import INTERRUPTED, WINNER


@dataclass(frozen=True, kw_only=True)
class Answer:
    """The answer as plain text.

    Attributes:
        text: One paragraph.
        warnings: What a reader must know before believing it, one sentence or two each.
    """

    text: str
    warnings: tuple[str, ...] = ()


def answer(evidence: Evidence) -> Answer:
    """Say which family is better on the test split, by how much, how surely and at what cost."""
    warnings = [sentence for sentence in (_unequal_budget(evidence),) if sentence]
    winners = evidence.comparison[evidence.comparison["configuration"] == WINNER]
    tested = winners[winners["n_seeds"] > 0]
    if tested.empty:
        return Answer(text=" ".join(_by_validation(evidence)), warnings=tuple(warnings))
    sentences = _comparisons(evidence, tested)
    sentences += [_augmentation(evidence), _costs(tested), _budget(evidence), _splits(evidence)]
    sentences.append(_test_time_flip(evidence))
    return Answer(text=" ".join(filter(None, sentences)), warnings=tuple(warnings))


def trials_by_family(evidence: Evidence) -> dict[str, int]:
    """Return how many trials each family had: finished ones, except those the user interrupted."""
    ran = evidence.trials["state"].isin(FINISHED) & (evidence.trials["failure"] != INTERRUPTED)
    counts = evidence.trials[ran].groupby("family").size()
    return {family: int(counts.get(family, 0)) for family in evidence.families}


def _by_validation(evidence: Evidence) -> list[str]:
    """Say what the searches found where nothing was retrained, and that it is no answer yet."""
    sentences = ["No winner has been retrained yet, so there is no result on the test split."]
    best = sorted(evidence.winners.items(), key=lambda item: -(item[1].value or 0.0))
    if best:
        found = joined(
            [
                f"{percent(trial.value or 0.0)} for {family_label(family)} (trial {trial.number})"
                for family, trial in best
            ]
        )
        sentences.append(
            f"In the search, the best accuracy on the validation images was {found}. "
            "Each is the best of its trials on the images that chose it, which flatters it: "
            "it says where the search stands, not which family is better."
        )
    without = [family_label(name) for name in evidence.families if name not in evidence.winners]
    if without:
        sentences.append(f"No trial of {joined(without)} has completed.")
    return [*sentences, _budget(evidence)]


def _comparisons(evidence: Evidence, tested: pd.DataFrame) -> list[str]:
    """Compare under each condition, first with augmentation, as models are used in earnest."""
    sentences = []
    for augmented in (True, False):
        rows = tested[tested["augmented"] == augmented].sort_values(
            "test_accuracy", ascending=False, kind="stable"
        )
        if len(rows) >= 2:
            sentences.append(_ranking(rows))
        elif len(rows) == 1:
            row = rows.iloc[0]
            sentences.append(
                f"{_capital(augmentation_label(augmented))}, only {family_label(row['family'])} "
                f"was retrained: it classified {_score(row)} of the test images rightly."
            )
    if len(evidence.families) == 1:
        sentences.append("This study searched one family, so there is nothing to compare it with.")
    return [*sentences, _seeds(tested)]


def _ranking(rows: pd.DataFrame) -> str:
    """Compare the best two of a condition; a lead within the seeds' spread separates nothing."""
    best, second = rows.iloc[0], rows.iloc[1]
    condition = _capital(augmentation_label(best["augmented"]))
    first, other = family_label(best["family"]), family_label(second["family"])
    lead = best["test_accuracy"] - second["test_accuracy"]
    scores = f"{_score(best)} against {_score(second)} of the test images classified rightly"
    for _, row in rows.iloc[2:].iterrows():
        scores += f", {family_label(row['family'])} {_score(row)}"
    spread = max(best["test_accuracy_sd"], second["test_accuracy_sd"])
    if not math.isfinite(best["test_accuracy_sd"] + second["test_accuracy_sd"]):
        return (
            f"{condition}, {first} scored {points(lead)} more than {other} ({scores}); "
            "with a single seed, chance cannot be told from merit."
        )
    if lead <= spread:
        return (
            f"{condition}, the study does not separate {first} from {other} ({scores}): "
            f"{points(lead)} between them, within the spread between seeds of {points(spread)}."
        )
    return (
        f"{condition}, {first} was better than {other} by {points(lead)} ({scores}), "
        f"more than the spread between seeds of {points(spread)}."
    )


def _seeds(tested: pd.DataFrame) -> str:
    """Say what the scores are means of, and that few runs prove little."""
    least, most = int(tested["n_seeds"].min()), int(tested["n_seeds"].max())
    if most == 1:
        return ""
    n = str(most) if least == most else f"{least} to {most}"
    return (
        f"Scores are means over {n} seeds ± the standard deviation between seeds, and the spread "
        "is the larger of the two deviations; so few runs measure it roughly, and no statistical "
        "test is made here."
    )


def _augmentation(evidence: Evidence) -> str:
    """Say what augmentation brought or cost each winner, over the seeds that it has both ways."""
    runs = evidence.retrained[evidence.retrained["configuration"] == WINNER]
    scores = runs.pivot_table(
        index=["family", "seed"], columns="augmented", values="test_accuracy"
    ).dropna()
    if not {True, False} <= set(scores.columns):
        return ""
    gains = (scores[True] - scores[False]).groupby("family").mean()
    parts = []
    for verb, chosen in (("brought", gains[gains >= 0]), ("cost", gains[gains < 0])):
        named = [f"{family_label(family)} {points(abs(gain))}" for family, gain in chosen.items()]
        if named:
            parts.append(f"{verb} {joined(named)}")
    return f"Augmentation {', and '.join(parts)}." if parts else ""


def _costs(tested: pd.DataFrame) -> str:
    """Say what each winner costs: parameters, time of one training, time of one image."""
    parts = []
    for family, rows in tested.groupby("family", sort=False):
        costs = [
            f"{number(rows['n_parameters'].mean())} parameters",
            f"{duration(rows['training_seconds'].mean())} per training run",
            f"{milliseconds(rows['milliseconds_per_image'].mean())} per image",
        ]
        known = [cost for cost in costs if cost[0].isdigit()]
        if known:
            parts.append(f"{family_label(str(family))} takes {joined(known)}")
    return f"The cost: {'; '.join(parts)}." if parts else ""


def _budget(evidence: Evidence) -> str:
    """State the equal budget; an unequal one is a warning instead."""
    counts = trials_by_family(evidence)
    if len(counts) < 2 or len(set(counts.values())) != 1:
        return ""
    return f"Each family had the same number of trials, {next(iter(counts.values()))}."


def _unequal_budget(evidence: Evidence) -> str:
    counts = trials_by_family(evidence)
    if len(set(counts.values())) < 2:
        return ""
    listed = joined([f"{family_label(family)} {count}" for family, count in counts.items()])
    return (
        f"Unequal budgets: the trials were {listed}. The family with more trials had more chances "
        "to find a good model, so this is no fair comparison yet. Run more trials of the other."
    )


def _splits(evidence: Evidence) -> str:
    """Say which images each kind of score comes from."""
    dataset = evidence.study.dataset
    validation = f"{dataset.n_validation:,} " if dataset.n_validation else ""
    test = f"{dataset.n_test:,} " if dataset.n_test else ""
    return (
        f"Trials were scored on {validation}validation images; the scores above are on the "
        f"{test}images of the test split, which the search never saw."
    )


def _test_time_flip(evidence: Evidence) -> str:
    """Say that test images were shown mirrored too, and what that changed."""
    gains = [
        result.test_accuracy - result.unflipped_test_accuracy
        for result in evidence.study.retrained
        if result.unflipped_test_accuracy is not None
    ]
    if not gains:
        return ""
    return (
        "Each test image was predicted mirrored too and the two predictions averaged; this changed "
        f"the scores by {points(statistics.mean(gains))} on average."
    )


def _score(row: pd.Series) -> str:
    if math.isfinite(row["test_accuracy_sd"]):
        return f"{100 * row['test_accuracy']:.1f} ± {100 * row['test_accuracy_sd']:.1f} %"
    return percent(row["test_accuracy"])


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
