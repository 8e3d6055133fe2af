"""A verdict as a sentence: who is better, by how much, how surely, and what would decide it."""

from __future__ import annotations

import math

from analysis.comparisons import Comparison
from analysis.labels import exact_points, points
from analysis.statistics.verdict import BETTER, EQUIVALENT, MAX_SEEDS, Verdict

MIN_PERCENT, MAX_PERCENT = 0.1, 99.9
"""A probability beyond these depends on more than has been measured."""


def sentence(comparison: Comparison, scores: str) -> str:
    """Return the verdict as a sentence.

    Args:
        comparison: What was compared.
        scores: The two accuracies, as "82.0 % against 74.0 % of the test images".
    """
    verdict = comparison.verdict
    evidence = f"{interval(verdict)}; {scores}"
    lead = points(abs(_mean(comparison)))
    if verdict.word == BETTER:
        return f"{_claim(comparison)} by {lead} ({evidence})."
    if verdict.word == EQUIVALENT:
        margin = exact_points(verdict.margin)
        return f"{_claim(comparison)}: {lead} apart, all within {margin} ({evidence})."
    if verdict.difference is None:
        return f"{_claim(comparison)}: {lead} apart with {_seeds(comparison)} ({scores})."
    return f"{_claim(comparison)}: {lead} apart ({evidence}). {remedy(verdict)}"


def interval(verdict: Verdict) -> str:
    """Return the interval in points: "95 % interval 1.2 to 3.4"."""
    if verdict.difference is None:
        return "no interval"
    return f"{100 * verdict.confidence:.3g} % interval {ends(verdict)}"


def ends(verdict: Verdict) -> str:
    """Return the ends of the interval in points: "+1.2 to +3.4"."""
    return f"{signed(verdict.low)} to {signed(verdict.high)}"


def signed(share: float) -> str:
    """Return a difference of shares in points, with a sign: "+1.2"; two digits where it is tiny."""
    for digits in (1, 2):
        shown = f"{100 * share:+.{digits}f}"
        if float(shown):
            return shown.replace("-", "\N{MINUS SIGN}")
    return "0.0"


def probability(verdict: Verdict) -> str:
    """Return how surely the first is better: "97 %"."""
    if verdict.difference is None:
        return "not known"
    percent = 100 * verdict.probability()
    if percent > MAX_PERCENT:
        return f"over {MAX_PERCENT} %"
    if percent < MIN_PERCENT:
        return f"under {MIN_PERCENT} %"
    return f"{percent:.1f} %" if percent > 99 or percent < 1 else f"{percent:.0f} %"


def remedy(verdict: Verdict) -> str:
    """Say how many more seeds would decide what is undecided; empty where it is decided."""
    n_more = verdict.n_more_seeds()
    if n_more == 0:
        return ""
    if n_more is not None:
        return (
            f"{n_more} more seed{'' if n_more == 1 else 's'} of each would decide it, if the "
            "estimates stayed as they are."
        )
    if verdict.difference is None:
        return "At least two seeds of each are needed to say more: --seeds 3."
    if verdict.would_seeds_decide():
        return (
            f"More than {MAX_SEEDS} seeds of each would be needed to decide it, as they differ so "
            "much from each other."
        )
    error = points(math.sqrt(verdict.difference.images_variance))
    return (
        "More seeds alone are not likely to decide it: the choice of the test images contributes "
        f"a standard error of {error} whatever their number."
    )


def _claim(comparison: Comparison) -> str:
    first, second = comparison.names()
    word, setting = comparison.verdict.word, comparison.setting()
    if comparison.is_of_families:
        setting = setting[:1].upper() + setting[1:]
        if word == BETTER:
            return f"{setting}, {first} is {word} than {second}"
        if word == EQUIVALENT:
            return f"{setting}, {first} and {second} are {word}"
        return f"{setting}, it is {word} whether {first} or {second} is better"
    if word == BETTER:
        return f"{setting} is {word} {first} than {second}"
    if word == EQUIVALENT:
        return f"{setting} is {word} with and without augmentation"
    return f"It is {word} whether augmentation helps {setting}"


def _seeds(comparison: Comparison) -> str:
    n_seeds = len(comparison.seeds)
    if n_seeds == 0:
        return "no seed in common"
    if n_seeds == 1:
        return "a single seed, where chance cannot be told from merit"
    return f"{n_seeds} seeds, but how many test images there were is not recorded"


def _mean(comparison: Comparison) -> float:
    differences = comparison.differences
    return sum(differences) / len(differences) if differences else 0.0


def question(comparison: Comparison) -> str:
    """Return what is compared.

    As "custom CNN against AlexNet-lite, with augmentation", or "custom CNN, with augmentation
    against without".
    """
    if comparison.is_of_families:
        first, second = comparison.names()
        return f"{first} against {second}, {comparison.setting()}"
    first, second = comparison.names()
    return f"{comparison.setting()}, {first} against {second.split()[0]}"
