"""The look that all charts share: colours, symbols, fonts, and text made safe for Plotly."""

from __future__ import annotations

import html
import math
from collections.abc import Mapping, Sequence
from typing import Any

import plotly.graph_objects as go
from plotly.subplots import make_subplots

# Colours that colour-blind readers tell apart and that stand out from white: the darker ones of
# Okabe and Ito, "Color Universal Design" (2008), then wine and indigo of Tol, "Colour Schemes"
# (2021). `analysis.dark` says what each colour of this file becomes on a dark page.
PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#882255", "#332288")
DASHES = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot")
SYMBOLS = ("circle", "square", "diamond", "triangle-up", "pentagon", "hexagon")

PAPER = "#FFFFFF"
VEIL = "rgba(255, 255, 255, 0.75)"
"""Behind text that lines run through."""

INK = "#222222"
MUTED = "#767676"
FAINT = "#949494"
GRID = "#E6E6E6"
# From light to dark, so that the order shows without colour as well.
LEVELS = (FAINT, "#6F8BA5", "#4878A8", "#1F5A96", "#08306B")
SCALE_OF_SHARES = ((0.0, PAPER), (0.5, "#6BAED6"), (1.0, LEVELS[-1]))
# Less to more, by way of white; red-green blind readers tell orange from blue.
SCALE_OF_CHANGES = ((0.0, "#B35806"), (0.5, PAPER), (1.0, "#2166AC"))
FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"

TITLE_PIXELS, NAME_PIXELS, FOOT_PIXELS = 48, 22, 96
LABEL_PIXELS = 10
"""For the upper half of a tick's label at the very top; where it has no room, Plotly hides it."""

EMPTY = "empty"
EMPTY_PIXELS = 120
COLUMN_GAP = 0.05

STATE_SYMBOLS = {"COMPLETE": "circle", "PRUNED": "x-thin-open", "FAIL": "triangle-down-open"}
# Of trials that KerasTuner proposed, in a study that both engines searched.
KERAS_TUNER_SYMBOLS = {**STATE_SYMBOLS, "COMPLETE": "square", "PRUNED": "cross-thin-open"}
KERAS_TUNER_DASH = "dot"
KERAS_TUNER_KEY = "proposed by KerasTuner"
STATE_LABELS = {"COMPLETE": "completed", "PRUNED": "pruned", "FAIL": "failed"}

_AXIS = {
    "gridcolor": GRID,
    "linecolor": MUTED,
    "zeroline": False,
    "ticks": "outside",
    "ticklen": 4,
    "tickcolor": MUTED,
    "automargin": True,
    "title": {"standoff": 8, "font": {"size": 13}},
}
TEMPLATE = go.layout.Template(
    layout={
        "font": {"family": FONT, "size": 13, "color": INK},
        "title": {
            "x": 0.0,
            "xref": "container",
            "y": 1.0,
            "yref": "container",
            "yanchor": "top",
            "pad": {"t": 10, "l": 4},
            "font": {"size": 16, "weight": 600},
        },
        "paper_bgcolor": PAPER,
        "plot_bgcolor": PAPER,
        "colorway": list(PALETTE),
        "xaxis": _AXIS,
        "yaxis": _AXIS,
        "hoverlabel": {"align": "left"},
        "margin": {"l": 60, "r": 12},
        "legend": {
            "orientation": "h",
            "yref": "container",
            "y": 0.0,
            "yanchor": "bottom",
            "x": 0.0,
            "itemwidth": 44,
        },
    }
)


def plain(text: object) -> str:
    """Return a text that Plotly shows as it is, where it would read tags and entities as markup."""
    return html.escape(str(text), quote=False)


def colours(families: Sequence[str]) -> dict[str, str]:
    """Return each family's colour; it depends on the family's place alone."""
    return _by_place(families, PALETTE)


def dashes(families: Sequence[str]) -> dict[str, str]:
    """Return each family's line style, which tells families apart without colour."""
    return _by_place(families, DASHES)


def symbols(families: Sequence[str]) -> dict[str, str]:
    """Return each family's marker, which tells families apart without colour."""
    return _by_place(families, SYMBOLS)


def figure(title: str, *, height: int = 340) -> go.Figure:
    """Return an empty figure in the common look, with a plot of `height` pixels."""
    return _styled(go.Figure(), title, plot_height=height, top=TITLE_PIXELS + LABEL_PIXELS)


