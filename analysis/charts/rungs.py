"""Whether an early score foretells the final one: rank correlation by epoch."""

from __future__ import annotations

import math
from collections import Counter
from typing import NamedTuple

import numpy as np
import plotly.graph_objects as go

from analysis import theme
from analysis.charts.base import Chart
from analysis.evidence import Evidence
from analysis.labels import family_label, joined
from analysis.statistics.rank_correlation import RankCorrelation, rank_correlations
from study.records import FamilyRecord

TITLE = "Does an early score foretell the last?"
X, Y = "epoch", "rank correlation"
MIN_COMPLETED = 5
MOST_NAMED = 3
SEED = 0
LOWEST_SHOWN = -0.1
MOST_TICKS = 12


class Foretelling(NamedTuple):
    """What one family's trials say.

    Attributes:
        family: The family.
        n_completed: Trials with a score after every epoch up to the last.
        correlations: By epoch, the last one left out, where it is 1; empty if there are too few.
        n_pruned: Trials that pruning stopped, by the epoch they got to.
    """

    family: str
    n_completed: int
    correlations: dict[int, RankCorrelation]
    n_pruned: dict[int, int]

    @property
    def problem(self) -> str:
        """Return why there are no correlations; empty where there are."""
        if self.n_completed < MIN_COMPLETED:
            return f"too few whole learning curves ({self.n_completed} of {MIN_COMPLETED})"
        return "" if self.correlations else "trials of one epoch have no early score"


def compute(evidence: Evidence) -> list[Foretelling]:
    """Return how scores after each epoch order the completed trials as their last ones do."""
    return [_foretelling(record) for record in evidence.study.families]


def draw(computed: list[Foretelling]) -> go.Figure:
    """Draw a column per family: correlations above, below them where pruning stopped trials."""
    if all(one.problem for one in computed):
        return theme.empty(TITLE, computed[0].problem, x=X, y=Y)
    drawing = theme.panels(
        TITLE,
        heights=[280, 70],
        row_gap=30,
        columns=len(computed),
        names=[family_label(one.family) for one in computed] + [""] * len(computed),
        shared_xaxes="all",
        shared_yaxes="rows",
    )
    families = [one.family for one in computed]
    for column, one in enumerate(computed, start=1):
        colour = theme.colours(families)[one.family]
        if one.problem:
            theme.explain(drawing, one.problem, row=1, col=column)
        else:
            _add_correlations(drawing, one, colour, theme.symbols(families)[one.family], column)
        _add_pruned(drawing, one, colour, column)
    drawing.add_hline(y=0, row=1, line={"color": theme.MUTED, "width": 1})
    drawing.update_yaxes(range=[_lowest(computed), 1.08], row=1)
    drawing.update_yaxes(title_text="Spearman's correlation<br>with the last score", row=1, col=1)
    most = max((n for one in computed for n in one.n_pruned.values()), default=1)
    drawing.update_yaxes(
        range=[0, 1.4 * most], showticklabels=False, showgrid=False, ticks="", row=2
    )
    drawing.update_yaxes(title_text="trials<br>pruned", row=2, col=1)
    drawing.update_xaxes(showticklabels=False, row=1)
    last = max(max([*one.correlations, *one.n_pruned], default=1) for one in computed)
    drawing.update_xaxes(range=[0.4, last + 0.6], dtick=1 if last <= MOST_TICKS else None)
    return drawing.update_xaxes(title_text=X, showticklabels=True, row=2)


def words(computed: list[Foretelling]) -> str:
    """Say how well the scores at which trials were stopped foretold the last ones."""
    sentences = [_of_family(one) for one in computed]
    if any(not one.problem and one.n_pruned for one in computed):
        sentences.append(
            "Pruned trials have no last score, so all this is of those that were kept, whose "
            "scores lie closer together; among all trials early scores would as a rule foretell "
            "more."
        )
    return " ".join(sentences)


