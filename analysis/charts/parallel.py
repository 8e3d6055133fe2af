"""All completed trials of a family across all hyperparameters at once."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import plotly.graph_objects as go

from analysis import theme
from analysis.charts.base import Chart
from analysis.display import value as shown
from analysis.evidence import Evidence
from analysis.hyperparameters import Hyperparameter, of_family
from analysis.labels import family_label
from study.records import TrialRecord

TITLE = "Completed trials, hyperparameter by hyperparameter"
ROW_HEIGHT = 380
NOT_USED = "not used"


class Axis(NamedTuple):
    """One upright axis: each trial's position on it, and where its ticks stand."""

    name: str
    positions: list[float]
    ticks: list[float]
    labels: list[str]


class Lines(NamedTuple):
    """The completed trials of one family: their accuracies (%), and one axis a hyperparameter."""

    family: str
    accuracy: list[float]
    axes: list[Axis]


def compute(evidence: Evidence) -> list[Lines]:
    """Return each family's completed trials as positions on the axes of its hyperparameters."""
    families = []
    for record in evidence.study.families:
        trials = [trial for trial in record.trials if trial.state == "COMPLETE"]
        trials = [trial for trial in trials if trial.value is not None and trial.params]
        used = [
            parameter
            for parameter in of_family(record)
            if any(parameter.name in trial.params for trial in trials)
        ]
        accuracy = [round(100 * (trial.value or 0.0), 2) for trial in trials]
        axes = [_axis(parameter, trials) for parameter in used]
        families.append(Lines(record.family, accuracy, axes))
    return families


def draw(computed: list[Lines]) -> go.Figure:
    """Draw one set of upright axes per family; a line's colour repeats the accuracy on the left."""
    n = len(computed)
    drawing = theme.figure(TITLE, height=60 + ROW_HEIGHT * n)
    scores = [score for lines in computed for score in lines.accuracy]
    for row, lines in enumerate(computed):
        top = 1 - row / n
        drawing.add_annotation(
            text=theme.plain(family_label(lines.family)),
            font={"size": 15},
            showarrow=False,
            x=0,
            y=top,
            xref="paper",
            yref="paper",
            xanchor="left",
            yanchor="top",
        )
        if not lines.axes:
            drawing.add_annotation(
                text="no completed trial with hyperparameters",
                font={"size": 14, "color": theme.MUTED},
                showarrow=False,
                x=0.5,
                y=top - 0.5 / n,
                xref="paper",
                yref="paper",
            )
            continue
        drawing.add_trace(
            go.Parcoords(
                dimensions=[
                    {"label": "accuracy (%)", "values": lines.accuracy},
                    *(_dimension(axis) for axis in lines.axes),
                ],
                line={
                    "color": lines.accuracy,
                    "colorscale": theme.SEQUENTIAL,
                    "cmin": min(scores),
                    "cmax": max(scores),
                    "showscale": row == 0,
                    "colorbar": {"title": {"text": "validation<br>accuracy (%)"}, "thickness": 12},
                },
                labelangle=-18,
                labelfont={"size": 12},
                tickfont={"size": 11},
                domain={"x": [0.03, 0.98], "y": [top - 0.96 / n, top - 0.27 / n]},
            )
        )
    return drawing.update_layout(margin={"l": 40, "r": 40, "b": 20})


def _dimension(axis: Axis) -> dict[str, Any]:
    return {
        "label": theme.plain(axis.name),
        "values": axis.positions,
        "tickvals": axis.ticks,
        "ticktext": [theme.plain(label) for label in axis.labels],
    }


def _axis(parameter: Hyperparameter, trials: list[TrialRecord]) -> Axis:
    """Place the trials on an axis; those without the hyperparameter go to a tick of its own."""
    held = [trial.params.get(parameter.name) for trial in trials]
    values = [choice for choice in held if choice is not None or parameter.categorical]
    if parameter.categorical:
        present = [c for c in parameter.choices if c in values and c is not None]
        places = {choice: float(i) for i, choice in enumerate(present)}
        missing, ticks = -1.0, list(places.values())
        labels = [shown(choice) for choice in present]
        positions = [places.get(choice, missing) for choice in held]
    else:
        scale = math.log10 if parameter.log else float
        placed = [None if choice is None else scale(choice) for choice in held]
        known = [place for place in placed if place is not None]
        ticks, labels = _ticks(min(known), max(known), parameter)
        missing = min(known) - 0.15 * ((max(known) - min(known)) or 1.0)
        positions = [missing if place is None else round(place, 5) for place in placed]
    if missing in positions:
        ticks, labels = [missing, *ticks], [NOT_USED, *labels]
    return Axis(parameter.name, positions, ticks, labels)


def _ticks(low: float, high: float, parameter: Hyperparameter) -> tuple[list[float], list[str]]:
    """Return ticks at the tried values where they are few, else at the ends and in between."""
    if len(parameter.choices) <= 6:
        scale = math.log10 if parameter.log else float
        inside = [c for c in parameter.choices if low <= scale(c) <= high]
        return [scale(choice) for choice in inside], [shown(choice) for choice in inside]
    places = [low + (high - low) * i / 4 for i in range(5)]
    labels = [f"{10**place if parameter.log else place:.2g}" for place in places]
    return places, labels


CHART = Chart(
    name="parallel",
    title=TITLE,
    caption=(
        "Each line is one completed trial and crosses every axis at the value it used; the lighter "
        "the line, the higher its validation accuracy, which is also the first axis. Drag along an "
        "axis to keep only the trials within that range, and click the axis to undo it."
    ),
    section="hyperparameters",
    compute=compute,
    draw=draw,
    min_width_pixels=760,
)
