"""How much each hyperparameter mattered, as two methods estimate it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import pandas as pd
import plotly.graph_objects as go

from analysis import theme
from analysis.charts.base import Chart
from analysis.evidence import Evidence
from analysis.hyperparameters import ROLES, role
from analysis.importances import (
    EVALUATORS,
    FANOVA,
    MAX_FANOVA_TRIALS,
    PED_ANOVA,
    Scores,
    comparable_scores,
    estimate,
)
from analysis.labels import family_label, joined, percent

TITLE = "Importance of each hyperparameter"
BAR_PIXELS = 34
MIN_STABILITY = 0.8
"""A first place that fewer resamples confirm may well be another's."""

# Colours that stand for no family, in the order of ROLES.
ROLE_COLOURS = dict(zip(ROLES, (*theme.PALETTE[2:4], theme.FAINT), strict=True))
FILLED = {FANOVA: True, PED_ANOVA: False}
"""Whose bars are filled; the others are outlines, which print sharply where hatching does not."""


class Importances(NamedTuple):
    """One row a family, evaluator and hyperparameter: `share`, `low`, `high` in [0, 1] and `role`.

    `problems` says for each family and evaluator without rows why it has none, `scores` which
    scores were compared, `stability` how often resampled trials had the same one on top.
    """

    families: tuple[str, ...]
    shares: pd.DataFrame
    problems: dict[tuple[str, str], str]
    scores: dict[str, Scores]
    stability: dict[tuple[str, str], float]


def compute(evidence: Evidence) -> Importances:
    """Estimate importances with their intervals, see `analysis.importances.estimate`."""
    rows: list[tuple[object, ...]] = []
    problems: dict[tuple[str, str], str] = {}
    stability: dict[tuple[str, str], float] = {}
    scores: dict[str, Scores] = {}
    for record in evidence.study.families:
        family = record.family
        scores[family] = comparable_scores(record)
        for name, found in estimate(record, scores[family]).items():
            if found.problem:
                problems[family, name] = found.problem
                continue
            stability[family, name] = found.top_stability
            rows += [
                (family, name, parameter, one.share, one.low, one.high, role(record, parameter))
                for parameter, one in found.shares.items()
            ]
    columns = ["family", "evaluator", "hyperparameter", "share", "low", "high", "role"]
    frame = pd.DataFrame(rows, columns=columns)
    return Importances(evidence.families, frame, problems, scores, stability)


def draw(computed: Importances) -> go.Figure:
    """Draw a panel per family with two bars a hyperparameter, coloured by its role."""
    drawing = theme.panels(
        TITLE,
        heights=[BAR_PIXELS * _size(computed, family) for family in computed.families],
        row_gap=100,
        names=[family_label(family) for family in computed.families],
        shared_xaxes="all",
    )
    for row, family in enumerate(computed.families, start=1):
        _add_family(drawing, computed, family, row)
    for evaluator in FILLED:
        bars = computed.shares[computed.shares["evaluator"] == evaluator]
        for name in [name for name in ROLES if name in set(bars["role"])]:
            drawing.add_bar(
                x=[None],
                y=[None],
                orientation="h",
                offsetgroup=evaluator,
                name=f"{name}, {evaluator}",
                marker=_marker([name], evaluator),
            )
    drawing.update_layout(barmode="group", bargap=0.25, bargroupgap=0.0)
    drawing.update_xaxes(
        title_text="share of importance (%)", rangemode="tozero", showticklabels=True
    )
    return drawing.update_yaxes(title_text="hyperparameter")


def words(computed: Importances) -> str:
    """Say what was compared, what mattered most, and whether that is more than chance."""
    sentences = []
    for family in computed.families:
        label = family_label(family)
        rows = computed.shares[computed.shares["family"] == family]
        if not rows.empty:
            scores = computed.scores[family]
            sentences += [_compared(label, scores), _sampled(scores), _most(computed, family, rows)]
        sentences += [
            f"{evaluator} says nothing of {label}: {computed.problems[family, evaluator]}."
            for evaluator in EVALUATORS
            if (family, evaluator) in computed.problems
        ]
    return " ".join(sentence for sentence in sentences if sentence)


