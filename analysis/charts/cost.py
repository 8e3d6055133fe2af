"""Accuracy against what a model costs: parameters, floating-point operations, and what is worth it.

The front of a cost is made of the trials that no other one is both cheaper and better than.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from analysis import theme, thinning
from analysis.charts.base import Chart
from analysis.evidence import Evidence
from analysis.labels import family_label, joined, points, trial_label
from analysis.statistics.pareto import on_front

TITLE = "Accuracy against model size and work"
AXES = {
    "n_parameters": "parameters",
    "forward_flops": "floating-point operations per image",
}
COSTS = (*AXES, "training_seconds")
JOINT_LINE = {"color": theme.FAINT, "width": 7, "shape": "hv"}
DOMINATED_OPACITY = 0.3


class Costs(NamedTuple):
    """One row a completed trial: `family`, `trial`, `accuracy` (%), `winner`, `label`, `COSTS`.

    `label` says that it is the winner, or which baseline, or both; else it is empty. `name` is the
    trial's number and whoever proposed it. For each cost, `COST:family` says whether the trial is
    on its family's front, and `COST:joint` whether it is on that of all families together.
    """

    families: tuple[str, ...]
    trials: pd.DataFrame


def compute(evidence: Evidence) -> Costs:
    """Return completed trials with their validation accuracy and costs."""
    frame = evidence.trials[evidence.trials["state"] == "COMPLETE"]
    keys = {(family, trial.number) for family, trial in evidence.winners.items()}
    winner = [key in keys for key in zip(frame["family"], frame["trial"], strict=True)]
    baselines = frame["baseline"].fillna("").astype(str)
    labels = [
        (f"winner, {name}" if name else "winner") if best else name
        for best, name in zip(winner, baselines, strict=True)
    ]
    trials = pd.DataFrame(
        {
            "family": list(frame["family"]),
            "trial": list(frame["trial"]),
            "name": list(map(trial_label, frame["trial"], frame["sampler"].fillna(""))),
            "accuracy": list((100 * frame["validation_accuracy"]).round(2)),
            "winner": winner,
            "label": labels,
            **{cost: list(frame[cost]) for cost in COSTS},
        }
    )
    for cost in COSTS:
        trials[f"{cost}:joint"] = on_front(trials[cost], trials["accuracy"])
        trials[f"{cost}:family"] = False
        for _, rows in trials.groupby("family"):
            trials.loc[rows.index, f"{cost}:family"] = on_front(
                list(rows[cost]), list(rows["accuracy"])
            )
    return Costs(evidence.families, trials)


def draw(computed: Costs) -> go.Figure:
    """Draw one panel per kind of cost, on logarithmic axes, one symbol a trial, fronts as steps."""
    return draw_against(computed, AXES, TITLE, log=True)


def words(computed: Costs) -> str:
    """Say who is on the joint front of each cost, and what the dearest on it buys."""
    sentences = [_front_in_words(computed, cost, label) for cost, label in AXES.items()]
    return " ".join(sentence for sentence in sentences if sentence)


def _front_in_words(computed: Costs, cost: str, label: str) -> str:
    front = computed.trials[computed.trials[f"{cost}:joint"]].sort_values(cost)
    if front.empty:
        return ""
    counts = front["family"].value_counts()
    shares = [
        f"{counts[family]} of {family_label(family)}"
        for family in computed.families
        if family in counts
    ]
    start, end = front.iloc[0], front.iloc[-1]
    text = f"The joint front of accuracy against {label} holds {joined(shares)}"
    if len(front) == 1:
        return f"{text}: no other trial is cheaper or better than {_named(end)}."
    return (
        f"{text}: from {_named(start)} with {theme.short(start[cost])} to {_named(end)} with "
        f"{theme.short(end[cost])}, {end[cost] / max(start[cost], 1):.1f} times as many, which buy "
        f"{points((end['accuracy'] - start['accuracy']) / 100)}."
    )


def _named(trial: pd.Series) -> str:
    return f"trial {trial['trial']} of {family_label(trial['family'])} ({trial['accuracy']:.1f} %)"


def draw_against(computed: Costs, axes: dict[str, str], title: str, *, log: bool) -> go.Figure:
    """Draw accuracy against columns of `computed.trials`, one panel a column."""
    if computed.trials[list(axes)].isna().all(axis=None):
        reason = "not recorded for any completed trial"
        label = "; ".join(axes.values())
        return theme.empty(title, reason, x=label, y="validation accuracy (%)")
    drawing = theme.panels(title, heights=[340], columns=len(axes), shared_yaxes=True)
    for column, (name, label) in enumerate(axes.items(), start=1):
        known = computed.trials.dropna(subset=[name])
        if known.empty:
            theme.explain(drawing, f"{label} not recorded", row=1, col=column)
        _add_front(drawing, known[known[f"{name}:joint"]], name, column, line=JOINT_LINE)
        for family in computed.families:
            _add_family(drawing, computed, family, name=name, column=column)
        drawing.update_xaxes(title_text=label, row=1, col=column)
        if log and not known.empty:
            axis = theme.log_axis(known[name].min(), known[name].max())
            drawing.update_xaxes(**axis, row=1, col=column)
    for family in computed.families:
        marker = {
            "symbol": theme.symbols(computed.families)[family],
            "color": theme.colours(computed.families)[family],
            "line": {"width": 0},
        }
        line = {"dash": theme.dashes(computed.families)[family], "color": marker["color"]}
        label = f"{family_label(family)}, its front"
        theme.add_key(drawing, label, marker=marker, line=line, group=family)
    theme.add_key(drawing, "joint front", line={**JOINT_LINE, "shape": None})
    return drawing.update_yaxes(title_text="validation accuracy (%)", col=1)


def _add_family(
    drawing: go.Figure, computed: Costs, family: str, *, name: str, column: int
) -> None:
    colour = theme.colours(computed.families)[family]
    symbol = theme.symbols(computed.families)[family]
    rows = computed.trials[computed.trials["family"] == family].dropna(subset=[name])
    front = rows[f"{name}:family"]
    line = {"color": colour, "dash": theme.dashes(computed.families)[family], "shape": "hv"}
    _add_front(drawing, rows[front], name, column, line={**line, "width": 1.5})
    chosen = np.flatnonzero(front | (rows["label"] != ""))
    rows = rows.iloc[thinning.shown(list(rows["accuracy"]), always=[int(i) for i in chosen])]
    drawing.add_scatter(
        x=rows[name],
        y=rows["accuracy"],
        customdata=[theme.plain(one) for one in rows["name"]],
        text=[theme.plain(label) for label in rows["label"]],
        textposition="top center",
        cliponaxis=False,
        mode="markers+text",
        marker={
            "symbol": ["star" if winner else symbol for winner in rows["winner"]],
            "size": [15 if winner else 8 for winner in rows["winner"]],
            "color": colour,
            "opacity": [1.0 if one else DOMINATED_OPACITY for one in rows[f"{name}:family"]],
        },
        name=theme.plain(family_label(family)),
        legendgroup=family,
        showlegend=False,
        hovertemplate=("%{customdata} %{text}<br>%{x}: %{y:.1f} %<extra>%{fullData.name}</extra>"),
        row=1,
        col=column,
    )


def _add_front(
    drawing: go.Figure, front: pd.DataFrame, name: str, column: int, *, line: dict[str, object]
) -> None:
    """Add a front as steps: the best accuracy to be had for no more than a cost."""
    steps = front.sort_values(name)
    drawing.add_scatter(
        x=steps[name],
        y=steps["accuracy"],
        mode="lines",
        line=line,
        showlegend=False,
        hoverinfo="skip",
        row=1,
        col=column,
    )


CHART = Chart(
    name="cost",
    title=TITLE,
    caption=(
        "Each symbol is one completed trial; further left is cheaper, further up is better, and "
        "both costs are on logarithmic scales. A multiply-add counts as two operations. Stars mark "
        "each family's winner, names mark baselines, written down before the "
        "search. Steps are Pareto fronts: the best "
        "accuracy to be had for no more than a cost. A trial is worth its cost where no other one "
        "lies above it to the left; faint symbols are not worth theirs within their family. Each "
        "accuracy is of one run on validation images, so neighbours on a front may swap in "
        "another study." + thinning.CAPTION
    ),
    section="cost",
    compute=compute,
    draw=draw,
    words=words,
    min_width_pixels=560,
)
