"""The study's answer in words, made from its numbers."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from analysis import ledger, missed, verdict_words
from analysis.comparisons import Comparison, runs_of_winners
from analysis.evidence import Evidence
from analysis.labels import (
    augmentation_label,
    duration,
    exact_points,
    family_label,
    joined,
    milliseconds,
    number,
    percent,
    points,
    score,
)
from analysis.statistics.verdict import judge
from analysis.variance import redrawn_differences
from analysis.verdict_words import question
from study.records import WINNER, RetrainedResult


@dataclass(frozen=True, kw_only=True)
class Answer:
    """The answer as plain text.

    Attributes:
        verdicts: One for each comparison, as a list.
        text: What they rest on, as one paragraph.
        warnings: What a reader must know before believing it, one sentence or two each.
    """

    text: str
    verdicts: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Return all of it, a paragraph each."""
        return "\n\n".join((*self.verdicts, *self.warnings, self.text))


def answer(evidence: Evidence) -> Answer:
    """Say which family is better on the test split, by how much, how surely and at what cost."""
    tested = _tested(evidence)
    if tested.empty:
        return Answer(text=" ".join(_by_validation(evidence)), warnings=warnings(evidence))
    verdicts = (*_between_families(evidence, tested), *_of_augmentation(evidence))
    sentences = [_intervals(evidence, tested), _costs(tested), _budget(evidence)]
    sentences += [_splits(evidence), _test_time_flip(evidence)]
    return Answer(
        text=" ".join(filter(None, sentences)), verdicts=verdicts, warnings=warnings(evidence)
    )


def warnings(evidence: Evidence) -> tuple[str, ...]:
    """Return what a reader must know before believing any verdict, one sentence or two each."""
    return (*ledger.warnings(evidence.ledger), *missed.warnings(evidence))


def sentence(evidence: Evidence, compared: Comparison) -> str:
    """Return the verdict on two conditions as a sentence, with their scores."""
    return _capital(_said(compared, evidence))


def _tested(evidence: Evidence) -> pd.DataFrame:
    """Return the comparison's rows of winners that have been retrained."""
    rows = evidence.comparison
    return rows[(rows["configuration"] == WINNER) & (rows["n_seeds"] > 0)]


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


def _between_families(evidence: Evidence, tested: pd.DataFrame) -> list[str]:
    """Compare under each condition, first with augmentation, as models are used in earnest."""
    sentences = []
    for augmented in (True, False):
        rows = tested[tested["augmented"] == augmented].sort_values(
            "test_accuracy", ascending=False, kind="stable"
        )
        if len(rows) >= 2:
            best_two = set(rows["family"].iloc[:2])
            compared = next(
                one
                for one in evidence.verdicts
                if one.first.augmented == one.second.augmented == augmented
                and {one.first.family, one.second.family} == best_two
            )
            sentences.append(_said(compared, evidence))
            sentences += [
                f"{_capital(family_label(row['family']))} follows with {_score(row)}."
                for _, row in rows.iloc[2:].iterrows()
            ]
        elif len(rows) == 1:
            row = rows.iloc[0]
            sentences.append(
                f"{_capital(augmentation_label(augmented))}, only {family_label(row['family'])} "
                f"was retrained: it classified {_score(row)} of the test images rightly."
            )
    if len(evidence.families) == 1:
        sentences.append("This study searched one family, so there is nothing to compare it with.")
    return sentences


def _of_augmentation(evidence: Evidence) -> list[str]:
    """Say what augmentation brought or cost each winner, over the seeds that it has both ways."""
    return [
        _capital(_said(compared, evidence))
        for compared in evidence.verdicts
        if not compared.is_of_families
    ]


def _said(compared: Comparison, evidence: Evidence) -> str:
    runs = runs_of_winners(evidence.results)
    first, second = (
        _score_of(runs[condition], compared.seeds)
        for condition in (compared.first, compared.second)
    )
    scores = f"{first} against {second} of the test images classified rightly"
    return verdict_words.sentence(compared, scores)


def _score_of(runs: Mapping[int, RetrainedResult], seeds: Sequence[int]) -> str:
    """Return the score over these seeds, or over all where there are none."""
    accuracies = [runs[seed].test_accuracy for seed in seeds or sorted(runs)]
    spread = statistics.stdev(accuracies) if len(accuracies) > 1 else math.nan
    return score(statistics.fmean(accuracies), spread)


def _intervals(evidence: Evidence, tested: pd.DataFrame) -> str:
    """Say what the scores are means of, and what the intervals cover."""
    in_common = [len(one.seeds) for one in evidence.verdicts if one.seeds]
    counts = in_common or list(map(int, tested["n_seeds"]))
    least, most = min(counts), max(counts)
    if most == 1:
        return verdict_words.remedy(judge(None))
    n = str(most) if least == most else f"{least} to {most}"
    text = (
        f"Scores are means over {n} seeds ± the standard deviation between seeds; intervals cover "
        "what other seeds and other test images would change, "
        "not what another sample of the training images would"
        f"{_draws(evidence)}. EQUIVALENT means that the whole "
        f"interval is within {exact_points(evidence.margin)}, UNDECIDED that it allows either."
    )
    if all(compared.by_image for compared in evidence.verdicts if compared.seeds):
        return text
    return (
        f"{text} Which images each model got right is not recorded for all of them, so intervals "
        "are wider than they need be."
    )


def _draws(evidence: Evidence) -> str:
    """Say how much other draws of the sample move the differences between families."""
    found = [one for one in redrawn_differences(evidence) if one.compared.is_of_families]
    several = len(evidence.families) > 2
    parts = [
        f"{points(one.component.deviation)} over {len(one.by_draw)} draws (90 % interval up to "
        f"{100 * one.component.deviations[1]:.1f}) "
        f"{question(one.compared) if several else one.compared.setting()}"
        for one in found
        if one.component is not None
    ]
    if not parts:
        return ""
    return f", which moves the difference by a standard deviation of {joined(parts)}"


def _costs(tested: pd.DataFrame) -> str:
    """Say what each winner costs: parameters, time of one training, time of one image."""
    parts = []
    for family, rows in tested.groupby("family", sort=False):
        costs = [
            f"{number(rows['n_parameters'].mean())} parameters",
            f"{duration(rows['training_seconds'].mean())} per training run",
            f"{milliseconds(rows['milliseconds_per_image'].iloc[0])} per image",
        ]
        known = [cost for cost in costs if cost[0].isdigit()]
        if known:
            parts.append(f"{family_label(str(family))} takes {joined(known)}")
    return f"The cost: {'; '.join(parts)}." if parts else ""


def _budget(evidence: Evidence) -> str:
    """State the equal budget; an unequal one is a warning instead."""
    counts = {account.n_trials for account in evidence.ledger}
    if len(evidence.ledger) < 2 or len(counts) != 1:
        return ""
    return f"Each family had the same number of trials, {counts.pop()}."


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
    return score(row["test_accuracy"], row["test_accuracy_sd"])


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
