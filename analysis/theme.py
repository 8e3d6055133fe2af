"""The look that all charts share: colours, symbols, fonts, and text made safe for Plotly."""

from __future__ import annotations

import html
from collections.abc import Sequence

import plotly.graph_objects as go

# Okabe and Ito, "Color Universal Design" (2008), which colour-blind readers tell apart; without
# yellow, which is too faint on white.
PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
DASHES = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot")
SYMBOLS = ("circle", "square", "diamond", "triangle-up", "pentagon", "hexagon")
PATTERNS = ("", "/", "x", ".", "-", "+")

INK = "#222222"
MUTED = "#767676"
FAINT = "#BBBBBB"
GRID = "#E6E6E6"
SEQUENTIAL = "Cividis"
SCALE_OF_SHARES = ((0.0, "#FFFFFF"), (0.5, "#6BAED6"), (1.0, "#08306B"))
FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"

STATE_SYMBOLS = {"COMPLETE": "circle", "PRUNED": "x-thin-open", "FAIL": "triangle-down-open"}
STATE_LABELS = {"COMPLETE": "completed", "PRUNED": "pruned", "FAIL": "failed"}

_AXIS = {
    "gridcolor": GRID,
    "linecolor": MUTED,
    "zeroline": False,
    "ticks": "outside",
    "ticklen": 4,
    "tickcolor": MUTED,
    "automargin": True,
    "title": {"standoff": 8},
}
TEMPLATE = go.layout.Template(
    layout={
        "font": {"family": FONT, "size": 13, "color": INK},
        "title": {"x": 0.0, "xref": "paper", "font": {"size": 16}, "yref": "container"},
        "paper_bgcolor": "white",
        "plot_bgcolor": "white",
        "colorway": list(PALETTE),
        "xaxis": _AXIS,
        "yaxis": _AXIS,
        "hoverlabel": {"align": "left"},
        "margin": {"l": 64, "r": 16, "t": 56, "b": 48},
        "legend": {
            "orientation": "h",
            "yref": "container",
            "y": 0.0,
            "yanchor": "bottom",
            "x": 0.0,
            "itemsizing": "constant",
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


def figure(title: str, *, height: int = 420) -> go.Figure:
    """Return an empty figure in the common look."""
    return styled(go.Figure(), title, height=height)


def styled(drawing: go.Figure, title: str, *, height: int) -> go.Figure:
    """Give a figure the common look; for figures that Plotly's `make_subplots` began."""
    return drawing.update_layout(
        template=TEMPLATE, title={"text": plain(title)}, height=height, autosize=True
    )


def explain(drawing: go.Figure, text: str, **where: object) -> go.Figure:
    """Say in a figure why it, or the subplot of `row` and `col`, shows no data."""
    return drawing.add_annotation(
        text=plain(text),
        showarrow=False,
        x=0.5,
        y=0.5,
        xref="x domain" if where else "paper",
        yref="y domain" if where else "paper",
        font={"color": MUTED, "size": 14},
        **where,
    )


def _by_place(families: Sequence[str], values: Sequence[str]) -> dict[str, str]:
    return {family: values[i % len(values)] for i, family in enumerate(families)}


def add_key(drawing: go.Figure, label: str, **look: object) -> None:
    """Add a legend entry that stands for a look (`marker` or `line`), whatever the colour."""
    marker, line = look.get("marker"), look.get("line")
    drawing.add_scatter(
        x=[None],
        y=[None],
        mode="markers" if marker else "lines",
        marker={"color": MUTED, "size": 9, "line": {"width": 2, "color": MUTED}, **(marker or {})},
        line={"color": MUTED, **(line or {})},
        name=plain(label),
        hoverinfo="skip",
    )
