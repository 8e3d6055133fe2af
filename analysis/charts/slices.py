"""Accuracy by each hyperparameter alone."""

from __future__ import annotations

import math
from typing import NamedTuple

import pandas as pd
import plotly.graph_objects as go

from analysis import theme, thinning
from analysis.charts.base import Chart
from analysis.evidence import Evidence
from analysis.hyperparameters import Hyperparameter, of_family
from analysis.labels import family_label, trial_label, value_text

TITLE = "Accuracy by each hyperparameter"
COLUMNS = 4
PANEL_PIXELS = 140
STATES = ("COMPLETE", "PRUNED")


class Slices(NamedTuple):
    """The panels, and one row a scored trial and hyperparameter.

    Columns of `points`: `family`, `hyperparameter`, `trial`, `label` (the trial and whoever
    proposed it), `state`, `value`, `accuracy` (%).
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
            label, percent = trial_label(trial.number, trial.sampler), round(100 * accuracy, 2)
            rows += [
                (record.family, name, trial.number, label, trial.state, value, percent)
                for name, value in trial.params.items()
            ]
    columns = ["family", "hyperparameter", "trial", "label", "state", "value", "accuracy"]
    points = pd.DataFrame(rows, columns=columns)
    return Slices(panels, evidence.families, points)


def draw(computed: Slices) -> go.Figure:
    """Draw small panels, each family's beginning on a row of its own."""
    places = _places(computed)
    if not places:
        reason = "no hyperparameters are recorded"
        return theme.empty(TITLE, reason, x="hyperparameter", y="accuracy (%)")
    n_rows = max(row for row, _ in places.values())
    grid = [(row, column) for row in range(1, n_rows + 1) for column in range(1, COLUMNS + 1)]
    owners = {place: family for (family, _), place in places.items()}
    first_places = {family: place for place, family in reversed(owners.items())}
    drawing = theme.panels(
        TITLE,
        heights=[PANEL_PIXELS] * n_rows,
        columns=COLUMNS,
        row_gap=90,
        # A family's name stands above its first panel; places without a panel have no name.
        names=[
            family_label(owners[place]) if place in first_places.values() else ""
            for place in grid
            if place in owners
        ],
        shared_yaxes="all",
        specs=[
            [{} if place in owners else None for place in grid if place[0] == row]
            for row in range(1, n_rows + 1)
        ],
    )
    colours, symbols = theme.colours(computed.families), theme.symbols(computed.families)
    shown = {family: _shown(computed.points, family) for family in computed.families}
    for family, parameter in computed.panels:
        row, column = places[family, parameter.name]
        points = shown[family][shown[family]["hyperparameter"] == parameter.name]
        look = colours[family], symbols[family]
        _add_panel(drawing, points, parameter, look, row=row, col=column)
        if column == 1:
            drawing.update_yaxes(title_text="accuracy (%)", row=row, col=1)
    for family in computed.families:
        marker = {"symbol": symbols[family], "color": colours[family], "line": {"width": 0}}
        theme.add_key(drawing, f"{family_label(family)}, completed", marker=marker)
    theme.add_key(drawing, "pruned", marker={"symbol": theme.STATE_SYMBOLS["PRUNED"]})
    return drawing


def _shown(points: pd.DataFrame, family: str) -> pd.DataFrame:
    """Return a family's points, the same trials in all of its panels."""
    rows = points[points["family"] == family]
    trials = rows.drop_duplicates("trial")
    chosen = trials.iloc[thinning.shown(list(trials["accuracy"]))]["trial"]
    return rows[rows["trial"].isin(chosen)]


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
    look: tuple[str, str],
    **place: int,
) -> None:
    colour, symbol = look
    if points.empty:
        theme.explain(drawing, "no scored trials", **place)
    for state in STATES:
        chosen = points[points["state"] == state]
        if chosen.empty:
            continue
        completed = state == "COMPLETE"
        drawing.add_scatter(
            x=_positions(chosen, parameter),
            y=chosen["accuracy"],
            customdata=[theme.plain(label) for label in chosen["label"]],
            text=[theme.plain(value_text(value)) for value in chosen["value"]],
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
                f"%{{customdata}}, {theme.STATE_LABELS[state]}<br>"
                "%{text}: %{y:.1f} %<extra></extra>"
            ),
            **place,
        )
    drawing.update_xaxes(title_text=theme.plain(parameter.name), **_axis(parameter), **place)


def _positions(points: pd.DataFrame, parameter: Hyperparameter) -> list[float]:
    """Return where the values stand; equal choices are spread a little, by trial number."""
    if not parameter.categorical:
        return list(points["value"])
    shifts = (points["trial"] * 0.381966) % 1 - 0.5  # The golden angle never repeats.
    places = [parameter.position(value) for value in points["value"]]
    return [round(place + 0.3 * shift, 3) for place, shift in zip(places, shifts, strict=True)]


def _axis(parameter: Hyperparameter) -> dict[str, object]:
    choices = parameter.values
    if parameter.categorical:
        return {
            "tickvals": list(range(len(choices))),
            "ticktext": [theme.plain(choice) for choice in choices],
            "range": [-0.6, len(choices) - 0.4],
        }
    if parameter.log:
        return theme.log_axis(min(choices), max(choices))
    few = len(choices) <= 6 and all(isinstance(choice, int) for choice in choices)
    return {"tickvals": list(choices)} if few else {"nticks": 5}


CHART = Chart(
    name="slices",
    title=TITLE,
    caption=(
        "One panel per hyperparameter, one symbol per trial, and validation accuracy upwards. "
        "Pruned trials stand where they were when they were stopped, so they look worse than they "
        "would have become. Choices without an order are spread a little sideways, so that "
        "symbols do not hide each other. Other hyperparameters differ from symbol to symbol: a "
        "pattern here is a hint, not an effect." + thinning.CAPTION
    ),
    section="hyperparameters",
    compute=compute,
    draw=draw,
    min_width_pixels=800,
)
