"""The best validation accuracy to expect of so many trials, and after so much time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import plotly.graph_objects as go

from analysis import theme
from analysis.charts.base import Chart
from analysis.evidence import Evidence
from analysis.labels import duration, family_label, percent
from analysis.statistics.expected_best import best_in_time, best_quantiles, expected_best
from study.records import MEASURED

TITLE = "What to expect of a larger budget"
NOTHING = "no independently drawn trials yet: python -m study run --measure-trials 20"
MIN_TRIALS = 3
BAND = (0.1, 0.9)
N_TIMES = 60
MOST_TIME_SHARE = 0.75
"""Of all trials' time: beyond it, all orders of the trials have nearly the same best."""

BELIEVED_SHARE = 0.5
"""Of the trials, and of their time: further right, nothing is said of who is ahead."""


class Curve(NamedTuple):
    """What to expect of one family.

    `best`, `low` and `high` (in %, one a number of trials from 1) are the expected best and the
    quantiles of `BAND`; `in_time`, `low_in_time` and `high_in_time` are the same after `minutes`
    of training.
    """

    best: np.ndarray
    low: np.ndarray
    high: np.ndarray
    minutes: np.ndarray
    in_time: np.ndarray
    low_in_time: np.ndarray
    high_in_time: np.ndarray


class Budgets(NamedTuple):
    """The curves of the families that have independently drawn trials; how many draws failed."""

    families: tuple[str, ...]
    curves: dict[str, Curve]
    failed: Mapping[str, int]


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
    return Budgets(evidence.families, curves, evidence.study.failed_draws)


def draw(computed: Budgets) -> go.Figure:
    """Draw two panels with bands: by number of trials, and by minutes of training."""
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
        if n_failed := computed.failed.get(family, 0):
            sentences.append(
                f"{n_failed} of {n + n_failed} draws of {family_label(family)} gave no model and "
                "are left out, which flatters it."
            )
    names = list(computed.curves)
    for place, first in enumerate(names):
        for second in names[place + 1 :]:
            sentences += _crossings(computed, first, second)
    return " ".join(sentences)


def _curve(scores: np.ndarray, seconds: np.ndarray) -> Curve:
    low, high = best_quantiles(scores, BAND)
    by_trials = expected_best(scores), low, high
    if not np.isfinite(seconds).all():
        return Curve(*by_trials, *[np.array([])] * 4)
    times = np.linspace(seconds.min(), MOST_TIME_SHARE * seconds.sum(), N_TIMES)
    in_time, (low_in_time, high_in_time) = best_in_time(scores, seconds, times, BAND)
    return Curve(*by_trials, times / 60, in_time, low_in_time, high_in_time)


def _crossings(computed: Budgets, first: str, second: str) -> list[str]:
    a, b = computed.curves[first], computed.curves[second]
    n = max(1, int(BELIEVED_SHARE * min(len(a.best), len(b.best))))
    labels = family_label(first), family_label(second)
    by_trials = a.best[:n] - b.best[:n]
    said = _switches(labels, by_trials, [f"{place} trials" for place in range(1, n + 1)])
    leads = [by_trials]
    if len(a.minutes) and len(b.minutes):
        # Before its quickest trial could end, a family has nothing to compare.
        first_end, last = max(a.minutes[0], b.minutes[0]), min(a.minutes[-1], b.minutes[-1])
        last *= BELIEVED_SHARE / MOST_TIME_SHARE
        times = a.minutes[(a.minutes >= first_end) & (a.minutes <= last)]
        gap = np.interp(times, a.minutes, a.in_time) - np.interp(times, b.minutes, b.in_time)
        said += _switches(labels, gap, [f"{duration(60 * time)} of training" for time in times])
        leads += [gap] if len(gap) else []
    return said or [_who_leads(labels, leads)]


def _who_leads(labels: tuple[str, str], leads: Sequence[np.ndarray]) -> str:
    """Say who is ahead throughout: the first less the second, by trials and perhaps by time."""
    ahead = [labels[0] if lead.mean() > 0 else labels[1] for lead in leads]
    if len(set(ahead)) == 1:
        return f"At every budget that can be judged here {ahead[0]} is expected to be ahead."
    by_trials, by_time = ahead
    return (
        f"In equally many trials {by_trials} is expected to be ahead, in equal time of training "
        f"{by_time}, at every budget that can be judged here."
    )


def _switches(labels: tuple[str, str], gap: np.ndarray, budgets: Sequence[str]) -> list[str]:
    """Say where the lead changes; where it does more than once, that nobody is ahead.

    Args:
        labels: Of the first and the second family.
        gap: The first less the second, at each budget.
        budgets: What to call them, as "3 trials".
    """
    changes = _changes(gap)
    if len(changes) > 1:
        return [
            f"Up to {budgets[-1]} the lead changes {len(changes)} times: too often to tell who is "
            "ahead."
        ]
    return [
        f"Up to {budgets[place - 1]} {labels[before]} is expected to be ahead, then "
        f"{labels[1 - before]}."
        for place, before in changes
    ]


def _changes(gap: np.ndarray) -> list[tuple[int, int]]:
    """Return where a difference changes its sign, and who was ahead before: 0 or 1."""
    ahead = (gap < 0).astype(int)
    return [(i, int(ahead[i - 1])) for i in range(1, len(ahead)) if ahead[i] != ahead[i - 1]]


def _add_family(drawing: go.Figure, families: tuple[str, ...], family: str, curve: Curve) -> None:
    colour, dash = theme.colours(families)[family], theme.dashes(families)[family]
    label = theme.plain(family_label(family))
    trials = np.arange(1, len(curve.best) + 1)
    lines = (
        (trials, curve.best, curve.low, curve.high, "trials"),
        (curve.minutes, curve.in_time, curve.low_in_time, curve.high_in_time, "minutes"),
    )
    for column, (x, y, low, high, unit) in enumerate(lines, start=1):
        drawing.add_scatter(
            x=[*x.round(3), *x[::-1].round(3)],
            y=[*high.round(3), *low[::-1].round(3)],
            fill="toself",
            fillcolor=colour,
            opacity=0.15,
            line={"width": 0},
            mode="lines",
            hoverinfo="skip",
            showlegend=False,
            row=1,
            col=column,
        )
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
