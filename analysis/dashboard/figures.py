"""The report's charts that the dashboard shows, in the height that it has for them."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import plotly.graph_objects as go

from analysis.charts import curves, differences, importance
from analysis.charts.base import Chart
from analysis.evidence import Evidence, from_study
from study.records import FINISHED

OF_A_SEARCH = (importance.CHART, curves.CHART)
OF_THE_RESULTS = (differences.CHART,)
HEIGHT_PIXELS = 450
"""Of the dashboard's places for figures: a higher one would cover what stands below it."""

WIDTH_PIXELS = 640
"""Of figures of the retrained models: their test labels, one long word in the dashboard's list of
attributes, make that page many screens wide."""


def of_search(evidence: Evidence, family: str) -> dict[str, go.Figure]:
    """Return the charts of one family's search by name; empty before a trial has finished."""
    record = evidence.family(family)
    if not any(trial.state in FINISHED for trial in record.trials):
        return {}
    alone = dataclasses.replace(evidence.study, families=(record,), retrained=())
    return {
        **_drawn(OF_A_SEARCH, from_study(alone, margin=evidence.margin)),
        **_drawn(OF_THE_RESULTS, evidence),
    }


def of_results(evidence: Evidence) -> dict[str, go.Figure]:
    """Return the charts of the retrained models by name."""
    return {
        name: figure.update_layout(width=WIDTH_PIXELS)
        for name, figure in _drawn(OF_THE_RESULTS, evidence).items()
    }


def _drawn(charts: Sequence[Chart], evidence: Evidence) -> dict[str, go.Figure]:
    return {
        chart.name: chart.draw(chart.compute(evidence)).update_layout(height=HEIGHT_PIXELS)
        for chart in charts
    }
