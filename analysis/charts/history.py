"""How the search got better: each trial's validation accuracy and the best so far."""

from __future__ import annotations

from typing import NamedTuple

import pandas as pd
import plotly.graph_objects as go

from analysis import theme
from analysis.charts.base import Chart
from analysis.evidence import FINISHED, Evidence
from analysis.labels import family_label

TITLE = "Validation accuracy of each trial"


class History(NamedTuple):
    """One row a finished trial: `family`, `trial`, `state`, `accuracy` and `best` (%), `note`."""

    families: tuple[str, ...]
    trials: pd.DataFrame


def compute(evidence: Evidence) -> History:
    """Return each trial's accuracy (last one where it was pruned) and the best completed so far."""
    frame = evidence.trials[evidence.trials["state"].isin(FINISHED)].sort_values(
        ["family", "trial"], kind="stable"
    )
    completed = frame["validation_accuracy"].where(frame["state"] == "COMPLETE")
    accuracy = completed.where(frame["state"] != "PRUNED", frame["last_validation_accuracy"])
    best = completed.groupby(frame["family"]).cummax().groupby(frame["family"]).ffill()
    rows = pd.DataFrame(
        {
            "family": frame["family"],
            "trial": frame["trial"],
            "state": frame["state"],
            "accuracy": (100 * accuracy).round(2),
            "best": (100 * best).round(2),
            "baseline": frame["baseline"].fillna("").astype(str),
            "failure": frame["failure"].fillna("").astype(str),
        }
    )
    return History(evidence.families, rows.reset_index(drop=True))


def draw(computed: History) -> go.Figure:
    """Draw the best so far as a line per family and each trial as a symbol by its state."""
    drawing = theme.figure(TITLE, height=480)
    colours, dashes = theme.colours(computed.families), theme.dashes(computed.families)
    for family in computed.families:
        rows = computed.trials[computed.trials["family"] == family]
        drawing.add_scatter(
            x=rows["trial"],
            y=rows["best"],
            mode="lines",
            name=f"best so far, {theme.plain(family_label(family))}",
            line={"color": colours[family], "dash": dashes[family], "width": 2, "shape": "hv"},
            hoverinfo="skip",
        )
        _add_trials(drawing, rows, family_label(family), colours[family])
    for state in FINISHED:
        theme.add_key(
            drawing, theme.STATE_LABELS[state], marker={"symbol": theme.STATE_SYMBOLS[state]}
        )
    if computed.trials["accuracy"].isna().all():
        theme.explain(drawing, "no trial has a score")
    drawing.update_xaxes(title_text="trial, in order of start")
    drawing.update_yaxes(title_text="validation accuracy (%)")
    return drawing


def _add_trials(drawing: go.Figure, rows: pd.DataFrame, label: str, colour: str) -> None:
    # A failed trial has no accuracy; it is marked at the foot of the chart.
    for state, trials in rows.groupby("state"):
        failed = state == "FAIL"
        notes = trials["failure"].str.slice(0, 80) if failed else trials["baseline"]
        drawing.add_scatter(
            x=trials["trial"],
            y=[0.0] * len(trials) if failed else trials["accuracy"],
            mode="markers" if failed else "markers+text",
            text=[theme.plain(note) for note in notes],
            textposition="top center",
            textfont={"color": colour},
            marker={
                "symbol": theme.STATE_SYMBOLS[str(state)],
                "color": colour,
                "size": 8,
                "line": {"width": 2, "color": colour},
            },
            showlegend=False,
            hovertemplate=(
                f"{theme.plain(label)}, trial %{{x}}, {theme.STATE_LABELS[str(state)]}"
                + ("<br>%{text}" if failed else ": %{y:.1f} % %{text}")
                + "<extra></extra>"
            ),
        )


CHART = Chart(
    name="history",
    title=TITLE,
    caption=(
        "Each symbol is one trial: one set of hyperparameters, trained and scored on the validation "
        "images. A pruned trial was stopped early, when others at the same age did better, and is "
        "shown where it stood then. A failed trial has no score and is marked at the foot. Lines "
        "show the best completed trial so far; where a line stays flat, more trials found nothing "
        "better. Named symbols are baselines, written down before the search."
    ),
    section="search",
    compute=compute,
    draw=draw,
)
