"""Accuracy by each hyperparameter alone."""

from __future__ import annotations

import math
from typing import NamedTuple

import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from analysis import theme
from analysis.charts.base import Chart
from analysis.display import value as shown
from analysis.evidence import Evidence
from analysis.hyperparameters import Hyperparameter, of_family
from analysis.labels import family_label

TITLE = "Accuracy by each hyperparameter"
COLUMNS = 3
STATES = ("COMPLETE", "PRUNED")


class Slices(NamedTuple):
    """The panels, and one row a scored trial and hyperparameter.

    Columns of `points`: `family`, `hyperparameter`, `trial`, `state`, `value`, `accuracy` (%).
    """

    panels: list[tuple[str, Hyperparameter]]
    families: tuple[str, ...]
    points: pd.DataFrame


def compute(evidence: Evidence) -> Slices:
    """Return accuracy against each hyperparameter; of pruned trials the last accuracy."""
    panels, rows = [], []
    for record in evidence.study.families:
        parameters = of_family(record)
        panels += [(record.family, parameter) for parameter in parameters]
        for trial in record.trials:
            accuracy = trial.value
            if trial.state == "PRUNED" and trial.validation_accuracy:
                accuracy = trial.validation_accuracy[-1][1]
            if trial.state not in STATES or accuracy is None:
                continue
            rows += [
                (record.family, name, trial.number, trial.state, value, round(100 * accuracy, 2))
                for name, value in trial.params.items()
            ]
    columns = ["family", "hyperparameter", "trial", "state", "value", "accuracy"]
    points = pd.DataFrame(rows, columns=columns)
    return Slices(panels, evidence.families, points)


def draw(computed: Slices) -> go.Figure:
    """Draw small panels, each family's beginning on a row of its own."""
    places = _places(computed)
    if not places:
        empty = theme.explain(theme.figure(TITLE, height=240), "no hyperparameters are recorded")
        empty.update_xaxes(title_text="hyperparameter")
        return empty.update_yaxes(title_text="accuracy (%)")
    n_rows = max(row for row, _ in places.values())
    drawing = make_subplots(
        rows=n_rows,
        cols=COLUMNS,
        shared_yaxes="all",
        vertical_spacing=0.32 / n_rows,
        horizontal_spacing=0.05,
        specs=[
            [{} if (row, column) in places.values() else None for column in range(1, COLUMNS + 1)]
            for row in range(1, n_rows + 1)
        ],
    )
    theme.styled(drawing, TITLE, height=110 + 215 * n_rows)
    colours, symbols = theme.colours(computed.families), theme.symbols(computed.families)
    for (family, name), (row, column) in places.items():
        parameter = next(p for f, p in computed.panels if (f, p.name) == (family, name))
        points = computed.points[
            (computed.points["family"] == family) & (computed.points["hyperparameter"] == name)
        ]
        _add_panel(
            drawing, points, parameter, (row, column), colours[family], symbols[family]
        )
        if column == 1:
            drawing.update_yaxes(title_text="accuracy (%)", row=row, col=1)
    for family in computed.families:
        marker = {"symbol": symbols[family], "color": colours[family], "line": {"width": 0}}
        theme.add_key(drawing, f"{family_label(family)}, completed", marker=marker)
    theme.add_key(drawing, "pruned", marker={"symbol": theme.STATE_SYMBOLS["PRUNED"]})
    return drawing


def _places(computed: Slices) -> dict[tuple[str, str], tuple[int, int]]:
    """Return (row, column) of each panel, from 1."""
    places = {}
    row = 0
    for family in computed.families:
        names = [parameter.name for owner, parameter in computed.panels if owner == family]
        for i, name in enumerate(names):
            places[family, name] = (row + 1 + i // COLUMNS, 1 + i % COLUMNS)
        row += math.ceil(len(names) / COLUMNS)
    return places


def _add_panel(
    drawing: go.Figure,
    points: pd.DataFrame,
    parameter: Hyperparameter,
    place: tuple[int, int],
    colour: str,
    symbol: str,
) -> None:
    row, column = place
    if points.empty:
        theme.explain(drawing, "no scored trials", row=row, col=column)
    for state in STATES:
        chosen = points[points["state"] == state]
        if chosen.empty:
            continue
        completed = state == "COMPLETE"
        values = chosen["value"]
        drawing.add_scatter(
            x=[theme.plain(shown(v)) for v in values] if parameter.categorical else list(values),
            y=chosen["accuracy"],
            customdata=chosen["trial"],
            mode="markers",
            opacity=0.75 if completed else 0.9,
            marker={
                "symbol": symbol if completed else theme.STATE_SYMBOLS[state],
                "color": colour,
                "size": 7,
                "line": {"width": 0 if completed else 1.5, "color": colour},
            },
            showlegend=False,
            hovertemplate=(
                f"trial %{{customdata}} ({theme.STATE_LABELS[state]})<br>"
                "%{x}: %{y:.1f} %<extra></extra>"
            ),
            row=row,
            col=column,
        )
    axis = {"title_text": theme.plain(parameter.name)}
    if parameter.categorical:
        axis |= {
            "type": "category",
            "categoryorder": "array",
            "categoryarray": [theme.plain(shown(choice)) for choice in parameter.choices],
        }
    elif parameter.log:
        axis |= {"type": "log", "dtick": 1, "exponentformat": "power"}
    drawing.update_xaxes(**axis, row=row, col=column)


CHART = Chart(
    name="slices",
    title=TITLE,
    caption=(
        "One panel per hyperparameter, one symbol per trial, and validation accuracy upwards. "
        "Pruned trials stand where they were when they were stopped, so they look worse than they "
        "would have become. Other hyperparameters differ from symbol to symbol: a pattern here is a "
        "hint, not an effect."
    ),
    section="hyperparameters",
    compute=compute,
    draw=draw,
    min_width_pixels=640,
)
