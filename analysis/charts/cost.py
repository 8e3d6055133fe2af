"""Accuracy against what a model costs: parameters and floating-point operations."""

from __future__ import annotations

from typing import NamedTuple

import pandas as pd
import plotly.graph_objects as go

from analysis import theme
from analysis.charts.base import Chart
from analysis.evidence import Evidence
from analysis.labels import family_label, trial_label

TITLE = "Accuracy against model size and work"
AXES = {
    "n_parameters": "parameters",
    "forward_flops": "floating-point operations per image",
}


class Costs(NamedTuple):
    """One row a completed trial: `family`, `trial`, `accuracy` (%), `winner`, `label`, costs.

    `label` says that it is the winner, or which baseline, or both; else it is empty. `name` is the
    trial's number and whoever proposed it.
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
    return Costs(
        evidence.families,
        pd.DataFrame(
            {
                "family": list(frame["family"]),
                "trial": list(frame["trial"]),
                "name": list(map(trial_label, frame["trial"], frame["sampler"].fillna(""))),
                "accuracy": list((100 * frame["validation_accuracy"]).round(2)),
                "winner": winner,
                "label": labels,
                "n_parameters": list(frame["n_parameters"]),
                "forward_flops": list(frame["forward_flops"]),
                "training_seconds": list(frame["training_seconds"]),
            }
        ),
    )


def draw(computed: Costs) -> go.Figure:
    """Draw one panel per kind of cost, on logarithmic axes, one symbol a trial."""
    return draw_against(computed, AXES, TITLE, log=True)


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
        theme.add_key(drawing, family_label(family), marker=marker, group=family)
    return drawing.update_yaxes(title_text="validation accuracy (%)", col=1)


def _add_family(
    drawing: go.Figure, computed: Costs, family: str, *, name: str, column: int
) -> None:
    colour = theme.colours(computed.families)[family]
    symbol = theme.symbols(computed.families)[family]
    rows = computed.trials[computed.trials["family"] == family].dropna(subset=[name])
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
            "opacity": [1.0 if winner else 0.7 for winner in rows["winner"]],
        },
        name=theme.plain(family_label(family)),
        legendgroup=family,
        showlegend=False,
        hovertemplate=("%{customdata} %{text}<br>%{x}: %{y:.1f} %<extra>%{fullData.name}</extra>"),
        row=1,
        col=column,
    )


CHART = Chart(
    name="cost",
    title=TITLE,
    caption=(
        "Each symbol is one completed trial; further left is cheaper, further up is better, and "
        "both costs are on logarithmic scales. A multiply-add counts as two operations. Stars mark "
        "each family's winner, names mark baselines, written down before the search. A model is "
        "worth its cost where no other symbol lies above it to the left."
    ),
    section="cost",
    compute=compute,
    draw=draw,
    min_width_pixels=560,
)
