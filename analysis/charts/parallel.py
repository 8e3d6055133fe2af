"""All completed trials of a family across all hyperparameters at once."""

from __future__ import annotations

from typing import Any, NamedTuple

import plotly.graph_objects as go

from analysis import theme, thinning
from analysis.charts.base import Chart
from analysis.evidence import Evidence
from analysis.hyperparameters import Hyperparameter, of_family
from analysis.labels import family_label, is_of_keras_tuner, trial_label, value_text
from study.records import FamilyRecord, TrialRecord

TITLE = "Completed trials on parallel coordinates"
NOT_USED = "not used"
FEW = 6
"""Up to so many different numbers each get a tick."""


class Axis(NamedTuple):
    """One upright axis: where each trial stands on it, and its ticks, from 0 (foot) to 1 (top)."""

    name: str
    positions: list[float]
    ticks: list[tuple[float, str]]


class Lines(NamedTuple):
    """The completed trials of one family and the axes they cross; the last axis is the accuracy.

    `levels` ranks the trials by accuracy in five groups of the same size, 4 being the best;
    `samplers` are whoever proposed them.
    """

    family: str
    trials: list[int]
    samplers: list[str | None]
    accuracy: list[float]
    levels: list[int]
    axes: list[Axis]


def compute(evidence: Evidence) -> list[Lines]:
    """Return each family's completed trials as positions on the axes of its hyperparameters."""
    return [_lines(record) for record in evidence.study.families]


def draw(computed: list[Lines]) -> go.Figure:
    """Draw a row of upright axes per family; lines that stand out more are better trials."""
    drawing = theme.panels(
        TITLE,
        heights=[270] * len(computed),
        row_gap=120,
        names=[family_label(lines.family) for lines in computed],
    )
    for row, lines in enumerate(computed, start=1):
        if not lines.axes:
            theme.explain(drawing, "no completed trial with hyperparameters", row=row, col=1)
        for level in range(len(theme.LEVELS)):
            for keras_tuner in (False, True):
                _add_level(drawing, lines, level, row, keras_tuner=keras_tuner)
        _add_ticks(drawing, lines, row)
        drawing.update_xaxes(
            title_text="hyperparameter",
            tickvals=list(range(len(lines.axes))),
            ticktext=[theme.plain(axis.name) for axis in lines.axes],
            tickangle=25,
            ticklabeloverflow="allow",
            range=[-0.15, max(len(lines.axes), 2) - 0.45],
            showgrid=True,
            gridcolor=theme.MUTED,
            row=row,
            col=1,
        )
    names = {0: "worst fifth", len(theme.LEVELS) - 1: "best fifth"}
    for level in range(len(theme.LEVELS)):
        label = names.get(level, f"fifth {level + 1} of 5")
        theme.add_key(drawing, label, line=_look(level), group=str(level))
    if any(is_of_keras_tuner(sampler) for lines in computed for sampler in lines.samplers):
        theme.add_key(drawing, theme.KERAS_TUNER_KEY, line={"dash": theme.KERAS_TUNER_DASH})
    drawing.update_layout(margin={"r": 84})
    return drawing.update_yaxes(
        title_text="lowest to highest value", showgrid=False, showticklabels=False, ticks=""
    )


def _lines(record: FamilyRecord) -> Lines:
    trials = [trial for trial in record.trials if trial.state == "COMPLETE"]
    trials = [trial for trial in trials if trial.value is not None]
    accuracy = [round(100 * (trial.value or 0.0), 2) for trial in trials]
    axes = [
        _axis(parameter, trials)
        for parameter in of_family(record)
        if any(parameter.name in trial.params for trial in trials)
    ]
    if axes:
        marks = [(at, f"{at:.1f}") for at in _between(min(accuracy), max(accuracy))]
        axes.append(_scaled("accuracy (%)", accuracy, marks))
    order = sorted(range(len(trials)), key=accuracy.__getitem__)
    levels, best = [0] * len(trials), len(theme.LEVELS) - 1
    for rank, i in enumerate(order):
        # Counted from the best, so that the best of a few is still in the best group.
        levels[i] = best - len(theme.LEVELS) * (len(trials) - 1 - rank) // len(trials)
    numbers, samplers = [one.number for one in trials], [one.sampler for one in trials]
    return Lines(record.family, numbers, samplers, accuracy, levels, axes)


