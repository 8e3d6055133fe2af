"""What two studies say together, in sentences made from the numbers."""

from __future__ import annotations

import dataclasses
import statistics
from collections.abc import Sequence

from analysis import answer, verdict_words
from analysis.comparisons import Comparison
from analysis.labels import (
    augmentation_label,
    exact_points,
    family_label,
    joined,
    mean_and_spread,
    points,
)
from analysis.pair.evidence import Pair
from analysis.pair.orders import DIFFERENT, OPPOSITE, SAME, Order, lead
from analysis.pair.runs import Runs
from analysis.statistics.verdict import BETTER, EQUIVALENT, UNDECIDED

MAX_NAMED = 8
"""More things that differ are counted, not named."""

CONCLUSIONS = {
    SAME: "This is the SAME order in both.",
    OPPOSITE: "The orders are OPPOSITE.",
    DIFFERENT: "They are DIFFERENT: only one shows a difference worth having.",
    UNDECIDED: "It is UNDECIDED whether the orders agree.",
}


def warnings(pair: Pair) -> tuple[str, ...]:
    """Return what must be known before anything else, each study's own warnings last."""
    found = []
    if pair.n_same_models:
        found.append(
            f"{pair.n_same_models} of the retrained models made the same predictions in both "
            "studies after training with the same seed: they are the same model twice, not further "
            "evidence. Retrain one study with other seeds to compare runs."
        )
    found += [
        f"{label}: {warning}" for label, known in pair.named() for warning in answer.warnings(known)
    ]
    return tuple(found)


def verdicts(pair: Pair) -> tuple[str, ...]:
    """Return a sentence for each winner that can be judged, and one for each pair of families."""
    return (
        *(_verdict(runs, pair.labels) for runs in pair.runs),
        *(_order(order, pair.labels) for order in pair.orders),
    )


def explanation(pair: Pair) -> str:
    """Say what the verdicts rest on, or why there are none."""
    sentences = [_judged(pair), _differences(pair)]
    tested = all((known.comparison["n_seeds"] > 0).any() for known in pair.studies)
    if not tested:
        sentences.append(
            "Winners that have not been retrained have no result on the test split; validation "
            "accuracies are the best of many and compare nothing."
        )
    return " ".join(filter(None, sentences))


def scores(accuracies: Sequence[float]) -> str:
    """Return accuracies in [0, 1] as "87.9 ± 0.1 % (n = 3)"."""
    spread = statistics.stdev(accuracies) if len(accuracies) > 1 else float("nan")
    return mean_and_spread(statistics.mean(accuracies), spread, len(accuracies))


def _verdict(runs: Runs, labels: tuple[str, str]) -> str:
    """Return who is better, the one that is ahead first."""
    verdict, difference = runs.verdict, runs.difference
    first, second = labels
    accuracies = runs.accuracies
    if difference < 0:
        first, second, accuracies = second, first, accuracies[::-1]
        verdict = dataclasses.replace(verdict, low=-verdict.high, high=-verdict.low)
    evidence = f"{verdict_words.interval(verdict)}; {' against '.join(map(scores, accuracies))}"
    what, apart = _setting(runs.family, augmented=runs.augmented), points(abs(difference))
    if verdict.word == BETTER:
        return f"{what}, {first} is BETTER than {second} by {apart} ({evidence})."
    if verdict.word == EQUIVALENT:
        within = exact_points(verdict.margin)
        return (
            f"{what}, {first} and {second} are EQUIVALENT: {apart} apart, all within {within} "
            f"({evidence})."
        )
    return (
        f"{what}, it is UNDECIDED whether {first} or {second} is better: {apart} apart "
        f"({evidence}). {_remedy(runs)}"
    )


def _remedy(runs: Runs) -> str:
    if runs.verdict.difference is None and min(map(len, runs.seeds)) > 1:
        return "How many test images there were is not recorded."
    return verdict_words.remedy(runs.verdict)


def _order(order: Order, labels: tuple[str, str]) -> str:
    leads = [
        f"in {label}, {_lead(compared)}"
        for label, compared in zip(labels, order.verdicts, strict=True)
    ]
    setting = augmentation_label(order.augmented).capitalize()
    return f"{setting}: {'; '.join(leads)}. {CONCLUSIONS[order.agreement]}"


def _lead(compared: Comparison) -> str:
    ahead, other = compared.names()
    by, word = lead(compared), compared.verdict.word
    if by is None:
        return f"{ahead} and {other} have no seed in common"
    if by == 0:
        return f"{ahead} and {other} are level ({word})"
    return f"{ahead} is ahead of {other} by {points(by)} ({word})"


def _judged(pair: Pair) -> str:
    if pair.why_not_judged:
        return (
            f"{pair.why_not_judged} Accuracies on other images are not subtracted from each other, "
            "as one set may be easier. What can be compared is which family wins in each study, "
            f"and how surely. EQUIVALENT means within {exact_points(pair.margin)} in both; where "
            "nearly all images are classified rightly that is most of the errors, and a smaller "
            "--margin asks more."
        )
    if not pair.runs:
        return "No family has been retrained in both studies in the same way."
    text = (
        "Both studies were tested on the same images. Seeds are no pairs across studies, so each "
        "study's seeds count as a sample of their own; intervals cover what other seeds and other "
        "test images would change, not what another search would find."
    )
    if all(runs.by_image for runs in pair.runs):
        return text
    return (
        f"{text} Which images each model got right is not recorded for all of them, so intervals "
        "are wider than they need be."
    )


def _differences(pair: Pair) -> str:
    names = [fact.what for fact in pair.different]
    if not names:
        return "Nothing that is recorded differs between the studies but what they found."
    listed = f": {joined(names)}" if len(names) <= MAX_NAMED else f" {len(names)} recorded things"
    return (
        f"The studies differ in{listed} (see below). Which of these made a difference cannot be "
        "told from them."
    )


def _setting(family: str, *, augmented: bool) -> str:
    text = f"{family_label(family)} {augmentation_label(augmented)}"
    return text[:1].upper() + text[1:]
