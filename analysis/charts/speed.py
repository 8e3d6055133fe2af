"""Test accuracy of the retrained models against the time they take for an image."""

from __future__ import annotations

from typing import Any, NamedTuple

import pandas as pd
import plotly.graph_objects as go

from analysis import theme
from analysis.charts.base import Chart
from analysis.charts.cost import JOINT_LINE
from analysis.display import model_label
from analysis.evidence import Evidence
from analysis.labels import augmentation_label, joined, milliseconds, points
from analysis.statistics.pareto import on_front

TITLE = "Test accuracy against time per image"
X, Y = "milliseconds per image", "test accuracy (%)"
NOT_TIMED = "no retrained model has been timed yet"


class Speeds(NamedTuple):
    """One row a model and augmentation; times are of all runs of the model, in milliseconds.

    Columns of `models`: `family`, `model`, `augmented`, `milliseconds` (median), `fastest`,
    `slowest`, `accuracy` (mean over seeds, %), `accuracy_sd`, `n_seeds`, `front`.
    """

    families: tuple[str, ...]
    models: pd.DataFrame


def compute(evidence: Evidence) -> Speeds:
    """Return accuracies and times; augmentation changes no network, so all its runs are timed."""
    runs = evidence.retrained.dropna(subset=["milliseconds_per_image"])
    model = ["family", "configuration"]
    times = runs.groupby(model, sort=False)["milliseconds_per_image"].agg(
        milliseconds="median", fastest="min", slowest="max"
    )
    grouped = runs.groupby([*model, "augmented"], sort=False)["test_accuracy"]
    found = grouped.agg(accuracy="mean", accuracy_sd="std", n_seeds="size").reset_index()
    found = found.join(times, on=model)
    found[["accuracy", "accuracy_sd"]] *= 100
    pairs = zip(found["family"], found["configuration"], strict=True)
    found["model"] = [model_label(*pair) for pair in pairs]
    found["front"] = on_front(list(found["milliseconds"]), list(found["accuracy"]))
    return Speeds(evidence.families, found)


def draw(computed: Speeds) -> go.Figure:
    """Draw a symbol a model and augmentation, bars for what runs varied, the front as steps."""
    if computed.models.empty:
        return theme.empty(TITLE, NOT_TIMED, x=X, y=Y)
    drawing = theme.figure(TITLE)
    steps = computed.models[computed.models["front"]].sort_values("milliseconds")
    drawing.add_scatter(
        x=steps["milliseconds"],
        y=steps["accuracy"],
        mode="lines+markers",
        line=JOINT_LINE,
        marker={"size": 18, "color": theme.FAINT},
        name="Pareto front",
        hoverinfo="skip",
    )
    for (family, _), rows in computed.models.groupby(["family", "configuration"], sort=False):
        _add_model(drawing, computed.families, family, rows)
    for augmented in (False, True):
        symbol = "circle" if augmented else "circle-open"
        theme.add_key(drawing, augmentation_label(augmented), marker={"symbol": symbol})
    drawing.update_xaxes(title_text=X, rangemode="tozero")
    return drawing.update_yaxes(title_text=Y)


def words(computed: Speeds) -> str:
    """Say who is on the front, and what the slowest on it buys over the fastest."""
    front = computed.models[computed.models["front"]].sort_values("milliseconds")
    if front.empty:
        return ""
    named = [
        f"{row['model']} {augmentation_label(row['augmented'])}" for _, row in front.iterrows()
    ]
    start, end = front.iloc[0], front.iloc[-1]
    if len(front) == 1:
        return f"No other model is faster or better than {named[0]}."
    return (
        f"On the front: {joined(named)}. The slowest of them takes "
        f"{milliseconds(end['milliseconds'])} an image, "
        f"{end['milliseconds'] / start['milliseconds']:.1f} times as long as the fastest, and is "
        f"better by {points((end['accuracy'] - start['accuracy']) / 100)}."
    )


def _add_model(
    drawing: go.Figure, families: tuple[str, ...], family: str, rows: pd.DataFrame
) -> None:
    colour = theme.colours(families).get(family, theme.MUTED)
    symbol = theme.symbols(families).get(family, "x")
    drawing.add_scatter(
        x=rows["milliseconds"].round(4),
        y=rows["accuracy"].round(3),
        error_x=_bar(
            array=(rows["slowest"] - rows["milliseconds"]).round(4),
            arrayminus=(rows["milliseconds"] - rows["fastest"]).round(4),
        ),
        error_y=_bar(array=rows["accuracy_sd"].fillna(0).round(3)),
        customdata=[
            f"{augmentation_label(augmented)}, mean of {n} seeds"
            for augmented, n in zip(rows["augmented"], rows["n_seeds"], strict=True)
        ],
        mode="markers",
        marker={
            "symbol": [symbol if one else f"{symbol}-open" for one in rows["augmented"]],
            "color": colour,
            "size": 11,
            "line": {"width": 2, "color": colour},
        },
        name=theme.plain(rows["model"].iloc[0]),
        hovertemplate="%{customdata}: %{y:.2f} %, %{x:.3g} ms<extra>%{fullData.name}</extra>",
    )


def _bar(**ends: Any) -> dict[str, Any]:
    return {**ends, "thickness": 1, "width": 4}


CHART = Chart(
    name="speed",
    title=TITLE,
    caption=(
        "Only retrained models are timed, so this is the one chart of cost that shows test "
        "accuracy: means over seeds, bars one standard deviation up and down. To the right is the "
        "time to predict the test split divided by its images, on the machine of the study: the "
        "median of all runs of a model, with a bar from the fastest to the slowest. Augmentation "
        "does not change a network, so both its symbols stand above each other. Predicting every "
        "image mirrored too, where that was done, is part of the time. Grey steps join the models "
        "that no other one is both faster and better than."
    ),
    section="cost",
    compute=compute,
    draw=draw,
    words=words,
)
