"""Learning curves of all trials, the winner's in front."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from analysis import theme, thinning
from analysis.charts.base import Chart
from analysis.evidence import Evidence
from analysis.labels import family_label, trial_label

TITLE = "Learning curves of all trials"
LOOKS = {
    "COMPLETE": {"dash": "solid", "width": 1},
    "PRUNED": {"dash": "dot", "width": 1.5},
    "FAIL": {"dash": "dashdot", "width": 1},
}
BAND = (0.05, 0.95)


class Curves(NamedTuple):
    """One row a trial and epoch: `family`, `trial`, `state`, `epoch`, `accuracy` (%), `winner`.

    `label` names the trial and whoever proposed it.
    """

    families: tuple[str, ...]
    points: pd.DataFrame


def compute(evidence: Evidence) -> Curves:
    """Return the validation accuracy after each epoch of each finished trial."""
    winners = {family: trial.number for family, trial in evidence.winners.items()}
    frame = evidence.curves[evidence.curves["state"].isin(list(LOOKS))]
    points = pd.DataFrame(
        {
            "family": frame["family"],
            "trial": frame["trial"],
            "state": frame["state"],
            "epoch": frame["epoch"],
            "accuracy": (100 * frame["validation_accuracy"].astype(float)).round(2),
            "winner": frame["trial"] == frame["family"].map(winners),
            "label": list(map(trial_label, frame["trial"], frame["sampler"].fillna(""))),
        }
    )
    return Curves(evidence.families, points.reset_index(drop=True))


def draw(computed: Curves) -> go.Figure:
    """Draw a panel per family: completed, pruned and failed trials by line, the winner in front."""
    if computed.points.empty:
        reason = "no learning curves are recorded"
        return theme.empty(TITLE, reason, x="epoch", y="validation accuracy (%)")
    drawing = theme.panels(
        TITLE,
        heights=[340],
        columns=len(computed.families),
        names=[family_label(family) for family in computed.families],
        shared_yaxes=True,
    )
    colours = theme.colours(computed.families)
    for column, family in enumerate(computed.families, start=1):
        rows = computed.points[computed.points["family"] == family]
        if rows.empty:
            theme.explain(drawing, "no learning curves", row=1, col=column)
        rows = _thinned(drawing, rows, column)
        for state, look in LOOKS.items():
            chosen = rows[(rows["state"] == state) & ~rows["winner"]]
            colour = theme.MUTED if state == "COMPLETE" else colours[family]
            opacity = 0.45 if state == "COMPLETE" else 0.8
            _add_lines(drawing, chosen, column, line={**look, "color": colour}, opacity=opacity)
        _add_ends(drawing, rows, column, colours[family])
        winner = rows[rows["winner"]]
        _add_lines(drawing, winner, column, line={"color": colours[family], "width": 4}, opacity=1)
    for state, look in LOOKS.items():
        end = {"symbol": theme.STATE_SYMBOLS[state], "size": 7} if state != "COMPLETE" else None
        theme.add_key(drawing, theme.STATE_LABELS[state], line=look, marker=end)
    theme.add_key(drawing, "winner", line={"dash": "solid", "width": 4, "color": theme.INK})
    last = computed.points["epoch"].max()
    drawing.update_xaxes(title_text="epoch", range=[0.5, last + 0.5])
    drawing.update_yaxes(title_text="validation accuracy (%)", col=1)
    return drawing


def _thinned(drawing: go.Figure, rows: pd.DataFrame, column: int) -> pd.DataFrame:
    """Return the rows of the trials to draw; where some are left out, draw a band of all."""
    last = rows.groupby("trial", sort=False).tail(1)
    winner = [int(place) for place in np.flatnonzero(last["winner"])]
    chosen = last.iloc[thinning.shown(list(last["accuracy"]), always=winner)]["trial"]
    if len(chosen) < len(last):
        low, high = rows.groupby("epoch")["accuracy"].quantile(list(BAND)).unstack().T.to_numpy()
        epochs = np.sort(rows["epoch"].unique())
        drawing.add_scatter(
            x=np.concatenate([epochs, epochs[::-1]]),
            y=np.concatenate([low, high[::-1]]).round(2),
            fill="toself",
            fillcolor=theme.GRID,
            line={"width": 0},
            mode="lines",
            showlegend=False,
            hoverinfo="skip",
            row=1,
            col=column,
        )
    return rows[rows["trial"].isin(chosen)]


def _add_lines(
    drawing: go.Figure,
    rows: pd.DataFrame,
    column: int,
    *,
    line: dict[str, object],
    opacity: float,
) -> None:
    """Add many curves as one trace: a row without numbers between two trials breaks the line."""
    if rows.empty:
        return
    ends = rows[rows["trial"] != rows["trial"].shift(-1)].iloc[:-1]
    breaks = ends.assign(epoch=np.nan, accuracy=np.nan)
    # A stable sort puts each break right after the row whose index it has.
    joined = pd.concat([rows, breaks]).sort_index(kind="stable").astype(object)
    joined = joined.where(joined.notna(), None)
    drawing.add_scatter(
        x=list(joined["epoch"]),
        y=list(joined["accuracy"]),
        customdata=[theme.plain(label) for label in joined["label"]],
        mode="lines",
        line=line,
        opacity=opacity,
        showlegend=False,
        hovertemplate="%{customdata}, epoch %{x}: %{y:.1f} %<extra></extra>",
        row=1,
        col=column,
    )


def _add_ends(drawing: go.Figure, rows: pd.DataFrame, column: int, colour: str) -> None:
    """Mark where pruned and failed trials ended; one that ended after one epoch has no line."""
    ends = rows[rows["state"] != "COMPLETE"].groupby("trial").tail(1)
    drawing.add_scatter(
        x=ends["epoch"],
        y=ends["accuracy"],
        customdata=[theme.plain(label) for label in ends["label"]],
        mode="markers",
        marker={
            "symbol": [theme.STATE_SYMBOLS[state] for state in ends["state"]],
            "color": colour,
            "size": 7,
            "line": {"width": 1.5, "color": colour},
        },
        showlegend=False,
        hovertemplate="%{customdata} ended after epoch %{x}: %{y:.1f} %<extra></extra>",
        row=1,
        col=column,
    )


CHART = Chart(
    name="curves",
    title=TITLE,
    caption=(
        "Validation accuracy after each epoch (one pass over the training images). Each line is "
        "one trial; dotted lines end, at a cross, where pruning stopped a trial that fell behind. "
        "The thick line is the family's winner."
        + thinning.CAPTION
        + " The grey band then holds nine tenths of all that got as far."
    ),
    section="search",
    compute=compute,
    draw=draw,
    min_width_pixels=560,
)