def panels(
    title: str,
    *,
    heights: Sequence[int],
    columns: int = 1,
    row_gap: int = 70,
    names: Sequence[str] = (),
    **options: Any,
) -> go.Figure:
    """Return an empty figure of several plots in the common look.

    Args:
        title: Of the figure.
        heights: Pixels of each row of plots.
        columns: Plots in each row.
        row_gap: Pixels between two rows, for axis titles and names.
        names: What stands above each plot, row by row, perhaps on two lines; none if empty.
        options: For `plotly.subplots.make_subplots`.
    """
    plot_height = sum(heights) + row_gap * (len(heights) - 1)
    drawing = make_subplots(
        rows=len(heights),
        cols=columns,
        row_heights=[float(height) for height in heights],
        vertical_spacing=row_gap / plot_height if len(heights) > 1 else 0.0,
        horizontal_spacing=COLUMN_GAP,
        subplot_titles=[plain(name).replace("\n", "<br>") for name in names] or None,
        **options,
    ).update_annotations(font={"size": 14, "weight": 600})
    if columns == 1:
        # Where a phone shows the left part of a wide plot, its name is in sight.
        drawing.update_annotations(x=0.0, xanchor="left")
    n_lines = max((1 + name.count("\n") for name in names), default=0)
    top = TITLE_PIXELS + (NAME_PIXELS * n_lines or LABEL_PIXELS)
    return _styled(drawing, title, plot_height=plot_height, top=top)


def empty(title: str, reason: str, *, x: str, y: str) -> go.Figure:
    """Return a figure without data that says why it has none.

    Args:
        title: Of the figure.
        reason: Why it is empty.
        x: Title of the axis that data would have.
        y: The same of the upright axis.
    """
    drawing = panels(title, heights=[EMPTY_PIXELS])
    explain(drawing, reason, row=1, col=1)
    drawing.update_layout(meta={EMPTY: reason})
    drawing.update_xaxes(title_text=plain(x))
    return drawing.update_yaxes(title_text=plain(y), showticklabels=False, showgrid=False, ticks="")


def reason_of_emptiness(drawing: go.Figure) -> str:
    """Return why a figure shows no data, as `empty` was told; nothing where it shows some."""
    return str((drawing.layout.meta or {}).get(EMPTY, ""))


def explain(drawing: go.Figure, reason: str, *, row: int, col: int) -> None:
    """Say in a plot of a figure why it shows no data."""
    # A plot without any trace is not drawn at all, and its annotation strays into another one.
    drawing.add_scatter(x=[None], y=[None], showlegend=False, hoverinfo="skip", row=row, col=col)
    drawing.update_xaxes(showticklabels=False, showgrid=False, ticks="", row=row, col=col)
    drawing.add_annotation(
        text=plain(reason),
        showarrow=False,
        x=0.5,
        y=0.5,
        xref="x domain",
        yref="y domain",
        font={"color": MUTED, "size": 13},
        row=row,
        col=col,
    )


def log_axis(low: float, high: float) -> dict[str, Any]:
    """Return settings of a logarithmic axis with round ticks, however few decades it spans."""
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    choices = [
        [step * 10.0**decade for decade in decades for step in steps]
        for steps in ((1,), (1, 2, 5), range(1, 10))
    ]
    # The coarsest ticks of which enough are in sight.
    enough = [sum(low <= tick <= high for tick in ticks) >= 2 for ticks in choices]
    ticks = choices[enough.index(True)] if any(enough) else choices[-1]
    return {
        "type": "log",
        "tickvals": ticks,
        "ticktext": [short(tick) for tick in ticks],
        "range": [math.log10(low) - 0.06, math.log10(high) + 0.06],
    }


def short(value: float) -> str:
    """Return a number for a tick: 0.003, 20, 500k, 2M, 1e-05."""
    for size, unit in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= size:
            return f"{value / size:.3g}{unit}"
    return f"{value:.2g}" if abs(value) < 100 else f"{value:.3g}"


def _styled(drawing: go.Figure, title: str, *, plot_height: int, top: int) -> go.Figure:
    return drawing.update_layout(
        template=TEMPLATE,
        title={"text": plain(title)},
        height=top + plot_height + FOOT_PIXELS,
        margin={"t": top, "b": 56},
        autosize=True,
    )


def _by_place(families: Sequence[str], values: Sequence[str]) -> dict[str, str]:
    return {family: values[i % len(values)] for i, family in enumerate(families)}


def add_key(
    drawing: go.Figure,
    label: str,
    *,
    marker: Mapping[str, Any] | None = None,
    line: Mapping[str, Any] | None = None,
    group: str | None = None,
) -> None:
    """Add a legend entry that stands for a look (`marker` or `line`), whatever the colour."""
    drawing.add_scatter(
        x=[None],
        y=[None],
        mode="+".join(["lines"] * bool(line) + ["markers"] * bool(marker)),
        marker={"color": MUTED, "size": 9, "line": {"width": 2, "color": MUTED}, **(marker or {})},
        line={"color": MUTED, **(line or {})},
        name=plain(label),
        legendgroup=group,
        hoverinfo="skip",
    )
