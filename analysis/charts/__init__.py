"""The charts of the report, in the order in which each section shows them."""

from __future__ import annotations

from analysis.charts import (
    ablation,
    budget,
    by_class,
    class_changes,
    confusion,
    confusion_change,
    cost,
    curves,
    differences,
    history,
    importance,
    matched,
    mistakes,
    parallel,
    rungs,
    seeds,
    slices,
    speed,
    timeline,
    training_time,
    variance,
)
from analysis.charts.base import Chart

CHARTS: dict[str, Chart] = {
    chart.name: chart
    for chart in (
        differences.CHART,
        seeds.CHART,
        variance.CHART,
        by_class.CHART,
        class_changes.CHART,
        confusion.CHART,
        confusion_change.CHART,
        mistakes.CHART,
        history.CHART,
        curves.CHART,
        budget.CHART,
        rungs.CHART,
        timeline.CHART,
        importance.CHART,
        ablation.CHART,
        parallel.CHART,
        slices.CHART,
        cost.CHART,
        speed.CHART,
        matched.CHART,
        training_time.CHART,
    )
}
