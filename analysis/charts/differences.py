"""Differences of test accuracy, seed by seed, with their mean, its interval and the margin."""

from __future__ import annotations

import math
from typing import NamedTuple

import plotly.graph_objects as go

from analysis import theme
from analysis.charts.base import Chart
from analysis.comparisons import Comparison
from analysis.evidence import Evidence
from analysis.statistics.verdict import BETTER, EQUIVALENT, UNDECIDED
from analysis.verdict_words import question

TITLE = "Differences, seed by seed"
NOTHING = "nothing has been retrained in two ways yet"
ROW_PIXELS = 88
# Colours that stand for no family; symbols tell the words apart.
COLOURS = {BETTER: theme.INK, EQUIVALENT: theme.MUTED, UNDECIDED: theme.MUTED}
SYMBOLS = {BETTER: "diamond", EQUIVALENT: "square", UNDECIDED: "x"}


class Row(NamedTuple):
    """One comparison; differences are first less second, in percentage points.

    `low` and `high` are None where there is no interval.
    """

    question: str
    word: str
    seeds: tuple[int, ...]
    differences: tuple[float, ...]
    mean: float
    low: float | None
    high: float | None


class Differences(NamedTuple):
    """All comparisons, and the margin in percentage points."""

    rows: tuple[Row, ...]
    margin: float
    title: str = TITLE


def compute(evidence: Evidence) -> Differences:
    """Return the difference of each seed of each comparison."""
    rows = tuple(_row(compared) for compared in evidence.verdicts if compared.seeds)
    return Differences(rows, round(100 * evidence.margin, 4))


def draw(computed: Differences) -> go.Figure:
    """Draw a line a comparison: seeds as open symbols, the mean filled, the interval as a bar."""
    axis = "difference of test accuracy<br>(percentage points)"  # One line is too long for a phone.
    if not computed.rows:
        return theme.empty(computed.title, NOTHING, x=axis, y="comparison")
    drawing = theme.figure(computed.title, height=ROW_PIXELS * len(computed.rows) + 20)
    drawing.add_vrect(
        x0=-computed.margin,
        x1=computed.margin,
        fillcolor=theme.GRID,
        line={"color": theme.FAINT, "width": 1, "dash": "dot"},
        layer="below",
    )
    drawing.add_vline(x=0, line={"color": theme.MUTED, "width": 1})
    named: set[str] = set()
    for place, row in enumerate(computed.rows):
        _add_row(drawing, row, -place, with_key=row.word not in named)
        named.add(row.word)
    drawing.update_xaxes(title_text=axis)
    for place, row in enumerate(computed.rows):
        # Above its row, not beside it: a phone has no room there.
        drawing.add_annotation(
            text=_folded(row.question),
            xref="x domain",
            x=0.01,
            y=0.48 - place,
            xanchor="left",
            yanchor="top",
            align="left",
            showarrow=False,
            font={"size": 12},
        )
    return drawing.update_yaxes(
        showticklabels=False,
        ticks="",
        range=[0.5 - len(computed.rows), 0.5],
        showgrid=False,
        title_text="comparison",
    )


def _row(compared: Comparison) -> Row:
    verdict = compared.verdict
    points = tuple(round(100 * difference, 3) for difference in compared.differences)
    return Row(
        question=question(compared),
        word=verdict.word,
        seeds=compared.seeds,
        differences=points,
        mean=round(sum(points) / len(points), 3),
        low=round(100 * verdict.low, 3) if math.isfinite(verdict.low) else None,
        high=round(100 * verdict.high, 3) if math.isfinite(verdict.high) else None,
    )


def _add_row(drawing: go.Figure, row: Row, place: float, *, with_key: bool) -> None:
    colour = COLOURS[row.word]
    drawing.add_scatter(
        x=row.differences,
        y=[place - 0.1] * len(row.differences),
        customdata=row.seeds,
        mode="markers",
        marker={"symbol": "circle-open", "color": colour, "size": 8, "line": {"width": 1.5}},
        showlegend=False,
        hovertemplate="seed %{customdata}: %{x:+.2f} points<extra></extra>",
    )
    error = {}
    if row.low is not None and row.high is not None:
        error = {
            "error_x": {
                "array": [row.high - row.mean],
                "arrayminus": [row.mean - row.low],
                "thickness": 2.5,
                "width": 7,
            }
        }
    drawing.add_scatter(
        x=[row.mean],
        y=[place - 0.3],
        mode="markers",
        marker={"symbol": SYMBOLS[row.word], "color": colour, "size": 12},
        name=row.word,
        showlegend=with_key,
        hovertemplate=f"{row.word}: mean %{{x:+.2f}} points<extra></extra>",
        **error,
    )


def _folded(text: str) -> str:
    """Return a comparison on two lines, as a phone is too narrow for it on one."""
    first, _, second = theme.plain(text).partition(", ")
    return f"{first}<br>{second}"


CHART = Chart(
    name="differences",
    title=TITLE,
    caption=(
        "Each row compares two ways, named above it as one against the other. An open circle is "
        "how much more of the test images the first one got right, both trained with the same "
        "seed; the filled symbol is the mean and the bar its interval. Differences within the grey "
        "band are too small to matter: a bar wholly within it shows that there is no difference "
        "worth having. Any other bar that lies wholly on one side of zero decides for that side; "
        "one that crosses zero leaves it open."
    ),
    section="certainty",
    compute=compute,
    draw=draw,
    min_width_pixels=320,
)
