"""Accuracy against the time that training took."""

from __future__ import annotations

import plotly.graph_objects as go

from analysis import thinning
from analysis.charts import cost
from analysis.charts.base import Chart

TITLE = "Accuracy against training time"


def draw(computed: cost.Costs) -> go.Figure:
    """Draw one symbol a completed trial, training seconds to the right."""
    axes = {"training_seconds": "training time (seconds)"}
    return cost.draw_against(computed, axes, TITLE, log=False)


CHART = Chart(
    name="training_time",
    title=TITLE,
    caption=(
        "Each symbol is one completed trial; time includes scoring the validation images after "
        "each epoch, on the machine of the search. Trials that ran side by side slowed each other "
        "down, so small differences mean little. Stars mark winners, names mark baselines, steps "
        "are the best accuracy to be had for no more than a time." + thinning.CAPTION
    ),
    section="cost",
    compute=cost.compute,
    draw=draw,
)