def _axis(parameter: Hyperparameter, trials: list[TrialRecord]) -> Axis:
    """Place the trials; those without the hyperparameter stand below the others."""
    name = parameter.name
    used = [trial.params[name] for trial in trials if name in trial.params]
    places = {value_text(value): parameter.position(value) for value in used}
    if parameter.categorical or len(places) <= FEW:
        marks = sorted((at, label) for label, at in places.items())
    else:
        ends = min(places.values()), max(places.values())
        marks = [(at, theme.short(10**at if parameter.log else at)) for at in _between(*ends)]
    below = marks[0][0] - 0.2 * ((marks[-1][0] - marks[0][0]) or 1.0)
    if len(used) < len(trials):
        marks = [(below, NOT_USED), *marks]
    return _scaled(
        name,
        [parameter.position(t.params[name]) if name in t.params else below for t in trials],
        marks,
    )


def _between(low: float, high: float) -> list[float]:
    """Return five places from low to high; one where they are equal."""
    return [low + (high - low) * i / 4 for i in range(5)] if high > low else [low]


def _scaled(name: str, places: list[float], marks: list[tuple[float, str]]) -> Axis:
    """Return the axis with its lowest mark at 0 and its highest at 1; a single mark at one half."""
    low, high = marks[0][0], marks[-1][0]

    def scaled(at: float) -> float:
        return round((at - low) / (high - low), 4) if high > low else 0.5

    return Axis(name, [scaled(at) for at in places], [(scaled(at), label) for at, label in marks])


def _add_level(
    drawing: go.Figure, lines: Lines, level: int, row: int, *, keras_tuner: bool
) -> None:
    """Add one engine's lines of one group as a single trace, broken between two trials."""
    chosen = [
        i
        for i in thinning.shown(lines.accuracy)
        if lines.levels[i] == level and is_of_keras_tuner(lines.samplers[i]) == keras_tuner
    ]
    if not chosen:
        return
    x: list[Any] = []
    y: list[Any] = []
    notes: list[str] = []
    for i in chosen:
        x += [*range(len(lines.axes)), None]
        y += [*(axis.positions[i] for axis in lines.axes), None]
        label = theme.plain(trial_label(lines.trials[i], lines.samplers[i]))
        notes += [f"{label}: {lines.accuracy[i]:.1f} %"] * (len(lines.axes) + 1)
    drawing.add_scatter(
        x=x,
        y=y,
        text=notes,
        mode="lines",
        line=_look(level) | ({"dash": theme.KERAS_TUNER_DASH} if keras_tuner else {}),
        legendgroup=str(level),
        showlegend=False,
        hovertemplate="%{text}<extra></extra>",
        row=row,
        col=1,
    )


def _look(level: int) -> dict[str, Any]:
    return {"color": theme.LEVELS[level], "width": 1 + 0.5 * level}


def _add_ticks(drawing: go.Figure, lines: Lines, row: int) -> None:
    suffix = "" if row == 1 else str(row)
    ticks = [
        {
            "x": place,
            "y": at,
            "xref": f"x{suffix}",
            "yref": f"y{suffix}",
            "text": theme.plain(label),
            "showarrow": False,
            "xanchor": "left",
            "xshift": 3,
            "font": {"size": 10},
            "bgcolor": theme.VEIL,
            "borderpad": 1,
        }
        for place, axis in enumerate(lines.axes)
        for at, label in axis.ticks
    ]
    # All at once: adding them one by one takes Plotly seconds, and `update_layout` looks at each
    # several times.
    drawing.layout.annotations = (*drawing.layout.annotations, *ticks)


CHART = Chart(
    name="parallel",
    title=TITLE,
    caption=(
        "Each line is one completed trial and crosses every upright axis at the value it used; the "
        "last axis is its validation accuracy. The better the trial, the thicker its line and the "
        "more it stands out, in up to five groups of about the same size: where the thick lines "
        "meet on an axis, good trials agree on that value. Click a group in the legend to hide it. "
        "Dotted lines, where there are any, are trials that KerasTuner proposed." + thinning.CAPTION
    ),
    section="hyperparameters",
    compute=compute,
    draw=draw,
    min_width_pixels=760,
)
