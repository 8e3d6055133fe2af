"""How the search got better: each trial's validation accuracy and the best so far."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from analysis import theme, thinning
from analysis.charts.base import Chart
from analysis.evidence import Evidence
from analysis.labels import family_label, is_of_keras_tuner, trial_label
from study.records import FINISHED

TITLE = "Validation accuracy of each trial"
BASELINE_SYMBOL = "diamond"


class History(NamedTuple):
    """One row a finished trial: `family`, `trial`, `state`, `accuracy` and `best` (%), ...

    `label` names the trial and whoever proposed it; `keras_tuner` says whether that was KerasTuner.
    """

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
    samplers = frame["sampler"].fillna("")
    rows = pd.DataFrame(
        {
            "family": frame["family"],
            "trial": frame["trial"],
            "state": frame["state"],
            "accuracy": (100 * accuracy).round(2),
            "best": (100 * best).round(2),
            "baseline": frame["baseline"].fillna("").astype(str),
            "failure": frame["failure"].fillna("").astype(str),
            "label": list(map(trial_label, frame["trial"], samplers)),
            "keras_tuner": list(map(is_of_keras_tuner, samplers)),
        }
    )
    return History(evidence.families, rows.reset_index(drop=True))


def draw(computed: History) -> go.Figure:
    """Draw a panel per family: a symbol for each trial by its state, a line for the best so far."""
    if computed.trials["accuracy"].isna().all():
        reason = "no trial has a score"
        return theme.empty(TITLE, reason, x="trial", y="validation accuracy (%)")
    drawing = theme.panels(
        TITLE,
        heights=[340],
        columns=len(computed.families),
        names=[family_label(family) for family in computed.families],
        shared_yaxes=True,
    )
    colours = theme.colours(computed.families)
    foot = _foot(computed.trials["accuracy"])
    for column, family in enumerate(computed.families, start=1):
        rows = computed.trials[computed.trials["family"] == family]
        if rows["accuracy"].isna().all():
            theme.explain(drawing, "no trial has a score", row=1, col=column)
        # A step needs its corners only.
        same = (rows["best"] == rows["best"].shift()) & (rows["trial"] != rows["trial"].max())
        steps = rows[~same]
        drawing.add_scatter(
            x=steps["trial"],
            y=steps["best"],
            mode="lines",
            line={"color": colours[family], "width": 2, "shape": "hv"},
            showlegend=False,
            hoverinfo="skip",
            row=1,
            col=column,
        )
        named = [int(place) for place in np.flatnonzero(rows["baseline"] != "")]
        rows = rows.iloc[thinning.shown(list(rows["accuracy"]), always=named)]
        _add_trials(drawing, rows, colours[family], foot=foot, column=column)
    theme.add_key(drawing, "best so far", line={"width": 2})
    for state in FINISHED:
        marker = {"symbol": theme.STATE_SYMBOLS[state]}
        theme.add_key(drawing, theme.STATE_LABELS[state], marker=marker)
    theme.add_key(drawing, "baseline", marker={"symbol": BASELINE_SYMBOL})
    if computed.trials["keras_tuner"].any():
        symbol = theme.KERAS_TUNER_SYMBOLS["COMPLETE"]
        theme.add_key(drawing, theme.KERAS_TUNER_KEY, marker={"symbol": symbol})
    drawing.update_xaxes(title_text="trial, in order of start")
    return drawing.update_yaxes(title_text="validation accuracy (%)", col=1)


def _foot(accuracy: pd.Series) -> float:
    """Return where to mark failed trials, which have no accuracy: a little below all others."""
    lowest, highest = accuracy.min(), accuracy.max()
    return float(lowest - 0.08 * max(highest - lowest, 1.0))


def _add_trials(
    drawing: go.Figure, rows: pd.DataFrame, colour: str, *, foot: float, column: int
) -> None:
    for (state, keras_tuner), trials in rows.groupby(["state", "keras_tuner"]):
        failed = state == "FAIL"
        symbols = theme.KERAS_TUNER_SYMBOLS if keras_tuner else theme.STATE_SYMBOLS
        symbol, label = symbols[state], theme.STATE_LABELS[state]
        notes = trials["failure"].str.slice(0, 80) if failed else trials["baseline"]
        named = trials["baseline"] != ""
        drawing.add_scatter(
            x=trials["trial"],
            y=[foot] * len(trials) if failed else trials["accuracy"],
            mode="markers" if failed else "markers+text",
            text=[theme.plain(note) for note in notes],
            customdata=[theme.plain(one) for one in trials["label"]],
            textposition="top center",
            cliponaxis=False,
            marker={
                "symbol": [BASELINE_SYMBOL if one and not failed else symbol for one in named],
                "size": [11 if one and not failed else 7 for one in named],
                "color": colour,
                "opacity": 1.0,
                "line": {"width": 1.5, "color": colour},
            },
            showlegend=False,
            hovertemplate=(
                f"%{{customdata}}, {label}"
                + ("<br>%{text}" if failed else ": %{y:.1f} %<br>%{text}")
                + "<extra></extra>"
            ),
            row=1,
            col=column,
        )


CHART = Chart(
    name="history",
    title=TITLE,
    caption=(
        "Each symbol is one trial: one set of hyperparameters, trained, and scored on validation "
        "images. A pruned trial was stopped early, when others at the same age did better, and is "
        "shown where it stood then. A failed trial has no score and is marked at the foot. Lines "
        "show the best completed trial so far; where a line stays flat, more trials found nothing "
        "better. Named symbols are baselines, written down before the search. Squares and upright "
        "crosses, where there are any, are trials that KerasTuner proposed." + thinning.CAPTION
    ),
    section="search",
    compute=compute,
    draw=draw,
    min_width_pixels=560,
)