def _compared(label: str, scores: Scores) -> str:
    if scores.epoch is None:
        text = f"{label}: final accuracies of {len(scores.values)} completed trials are compared"
        pruned = scores.n_trials - scores.n_completed
        return f"{text}; {pruned} pruned ones have none." if pruned else f"{text}."
    return (
        f"{label}: accuracies after epoch {scores.epoch} are compared, which {len(scores.values)} "
        f"of {scores.n_trials} trials have reached; only {scores.n_completed} were trained to the "
        "end, and leaving out the others would leave out what made them bad. What matters late "
        "in training is not seen."
    )


def _sampled(scores: Scores) -> str:
    if len(scores.values) <= MAX_FANOVA_TRIALS:
        return ""
    return f"{FANOVA} looks at {MAX_FANOVA_TRIALS} of them, drawn at random."


def _most(computed: Importances, family: str, rows: pd.DataFrame) -> str:
    top = rows.sort_values("share", ascending=False).groupby("evaluator", sort=False).head(1)
    named, unsure = [], False
    for row in top.sort_values("evaluator", ascending=False).itertuples():
        stability = computed.stability[family, str(row.evaluator)]
        unsure |= stability < MIN_STABILITY
        named.append(
            f"{row.hyperparameter} by {row.evaluator} ({percent(row.share, digits=0)}, on top in "
            f"{percent(stability, digits=0)} of resamples)"
        )
    notes = []
    if top["hyperparameter"].nunique() > 1:
        notes.append("the methods disagree, so take neither for granted")
    if unsure:
        notes.append("other trials might well have put another first")
    return f"Most important: {joined(named)}{''.join(f'; {note}' for note in notes)}."


def _size(computed: Importances, family: str) -> int:
    rows = computed.shares[computed.shares["family"] == family]
    return max(int(rows["hyperparameter"].nunique()), 2)


def _marker(roles: Sequence[str], evaluator: str) -> dict[str, object]:
    """Return the look of bars: colour by role, filled or not by evaluator."""
    colours = [ROLE_COLOURS[name] for name in roles]
    fill = colours if FILLED[evaluator] else [theme.PAPER] * len(colours)
    return {"color": fill, "line": {"color": colours, "width": 2}}


def _add_family(drawing: go.Figure, computed: Importances, family: str, row: int) -> None:
    rows = computed.shares[computed.shares["family"] == family]
    problems = [
        (name, computed.problems[family, name])
        for name in FILLED
        if (family, name) in computed.problems
    ]
    if rows.empty:
        theme.explain(drawing, problems[0][1], row=row, col=1)
        drawing.update_yaxes(showticklabels=False, row=row, col=1)
        return
    order = rows.groupby("hyperparameter")["share"].mean().sort_values().index
    roles = dict(zip(rows["hyperparameter"], rows["role"], strict=True))
    # Plotly draws the groups of a horizontal bar chart from below: the last evaluator comes first.
    for evaluator in reversed(FILLED):
        bars = rows[rows["evaluator"] == evaluator].set_index("hyperparameter").reindex(order)
        drawing.add_bar(
            x=(100 * bars["share"]).round(1),
            y=[_shown(name, roles[name]) for name in order],
            orientation="h",
            offsetgroup=evaluator,
            error_x={
                "array": (100 * (bars["high"] - bars["share"])).round(1),
                "arrayminus": (100 * (bars["share"] - bars["low"])).round(1),
                "thickness": 1,
                "width": 3,
                "color": theme.INK,
            },
            marker=_marker([roles[name] for name in order], evaluator),
            showlegend=False,
            hovertemplate=f"%{{y}}: %{{x}} % ({evaluator})<extra></extra>",
            row=row,
            col=1,
        )


def _shown(name: str, of_role: str) -> str:
    """Return the name as a tick's text, bold if scientific, for whom colours do not tell."""
    return f"<b>{theme.plain(name)}</b>" if of_role == ROLES[0] else theme.plain(name)


CHART = Chart(
    name="importance",
    title=TITLE,
    caption=(
        "How much of the differences in validation accuracy between trials goes with each "
        "hyperparameter, that is, with each choice made before training, as the learning rate. The "
        "bars of one method add up to 100 %, thin lines are 90 % bootstrap intervals. Scientific "
        "hyperparameters, in bold, are what the study compares; nuisance ones had to be tuned "
        "along. Filled bars are fANOVA, which looks at the whole range of accuracies; open bars "
        "are PED-ANOVA, which asks what sets the best trials (a tenth, but at least five) apart. "
        "fANOVA leaves out hyperparameters that not every trial has. Believe what both say and "
        "the lines allow."
    ),
    section="hyperparameters",
    compute=compute,
    draw=draw,
    words=words,
)
