"""Chart: test accuracy of both studies' winners, with seeds and intervals."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import plotly.graph_objects as go

from analysis import theme
from analysis.evidence import Evidence
from analysis.labels import augmentation_label, family_label, value_text
from analysis.pair.evidence import Pair
from analysis.pair.runs import accuracy, retrained

NAME, TITLE = "winners", "Test accuracy of both studies' winners"
NOTHING = "no winner has been retrained yet"
CAPTION = (
    "Each small circle is one model, trained from scratch with one seed and tested once. The large "
    "symbol is their mean, filled with augmentation and open without, and the bar its 95 % "
    "interval, which covers seeds and test images; a single seed has none. Bars may overlap where "
    "a difference is sure, as the same images are hard for both. Two studies share a scale only "
    "where they were tested on the same images."
)
ROW_PIXELS, NAMES_PIXELS = 44, 140


class Row(NamedTuple):
    """A winner's test accuracies in %; `low` and `high` are None where there is no interval."""

    family: str
    augmented: bool
    seeds: tuple[int, ...]
    accuracies: tuple[float, ...]
    mean: float
    low: float | None
    high: float | None


class Winners(NamedTuple):
    """The rows of both studies; `shared` says whether they may stand on one scale."""

    families: tuple[str, ...]
    labels: tuple[str, str]
    rows: tuple[tuple[Row, ...], tuple[Row, ...]]
    shared: bool


def compute(pair: Pair) -> Winners:
    """Return the test accuracies of all retrained winners of both studies."""
    first, second = (_rows(known) for known in pair.studies)
    return Winners(pair.families, pair.labels, (first, second), not pair.why_not_judged)


def draw(computed: Winners) -> go.Figure:
    """Draw a panel a study: seeds as small circles, means with their intervals below them."""
    if not any(computed.rows):
        return theme.empty(TITLE, NOTHING, x="test accuracy (%)", y="winner")
    drawing = theme.panels(
        TITLE,
        heights=[ROW_PIXELS * max(len(rows), 1) + 10 for rows in computed.rows],
        row_gap=90,
        names=[value_text(label) for label in computed.labels],
    )
    # Above the rows' names, or a phone would show half of a study's name.
    drawing.update_annotations(xshift=-NAMES_PIXELS)
    for panel, rows in enumerate(computed.rows, start=1):
        if not rows:
            theme.explain(drawing, NOTHING, row=panel, col=1)
            continue
        for place, row in enumerate(rows):
            _add_row(drawing, row, -place, computed.families, panel)
        drawing.update_yaxes(
            tickvals=[-place for place in range(len(rows))],
            ticktext=[_name(row) for row in rows],
            range=[0.5 - len(rows), 0.5],
            showgrid=False,
            title_text="winner",
            row=panel,
        )
    if computed.shared:
        drawing.update_xaxes(matches="x", row=2)
    return drawing.update_xaxes(title_text="test accuracy (%)").update_layout(showlegend=False)


def _rows(known: Evidence) -> tuple[Row, ...]:
    rows = []
    for family in known.families:
        for augmented in (True, False):
            if results := retrained(known, family, augmented):
                estimate = accuracy(results, known.study)
                scores = [100 * result.test_accuracy for result in results]
                ends = None if estimate is None else np.clip(estimate.interval(), 0.0, 1.0)
                rows.append(
                    Row(
                        family=family,
                        augmented=augmented,
                        seeds=tuple(result.seed for result in results),
                        accuracies=tuple(round(score, 3) for score in scores),
                        mean=round(sum(scores) / len(scores), 3),
                        low=None if ends is None else round(100 * float(ends[0]), 3),
                        high=None if ends is None else round(100 * float(ends[1]), 3),
                    )
                )
    return tuple(rows)


def _add_row(
    drawing: go.Figure, row: Row, place: float, families: tuple[str, ...], panel: int
) -> None:
    colour = theme.colours(families)[row.family]
    symbol = theme.symbols(families)[row.family]
    drawing.add_scatter(
        x=row.accuracies,
        y=[place + 0.2] * len(row.accuracies),
        customdata=row.seeds,
        mode="markers",
        marker={"symbol": "circle-open", "color": colour, "size": 7, "line": {"width": 1.5}},
        hovertemplate="seed %{customdata}: %{x:.2f} %<extra></extra>",
        row=panel,
        col=1,
    )
    drawing.add_scatter(
        x=[row.mean],
        y=[place - 0.12],
        mode="markers",
        marker={
            "symbol": symbol if row.augmented else f"{symbol}-open",
            "color": colour,
            "size": 11,
            "line": {"width": 2, "color": colour},
        },
        hovertemplate="mean %{x:.2f} %<extra></extra>",
        error_x=_bar(row),
        row=panel,
        col=1,
    )


def _bar(row: Row) -> dict[str, object]:
    if row.low is None or row.high is None:
        return {"visible": False}
    return {
        "array": [row.high - row.mean],
        "arrayminus": [row.mean - row.low],
        "thickness": 2,
        "width": 6,
    }


def _name(row: Row) -> str:
    return f"{theme.plain(family_label(row.family))}<br>{augmentation_label(row.augmented)}"
