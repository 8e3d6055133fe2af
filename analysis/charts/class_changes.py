"""What augmentation changed in each class's F1 score, beyond noise or not."""

from __future__ import annotations

from typing import NamedTuple

import plotly.graph_objects as go

from analysis import theme
from analysis.charts.base import Chart
from analysis.class_changes import ClassChange, class_changes
from analysis.evidence import Evidence
from analysis.labels import family_label, joined

TITLE = "What augmentation changed, class by class"
NOTHING = "no winner has been tested class by class both ways, with two seeds each"
ROW_PIXELS = 30
BEYOND, WITHIN = "beyond noise", "within noise"
MAX_NAMED = 5


class Changes(NamedTuple):
    """The changes by family, in [-1, 1], and the classes, those that gained most first."""

    families: tuple[str, ...]
    order: list[str]
    changes: tuple[ClassChange, ...]


def compute(evidence: Evidence) -> Changes:
    """Return each class's change of F1 with its interval, see `analysis.class_changes`."""
    changes = class_changes(evidence)
    total: dict[str, float] = {}
    for one in changes:
        total[one.label] = total.get(one.label, 0.0) + one.change
    order = sorted(total, key=lambda label: -total[label])
    return Changes(evidence.families, order, changes)


def draw(computed: Changes) -> go.Figure:
    """Draw a panel per family: one interval a class, filled symbols where it holds no zero."""
    axis = "change of F1 (points of 100)"
    if not computed.changes:
        return theme.empty(TITLE, NOTHING, x=axis, y="class")
    drawing = theme.panels(
        TITLE,
        heights=[ROW_PIXELS * max(len(computed.order), 6)],
        columns=len(computed.families),
        names=[family_label(family) for family in computed.families],
        shared_yaxes=True,
        shared_xaxes="all",
    )
    for column, family in enumerate(computed.families, start=1):
        rows = [one for one in computed.changes if one.family == family]
        if not rows:
            theme.explain(drawing, NOTHING, row=1, col=column)
            continue
        _add_family(drawing, rows, theme.colours(computed.families)[family], column)
        # Plotly leaves lines out of a plot that has no data yet.
        drawing.add_vline(x=0, line={"color": theme.MUTED, "width": 1}, row=1, col=column)
    for label, symbol in ((BEYOND, "diamond"), (WITHIN, "diamond-open")):
        theme.add_key(drawing, label, marker={"symbol": symbol})
    drawing.update_xaxes(title_text=axis)
    drawing.update_yaxes(title_text="class", col=1)
    names = [theme.plain(name) for name in computed.order]
    return drawing.update_yaxes(type="category", categoryorder="array", categoryarray=names[::-1])


def words(computed: Changes) -> str:
    """Name the classes that augmentation helped and hurt beyond noise, for each family."""
    sentences = []
    for family in computed.families:
        rows = [one for one in computed.changes if one.family == family]
        if rows:
            found = [
                text
                for rose, verb in ((True, "rose"), (False, "fell"))
                if (text := _listed(rows, rose=rose, verb=verb))
            ]
            said = "; ".join(found) or "F1 changed beyond noise in no class"
            sentences.append(f"With augmentation, of {family_label(family)}, {said}.")
    return " ".join(sentences)


def _listed(rows: list[ClassChange], *, rose: bool, verb: str) -> str:
    chosen = sorted(
        (one for one in rows if one.is_beyond_noise and (one.change > 0) == rose),
        key=lambda one: -abs(one.change),
    )
    if not chosen:
        return ""
    named = [f"{one.label} ({100 * one.change:+.1f})" for one in chosen[:MAX_NAMED]]
    most = f", most for {joined(named)}" if len(chosen) > MAX_NAMED else f": {joined(named)}"
    return f"F1 {verb} beyond noise in {len(chosen)} of {len(rows)} classes{most}"


def _add_family(drawing: go.Figure, rows: list[ClassChange], colour: str, column: int) -> None:
    drawing.add_scatter(
        x=[round(100 * one.change, 2) for one in rows],
        y=[theme.plain(one.label) for one in rows],
        error_x={
            "array": [round(100 * (one.high - one.change), 2) for one in rows],
            "arrayminus": [round(100 * (one.change - one.low), 2) for one in rows],
            "thickness": 2,
            "width": 5,
        },
        customdata=[BEYOND if one.is_beyond_noise else WITHIN for one in rows],
        mode="markers",
        marker={
            "symbol": ["diamond" if one.is_beyond_noise else "diamond-open" for one in rows],
            "color": colour,
            "size": 10,
            "line": {"width": 2, "color": colour},
        },
        showlegend=False,
        hovertemplate="%{y}: %{x:+.1f}, %{customdata}<extra></extra>",
        row=1,
        col=column,
    )


CHART = Chart(
    name="class_changes",
    title=TITLE,
    caption=(
        "F1 of each class with augmentation less without, mean over seeds; 1 point is 0.01. Bars "
        "are 95 % intervals that cover seeds and test images and are widened so that all classes "
        "of a family hold together: with ten classes, one of them would else seem to change in "
        "two studies of five where nothing did. A bar that crosses zero may be noise."
    ),
    section="results",
    compute=compute,
    draw=draw,
    words=words,
    min_width_pixels=560,
)
