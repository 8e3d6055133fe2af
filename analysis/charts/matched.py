"""The difference of two families at matched size, beside that of their winners as they are."""

from __future__ import annotations

import math
from statistics import fmean
from typing import NamedTuple

import plotly.graph_objects as go

from analysis import theme
from analysis.charts import differences
from analysis.charts.base import Chart
from analysis.charts.differences import Differences, Row
from analysis.evidence import Evidence
from analysis.labels import family_label, number
from analysis.matched import FreshDifference, Matched, matched
from analysis.statistics.verdict import BETTER, EQUIVALENT
from analysis.verdict_words import interval, signed

TITLE = "The difference at matched size"
NOTHING = "not studied yet: python -m study ablate"
ALONE = "there is no other family to compare with"
AXIS = "difference of validation accuracy<br>(percentage points)"


class SizeDifferences(NamedTuple):
    """The comparisons of each pair of families; the margin is in percentage points."""

    pairs: tuple[Matched, ...]
    margin: float
    n_families: int


def compute(evidence: Evidence) -> SizeDifferences:
    """Return the differences of families as they are and at matched size."""
    margin = round(100 * evidence.margin, 4)
    return SizeDifferences(matched(evidence), margin, len(evidence.families))


def draw(computed: SizeDifferences) -> go.Figure:
    """Draw two rows a pair, as the differences of test accuracy are drawn."""
    rows = [
        _row(found, how)
        for pair in computed.pairs
        if pair.matched is not None
        for found, how in ((pair.unmatched, "as they are"), (pair.matched, "at matched size"))
        if found is not None
    ]
    if not rows:
        missing = [text for pair in computed.pairs if (text := _none_so_small(pair))]
        reason = missing[0] if missing else NOTHING if computed.n_families > 1 else ALONE
        return theme.empty(TITLE, reason, x=AXIS, y="comparison")
    drawing = differences.draw(Differences(tuple(rows), computed.margin, title=TITLE))
    return drawing.update_xaxes(title_text=AXIS)


def words(computed: SizeDifferences) -> str:
    """Say what is left of each difference when both have equally many parameters."""
    return " ".join(filter(None, (_said(pair) for pair in computed.pairs)))


def _row(found: FreshDifference, how: str) -> Row:
    verdict = found.verdict
    points = tuple(round(100 * difference, 3) for difference in found.differences)
    return Row(
        question=f"{_names(found)}, {how}",
        word=verdict.word,
        seeds=found.seeds,
        differences=points,
        mean=round(fmean(points), 3),
        low=round(100 * verdict.low, 3) if math.isfinite(verdict.low) else None,
        high=round(100 * verdict.high, 3) if math.isfinite(verdict.high) else None,
    )


def _said(pair: Matched) -> str:
    if none := _none_so_small(pair):
        return f"{none[:1].upper()}{none[1:]}."
    if pair.matched is None or pair.unmatched is None or pair.match.trial is None:
        return ""
    larger = pair.match.larger
    text = (
        f"{_names(pair.unmatched)}, on the validation images from {_seeds(pair.matched)}: "
        f"{_found(pair.unmatched)} as the winners are"
    )
    if pair.match.trial.number == larger.trial.number:
        return f"{text}; their sizes match already, {_sizes(pair.unmatched)} parameters."
    stopped = "" if pair.match.trial.state == "COMPLETE" else ", which the search had stopped early"
    return (
        f"{text} ({_sizes(pair.unmatched)} parameters), {_found(pair.matched)} at matched size "
        f"({_sizes(pair.matched)}, {family_label(larger.family)} by its trial "
        f"{pair.match.trial.number}{stopped}). {_verdict(pair.matched)}"
    )


def _verdict(found: FreshDifference) -> str:
    ahead, behind = found.first.family, found.second.family
    if fmean(found.differences) < 0:
        ahead, behind = behind, ahead
    word, names = found.verdict.word, (family_label(ahead), family_label(behind))
    if word == BETTER:
        return f"At matched size, {names[0]} is {word} than {names[1]}."
    if word == EQUIVALENT:
        return f"At matched size, {names[0]} and {names[1]} are {word}."
    return f"At matched size, it is {word} which is better."


def _none_so_small(pair: Matched) -> str:
    """Say that the larger family has no trial of the size; empty where it has."""
    if pair.match.trial is not None:
        return ""
    family = family_label(pair.match.larger.family)
    return f"no trial of {family} has {number(pair.match.limit)} parameters or fewer"


def _found(found: FreshDifference) -> str:
    return f"{signed(fmean(found.differences))} percentage points ({interval(found.verdict)})"


def _names(found: FreshDifference) -> str:
    return f"{family_label(found.first.family)} against {family_label(found.second.family)}"


def _sizes(found: FreshDifference) -> str:
    first, second = (number(one.trial.n_parameters or 0) for one in (found.first, found.second))
    return f"{first} against {second}"


def _seeds(found: FreshDifference) -> str:
    n = len(found.seeds)
    return f"{n} fresh seed{'' if n == 1 else 's'}"


CHART = Chart(
    name="matched",
    title=TITLE,
    caption=(
        "A larger network may be better for its size alone. “As they are” compares two "
        "families' winners; “at matched size” puts in the larger one's place the best "
        "trial of its family with at most a tenth more parameters than the smaller winner. All are "
        "trained anew from the same fresh seeds, as long as in the search, and scored on the "
        "validation images. Circles are seeds, the filled symbol their mean, the bar its 95 % "
        "interval over seeds and images; differences within the grey band are too small to matter. "
        "Fewer trials had that size than were searched in all, so a search among such networks "
        "alone might find a better one."
    ),
    section="cost",
    compute=compute,
    draw=draw,
    words=words,
    min_width_pixels=320,
)
