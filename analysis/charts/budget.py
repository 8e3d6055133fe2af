"""The best validation accuracy to expect of so many trials, and after so much time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import plotly.graph_objects as go

from analysis import theme
from analysis.charts.base import Chart
from analysis.evidence import Evidence
from analysis.labels import duration, family_label, percent
from analysis.statistics.expected_best import (
    best_quantiles,
    expected_best,
    expected_best_in_time,
)
from study.records import MEASURED

TITLE = "What to expect of a larger budget"
NOTHING = "no independently drawn trials yet: python -m study run --measure-trials 20"
MIN_TRIALS = 3
BAND = (0.1, 0.9)
N_TIMES = 60
MOST_TIME_SHARE = 0.75
"""Of all trials' time: beyond it, all orders of the trials have nearly the same best."""


class Curve(NamedTuple):
    """What to expect of one family.

    `best`, `low` and `high` (in %, one a number of trials from 1) are the expected best and the
    quantiles of `BAND`; `in_time` is the expected best after `minutes` of training.
    """

    best: np.ndarray
    low: np.ndarray
    high: np.ndarray
    minutes: np.ndarray
    in_time: np.ndarray


class Budgets(NamedTuple):
    """The curves of the families that have independently drawn trials."""

    families: tuple[str, ...]
    curves: dict[str, Curve]


def compute(evidence: Evidence) -> Budgets:
    """Return the curves, from configurations drawn at random alone."""
    curves = {}
    for family in evidence.families:
        drawn = [
            one
            for one in evidence.study.validated
            if one.family == family and one.purpose == MEASURED
        ]
        if len(drawn) >= MIN_TRIALS:
            scores = np.array([100 * one.validation_accuracy for one in drawn])
            seconds = np.array([one.training_seconds or np.nan for one in drawn])
            curves[family] = _curve(scores, seconds)
    return Budgets(evidence.families, curves)


def draw(computed: Budgets) -> go.Figure:
    """Draw two panels: by number of trials with a band, and by minutes of training."""
    label = "validation accuracy (%)"
    if not computed.curves:
        return theme.empty(TITLE, NOTHING, x="trials", y=label)
    drawing = theme.panels(TITLE, heights=[320], columns=2, shared_yaxes=True)
    for family, curve in computed.curves.items():
        _add_family(drawing, computed.families, family, curve)
    drawing.update_xaxes(title_text="trials", row=1, col=1)
    drawing.update_xaxes(title_text="minutes of training", rangemode="tozero", row=1, col=2)
    return drawing.update_yaxes(title_text=label, col=1)


def words(computed: Budgets) -> str:
    """Say what the whole budget buys, and at which budget another family becomes the better."""
    sentences = []
    for family, curve in computed.curves.items():
        n = len(curve.best)
        sentences.append(
            f"{n} random trials of {family_label(family)} are expected to find "
            f"{percent(curve.best[-1] / 100)}, half as many "
            f"{percent(curve.best[max(n // 2, 1) - 1] / 100)}."
        )
    names = list(computed.curves)
    for place, first in enumerate(names):
        for second in names[place + 1 :]:
            sentences += _crossings(computed, first, second)
    return " ".join(sentences)


def _curve(scores: np.ndarray, seconds: np.ndarray) -> Curve:
    low, high = best_quantiles(scores, BAND)
    minutes = in_time = np.array([])
    if np.isfinite(seconds).all():
        times = np.linspace(seconds.min(), MOST_TIME_SHARE * seconds.sum(), N_TIMES)
        minutes, in_time = times / 60, expected_best_in_time(scores, seconds, times)
    return Curve(expected_best(scores), low, high, minutes, in_time)


def _crossings(computed: Budgets, first: str, second: str) -> list[str]:
    a, b = computed.curves[first], computed.curves[second]
    n = min(len(a.best), len(b.best))
    labels = family_label(first), family_label(second)
    changes = _changes(a.best[:n] - b.best[:n])
    said = [
        f"Up to {place} trials {_ahead(labels[before], changes)}, from {place + 1} on "
        f"{labels[1 - before]}."
        for place, before in changes[-1:]
    ]
    if len(a.minutes) and len(b.minutes):
        # Before its quickest trial could end, a family has nothing to compare.
        first_end, last = max(a.minutes[0], b.minutes[0]), min(a.minutes[-1], b.minutes[-1])
        times = a.minutes[(a.minutes >= first_end) & (a.minutes <= last)]
        gap = np.interp(times, a.minutes, a.in_time) - np.interp(times, b.minutes, b.in_time)
        changes = _changes(gap)
        said += [
            f"Up to {duration(60 * times[place - 1])} of training "
            f"{_ahead(labels[before], changes)}, then {labels[1 - before]}."
            for place, before in changes[-1:]
        ]
    if n and not said:
        ahead = labels[0] if (a.best[:n] - b.best[:n]).mean() > 0 else labels[1]
        said.append(f"At every budget measured here {ahead} is expected to be ahead.")
    return said


def _ahead(label: str, changes: Sequence[tuple[int, int]]) -> str:
    if len(changes) > 1:
        return f"the lead changes {len(changes)} times, too often to tell who is ahead"
    return f"{label} is expected to be ahead"


def _changes(gap: np.ndarray) -> list[tuple[int, int]]:
    """Return where a difference changes its sign, and who was ahead before: 0 or 1."""
    ahead = (gap < 0).astype(int)
    return [(i, int(ahead[i - 1])) for i in range(1, len(ahead)) if ahead[i] != ahead[i - 1]]


def _add_family(drawing: go.Figure, families: tuple[str, ...], family: str, curve: Curve) -> None:
    colour, dash = theme.colours(families)[family], theme.dashes(families)[family]
    label = theme.plain(family_label(family))
    trials = list(range(1, len(curve.best) + 1))
    drawing.add_scatter(
        x=trials + trials[::-1],
        y=[*curve.high.round(3), *curve.low[::-1].round(3)],
        fill="toself",
        fillcolor=colour,
        opacity=0.15,
        line={"width": 0},
        mode="lines",
        hoverinfo="skip",
        showlegend=False,
        row=1,
        col=1,
    )
    lines = (
        (np.array(trials), curve.best, "trials"),
        (curve.minutes, curve.in_time, "minutes"),
    )
    for column, (x, y, unit) in enumerate(lines, start=1):
        drawing.add_scatter(
            x=x.round(3),
            y=y.round(3),
            mode="lines",
            line={"color": colour, "dash": dash, "width": 2.5},
            name=label,
            showlegend=column == 1,
            hovertemplate=f"{label}, %{{x:.3g}} {unit}: %{{y:.2f}} %<extra></extra>",
            row=1,
            col=column,
        )


CHART = Chart(
    name="budget",
    title=TITLE,
    caption=(
        "The best validation accuracy that a random search of so many trials, or of so much "
        "training, is expected to find, from configurations drawn independently of each other and "
        "trained to the end; four of five such searches end within the band. The search's own "
        "trials have no part in it, as each was proposed in view of the others. Where two lines "
        "cross, the better family depends on the budget. Believe the left half at most: further "
        "right all searches are made up of nearly the same trials, and the band closes for that "
        "reason alone. Which family is ahead, and where they cross, comes without an interval: "
        "leads that are small beside the band may be chance."
    ),
    section="search",
    compute=compute,
    draw=draw,
    words=words,
    min_width_pixels=560,
)