def _foretelling(record: FamilyRecord) -> Foretelling:
    completed = [trial for trial in record.trials if trial.state == "COMPLETE"]
    curves = [dict(trial.validation_accuracy) for trial in completed]
    last = max((max(curve) for curve in curves if curve), default=0)
    epochs = range(1, last + 1)
    rows = [[curve.get(epoch, math.nan) for epoch in epochs] for curve in curves]
    scores = np.array([row for row in rows if row and all(map(math.isfinite, row))])
    correlations: dict[int, RankCorrelation] = {}
    if len(scores) >= MIN_COMPLETED and last > 1:
        rng = np.random.default_rng(SEED)
        found = rank_correlations(scores[:, :-1], scores[:, -1], rng=rng)
        correlations = dict(zip(epochs, found, strict=False))
    stopped = Counter(
        trial.validation_accuracy[-1][0]
        for trial in record.trials
        if trial.state == "PRUNED" and trial.validation_accuracy
    )
    return Foretelling(record.family, len(scores), correlations, dict(sorted(stopped.items())))


def _of_family(one: Foretelling) -> str:
    label = family_label(one.family)
    if one.problem:
        return f"{label}: whether early scores foretell the last is open: {one.problem}."
    most = sorted(one.n_pruned, key=lambda epoch: -one.n_pruned[epoch])[:MOST_NAMED]
    known = [epoch for epoch in sorted(most) if epoch in one.correlations]
    if known:
        named = [
            f"{_shown(one.correlations[epoch])} after epoch {epoch}, where "
            f"{one.n_pruned[epoch]} were pruned"
            for epoch in known
        ]
    else:
        middle = max(1, max(one.correlations) // 2)
        named = [f"{_shown(one.correlations[middle])} after epoch {middle}"]
    return (
        f"{label}: rank correlation of early scores with the last ones, among {one.n_completed} "
        f"completed trials: {joined(named)}."
    )


def _shown(found: RankCorrelation) -> str:
    if not math.isfinite(found.rho):
        return "unknown, as scores are all the same,"
    text = f"{found.rho:.2f} (90 % interval {found.low:.2f} to {found.high:.2f})"
    return text.replace("-", "\N{MINUS SIGN}")


def _lowest(computed: list[Foretelling]) -> float:
    lows = [found.low for one in computed for found in one.correlations.values()]
    return max(-1.05, min([LOWEST_SHOWN, *(low - 0.05 for low in lows if math.isfinite(low))]))


def _add_correlations(
    drawing: go.Figure, one: Foretelling, colour: str, symbol: str, column: int
) -> None:
    found = list(one.correlations.values())
    drawing.add_scatter(
        x=list(one.correlations),
        y=[round(each.rho, 3) for each in found],
        error_y={
            "array": [round(each.high - each.rho, 3) for each in found],
            "arrayminus": [round(each.rho - each.low, 3) for each in found],
            "thickness": 1.5,
            "width": 5,
        },
        mode="lines+markers",
        line={"color": colour, "width": 1.5},
        marker={"symbol": symbol, "size": 8},
        showlegend=False,
        hovertemplate="after epoch %{x}: %{y:.2f}<extra></extra>",
        row=1,
        col=column,
    )


def _add_pruned(drawing: go.Figure, one: Foretelling, colour: str, column: int) -> None:
    if not one.n_pruned:
        theme.explain(drawing, "no trial was pruned", row=2, col=column)
        return
    drawing.add_bar(
        x=list(one.n_pruned),
        y=list(one.n_pruned.values()),
        width=0.5,
        text=list(one.n_pruned.values()),
        textposition="outside",
        textfont={"size": 11},
        constraintext="none",
        marker={"color": theme.PAPER, "line": {"color": colour, "width": 1.5}},
        showlegend=False,
        hovertemplate="%{y} trials got to epoch %{x}<extra></extra>",
        row=2,
        col=column,
    )


CHART = Chart(
    name="rungs",
    title=TITLE,
    caption=(
        "Spearman's rank correlation of the score after each epoch with the last one: at 1 the "
        "order of the trials never changes again, at 0 an early score says nothing. Bars are 90 % "
        "bootstrap intervals over trials, rough where trials are few. Below, how many trials were "
        "pruned, by the epoch they got to. Pruned trials have no last score, so this is computed "
        "among those that were kept. They are the better ones and lie closer together, which makes "
        "the correlation look lower than it is among all (restriction of range: Sackett and Yang "
        "2000)."
    ),
    section="search",
    compute=compute,
    draw=draw,
    words=words,
    min_width_pixels=560,
)
