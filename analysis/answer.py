"""The study's answer in words, made from its numbers; statistics beyond mean and spread stay out."""

from __future__ import annotations

import math
from dataclasses import dataclass

import pandas as pd

from analysis.evidence import Evidence
from analysis.labels import (
    augmentation_label,
    duration,
    family_label,
    joined,
    mean_and_spread,
    milliseconds,
    number,
    percent,
    points,
)
from study.records import WINNER


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
    sentences += [_augmentation(tested), _costs(tested), _budget(evidence), _splits(evidence)]
    return Answer(text=" ".join(filter(None, sentences)), warnings=tuple(warnings))


def trials_by_family(evidence: Evidence) -> dict[str, int]:
    """Return how many trials each family had that ran to a result: completed or pruned."""
    ran = evidence.trials[evidence.trials["state"].isin(["COMPLETE", "PRUNED"])]
    counts = ran.groupby("family").size()
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
            "Each is the best of many trials on the images that chose it, which flatters it: "
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
            sentences.append(_ranking(rows.iloc[0], rows.iloc[1], others=rows.iloc[2:]))
        elif len(rows) == 1:
            row = rows.iloc[0]
            sentences.append(
                f"{_capital(augmentation_label(augmented))}, only {family_label(row['family'])} "
                f"was retrained: {_score(row)} of the test images classified rightly."
            )
    if len(evidence.families) == 1:
        sentences.append("This study searched one family, so there is nothing to compare it with.")
    if tested["n_seeds"].max() > 1:
        sentences.append(
            "Scores are means over n seeds ± the standard deviation between seeds. "
            "So few runs give a rough idea of that spread, and no statistical test is made here."
        )
    return sentences


def _ranking(best: pd.Series, second: pd.Series, *, others: pd.DataFrame) -> str:
    """Compare the best two of a condition; the verdict weighs the lead against the seeds' spread."""
    condition = augmentation_label(best["augmented"])
    lead = best["test_accuracy"] - second["test_accuracy"]
    names = family_label(best["family"]), family_label(second["family"])
    scores = f"{_score(best)} against {_score(second)} of the test images classified rightly"
    rest = "".join(
        f", {family_label(row['family'])} {_score(row)}" for _, row in others.iterrows()
    )
    spreads = [best["test_accuracy_sd"], second["test_accuracy_sd"]]
    if not all(math.isfinite(spread) for spread in spreads):
        return (
            f"{_capital(condition)}, {names[0]} scored {points(lead)} more than {names[1]} "
            f"({scores}{rest}); with a single seed, chance cannot be told from merit."
        )
    spread = max(spreads)
    if lead <= spread:
        return (
            f"{_capital(condition)}, this study does not separate {names[0]} and {names[1]} "
            f"({scores}{rest}): the difference of {points(lead)} is not larger than "
            f"the spread between seeds ({points(spread)})."
        )
    return (
        f"{_capital(condition)}, {names[0]} is better than {names[1]} by {points(lead)} "
        f"({scores}{rest}), more than the spread between seeds ({points(spread)})."
    )


def _augmentation(tested: pd.DataFrame) -> str:
    """Say what augmentation brought to each family that was retrained both ways."""
    scores = tested.pivot_table(index="family", columns="augmented", values="test_accuracy")
    if not {True, False} <= set(scores.columns):
        return ""
    gains = (scores[True] - scores[False]).dropna()
    parts = [
        f"{'brought' if gain >= 0 else 'cost'} {family_label(family)} {points(abs(gain))}"
        for family, gain in gains.items()
    ]
    return f"Augmentation {joined(parts)}." if parts else ""


def _costs(tested: pd.DataFrame) -> str:
    """Say what each winner costs: parameters, time of one training, time of one image."""
    parts = []
    for family, rows in tested.groupby("family", sort=False):
        costs = [
            f"{number(rows['n_parameters'].mean())} parameters",
            f"{duration(rows['training_seconds'].mean())} a training run",
            f"{milliseconds(rows['milliseconds_per_image'].mean())} an image",
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
    return f"Each family had the same number of trials: {next(iter(counts.values()))}."


def _unequal_budget(evidence: Evidence) -> str:
    counts = trials_by_family(evidence)
    if len(set(counts.values())) < 2:
        return ""
    listed = joined([f"{family_label(family)} {count}" for family, count in counts.items()])
    return (
        f"Unequal budgets: trials that completed or were pruned are {listed}. The family with more "
        "trials had more chances to find a good model, so the comparison is not a fair one."
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


def _score(row: pd.Series) -> str:
    return mean_and_spread(row["test_accuracy"], row["test_accuracy_sd"], int(row["n_seeds"]))


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
