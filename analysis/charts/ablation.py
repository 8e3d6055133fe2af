"""Why it won: the path from a named configuration to the winner, one hyperparameter at a time."""

from __future__ import annotations

from typing import NamedTuple

import plotly.graph_objects as go

from analysis import theme
from analysis.ablations import Ablated, AblatedStep, ablated
from analysis.charts.base import Chart
from analysis.evidence import Evidence
from analysis.labels import family_label, joined, value_text
from analysis.verdict_words import signed

TITLE = "Why it won: from named to winner"
NO_STEPS = "each winner is a named configuration itself, so there is no path"
NOTHING = "not studied yet: python -m study ablate"
ROW_PIXELS = 30
MAX_NAMED = 3


class Ablations(NamedTuple):
    """The paths of the present winners, in the families' order."""

    families: tuple[str, ...]
    paths: tuple[Ablated, ...]


def compute(evidence: Evidence) -> Ablations:
    """Return each path with the gain of every step, see `analysis.ablations`."""
    winners = {family: trial.number for family, trial in evidence.winners.items()}
    return Ablations(evidence.families, ablated(evidence.study, winners))


def draw(computed: Ablations) -> go.Figure:
    """Draw a panel per family: a row a step, seeds as open symbols, their mean filled."""
    axis = "validation accuracy (%)"
    paths = [path for path in computed.paths if len(path.steps) > 1]
    if not paths:
        missing = NO_STEPS if computed.paths else NOTHING
        return theme.empty(TITLE, missing, x=axis, y="changed hyperparameter")
    drawing = theme.panels(
        TITLE,
        heights=[ROW_PIXELS * max(len(path.steps), 5) for path in paths],
        row_gap=90,
        names=[
            f"{family_label(path.family)}, from {path.baseline} to trial {path.winner}"
            for path in paths
        ],
    )
    for row, path in enumerate(paths, start=1):
        _add_path(drawing, computed.families, path, row)
    for label, marker in (
        ("one seed", {"symbol": "circle-open"}),
        ("mean, changed beyond noise", {"symbol": "diamond"}),
        ("mean", {"symbol": "diamond-open"}),
    ):
        theme.add_key(drawing, label, marker=marker)
    drawing.update_xaxes(title_text=axis)
    # Short enough for the height of the shortest panel.
    return drawing.update_yaxes(title_text="hyperparameter")


def words(computed: Ablations) -> str:
    """Say what the path gained in all, and which steps gained or lost most."""
    return " ".join(_said(path) for path in computed.paths)


def _said(path: Ablated) -> str:
    label = family_label(path.family)
    if len(path.steps) < 2:
        return f"{label}: the winner is {path.baseline} itself, so there is no path."
    total = path.steps[-1].mean - path.steps[0].mean
    n = len(path.seeds)
    text = (
        f"{label}: from {path.baseline} to trial {path.winner}, accuracy changed by "
        f"{signed(total)} percentage points (mean of {n} seed{'' if n == 1 else 's'}"
        f"{_interval(path)})"
    )
    sure = [step for step in path.steps[1:] if step.is_beyond_noise()]
    if not sure:
        return f"{text}; no single step is beyond noise."
    most = sorted(sure, key=lambda step: -abs(_gain(step)))[:MAX_NAMED]
    named = joined([f"{step.changed} ({signed(_gain(step))})" for step in most])
    verb, lead = ("is", "") if len(sure) == 1 else ("are", "most " if len(sure) > len(most) else "")
    return f"{text}; {len(sure)} of {len(path.steps) - 1} steps {verb} beyond noise: {lead}{named}."


def _interval(path: Ablated) -> str:
    if path.gain is None:
        return ""
    low, high = path.gain.interval()
    return f"; 95 % interval {signed(low)} to {signed(high)}"


def _gain(step: AblatedStep) -> float:
    return step.gain.mean if step.gain is not None else 0.0


def _step_label(step: AblatedStep, baseline: str) -> str:
    if not step.changed:
        return theme.plain(baseline)
    return theme.plain(f"{step.changed}: {value_text(step.before)} → {value_text(step.after)}")


def _hover(step: AblatedStep) -> str:
    if step.gain is None:
        return f"mean {100 * step.mean:.2f} %"
    low, high = step.gain.interval()
    return (
        f"mean {100 * step.mean:.2f} %<br>change {signed(step.gain.mean)} points"
        f"<br>95 % interval {signed(low)} to {signed(high)}"
    )


def _bars(path: Ablated) -> dict[str, object]:
    """Return bars that end where the interval of a step's change does, from the row above."""
    spans = [
        (0.0, 0.0)
        if step.gain is None
        else (step.gain.mean - step.gain.interval()[0], step.gain.interval()[1] - step.gain.mean)
        for step in path.steps
    ]
    return {
        "array": [round(100 * above, 3) for _, above in spans],
        "arrayminus": [round(100 * below, 3) for below, _ in spans],
        "thickness": 1.5,
        "width": 5,
    }


def _add_path(drawing: go.Figure, families: tuple[str, ...], path: Ablated, row: int) -> None:
    colour = theme.colours(families)[path.family]
    # Plotly joins rows of one name: two steps never have the same, as each changes another one.
    labels = [_step_label(step, path.baseline) for step in path.steps]
    drawing.add_scatter(
        x=[round(100 * score, 3) for step in path.steps for score in step.accuracies],
        y=[label for label, step in zip(labels, path.steps, strict=True) for _ in step.accuracies],
        customdata=[seed for _ in path.steps for seed in path.seeds],
        mode="markers",
        marker={"symbol": "circle-open", "color": colour, "size": 7},
        showlegend=False,
        hovertemplate="seed %{customdata}: %{x:.2f} %<extra></extra>",
        row=row,
        col=1,
    )
    drawing.add_scatter(
        x=[round(100 * step.mean, 3) for step in path.steps],
        y=labels,
        text=[_hover(step) for step in path.steps],
        mode="lines+markers",
        line={"color": colour, "width": 1.5},
        error_x=_bars(path),
        marker={
            "symbol": [
                "diamond" if step.is_beyond_noise() else "diamond-open" for step in path.steps
            ],
            "color": colour,
            "size": 11,
            "line": {"width": 2, "color": colour},
        },
        showlegend=False,
        hovertemplate="%{text}<extra></extra>",
        row=row,
        col=1,
    )
    drawing.update_yaxes(
        type="category", categoryorder="array", categoryarray=labels[::-1], row=row, col=1
    )


CHART = Chart(
    name="ablation",
    title=TITLE,
    caption=(
        "The top row is a configuration that was named before the search, the bottom row the "
        "winner; from one row to the next one hyperparameter takes the winner's value. Every row "
        "was really trained, with the same seeds, and scored on the validation images. The bar "
        "is the 95 % interval of a step's change, over seeds and images, drawn from the mean of "
        "the row above: a step is beyond noise where the bar does not reach back to that mean. "
        "Each step is judged on its own, so that one of twenty without any effect would "
        "pass. The order matters: another one would share out the same total differently. The "
        "winner was chosen on the same images, which flatters it."
    ),
    section="hyperparameters",
    compute=compute,
    draw=draw,
    words=words,
    min_width_pixels=560,
)
