"""The variance budget: how much of a score's spread is the sample's, the seed's, the images'."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import plotly.graph_objects as go

from analysis import theme
from analysis.charts.base import Chart
from analysis.evidence import Evidence
from analysis.labels import augmentation_label, family_label, joined
from analysis.statistics.nested import Component
from analysis.variance import (
    DRAW,
    SOURCES,
    Budget,
    RedrawnDifference,
    budgets,
    redrawn_differences,
)
from analysis.verdict_words import question, signed

TITLE = "Where the spread of scores comes from"
NOTHING = "nothing has been retrained yet"
PANEL_PIXELS = 170


class Variances(NamedTuple):
    """The budget of each winner as it was retrained, and what draws do to the differences."""

    families: tuple[str, ...]
    budgets: tuple[Budget, ...]
    differences: tuple[RedrawnDifference, ...]


def compute(evidence: Evidence) -> Variances:
    """Return the variance components, see `analysis.variance`."""
    return Variances(evidence.families, budgets(evidence), redrawn_differences(evidence))


def draw(computed: Variances) -> go.Figure:
    """Draw a panel per family: a bar a source, open without augmentation and filled with it."""
    axis = "standard deviation (percentage points)"
    shown = [
        family
        for family in computed.families
        if any(budget.condition.family == family for budget in computed.budgets)
    ]
    if not shown:
        return theme.empty(TITLE, NOTHING, x=axis, y="source")
    drawing = theme.panels(
        TITLE,
        heights=[PANEL_PIXELS] * len(shown),
        row_gap=90,
        names=[family_label(family) for family in shown],
        shared_xaxes="all",
    )
    for budget in computed.budgets:
        family = budget.condition.family
        colour = theme.colours(computed.families)[family]
        _add_budget(drawing, budget, colour, shown.index(family) + 1)
    for augmented in (False, True):
        marker = {"symbol": "square" if augmented else "square-open"}
        theme.add_key(drawing, augmentation_label(augmented), marker=marker)
    drawing.update_layout(barmode="group", bargap=0.25, bargroupgap=0.0)
    drawing.update_xaxes(title_text=axis, range=[0, _reach(computed)], showticklabels=True)
    return drawing.update_yaxes(
        title_text="source", categoryorder="array", categoryarray=SOURCES[::-1]
    )


def words(computed: Variances) -> str:
    """Say what each source adds to one score, what is missing, and what draws do to differences."""
    if not computed.budgets:
        return ""
    sentences = ["Standard deviations of one score in percentage points, with 90 % intervals."]
    sentences += [_said(budget) for budget in computed.budgets if any(budget.components.values())]
    sentences += _lacking(computed.budgets)
    zeros = [
        f"{source} of {_label(budget)}"
        for budget in computed.budgets
        for source, component in budget.components.items()
        if component is not None and component.was_negative
    ]
    if zeros:
        sentences.append(f"Estimated below zero, and set to 0: {joined(zeros)}.")
    sentences += [_redrawn(difference) for difference in computed.differences]
    if computed.differences:
        sentences.append("The interval of no verdict covers that.")
    return " ".join(sentences)


def _said(budget: Budget) -> str:
    parts = [f"{name} {_spread(one)}" for name, one in budget.components.items() if one is not None]
    return f"{_label(budget)}: {joined(parts)}."


def _lacking(budgets: Sequence[Budget]) -> list[str]:
    """Say once what is not known, of which winners, and what would mend it."""
    found: dict[tuple[str, str], list[str]] = {}
    for budget in budgets:
        for source, reason in budget.lacking.items():
            found.setdefault((source, reason), []).append(_label(budget))
    return [
        f"What “{source}” adds is not known"
        f"{'' if len(labels) == len(budgets) else f' of {joined(labels)}'}: {reason}."
        for (source, reason), labels in found.items()
    ]


def _redrawn(found: RedrawnDifference) -> str:
    low, high = (signed(end) for end in (min(found.by_draw), max(found.by_draw)))
    text = (
        f"{question(found.compared)}: {low} to {high} points apart over {len(found.by_draw)} draws"
    )
    if found.component is None:
        return f"{text}, too few to tell draws from seeds."
    return (
        f"{text}, which differ by a standard deviation of {_spread(found.component)} beyond what "
        "seeds explain."
    )


def _spread(component: Component) -> str:
    """Return a standard deviation and its interval: "0.40 (0.10 to 1.20)"."""
    low, high = (_points(end) for end in component.deviations)
    return f"{_points(component.deviation)} ({low} to {high})"


def _label(budget: Budget) -> str:
    return (
        f"{family_label(budget.condition.family)} {augmentation_label(budget.condition.augmented)}"
    )


def _points(share: float) -> str:
    return f"{100 * share:.2f}"


def _reach(computed: Variances) -> float:
    """Return the end of the axis: a little beyond the longest interval."""
    ends = [
        100 * component.deviations[1]
        for budget in computed.budgets
        for component in budget.components.values()
        if component is not None
    ]
    return 1.05 * max(ends, default=0.0) or 1.0


def _add_budget(drawing: go.Figure, budget: Budget, colour: str, row: int) -> None:
    found = [budget.components[source] for source in SOURCES]
    augmented = budget.condition.augmented
    drawing.add_bar(
        x=[_bar(one) for one in found],
        y=list(SOURCES),
        orientation="h",
        offsetgroup=str(augmented),
        # Why there is no bar stands in its place.
        text=[theme.plain(budget.lacking.get(source, "")) for source in SOURCES],
        textposition="outside",
        textfont={"color": theme.MUTED, "size": 12},
        cliponaxis=False,
        error_x={
            "array": [_round(one.deviations[1] - one.deviation) if one else None for one in found],
            "arrayminus": [
                _round(one.deviation - one.deviations[0]) if one else None for one in found
            ],
            "thickness": 1,
            "width": 3,
            "color": theme.INK,
        },
        marker={
            "color": colour if augmented else theme.PAPER,
            "line": {"color": colour, "width": 2},
        },
        customdata=[_hover(budget, source) for source in SOURCES],
        showlegend=False,
        hovertemplate="%{customdata}<extra></extra>",
        row=row,
        col=1,
    )


def _hover(budget: Budget, source: str) -> str:
    component = budget.components[source]
    lead = f"{source}, {augmentation_label(budget.condition.augmented)}"
    if component is None:
        return theme.plain(f"{lead}: {budget.lacking[source]}")
    counts = joined([str(number) for number in budget.seeds])
    return (
        f"{lead}: {_spread(component)} points"
        f"<br>draws: {len(budget.seeds)}, seeds of each: {counts}"
    )


def _bar(component: Component | None) -> float:
    return _round(component.deviation) if component else 0.0


def _round(share: float) -> float:
    return round(100 * share, 3)


CHART = Chart(
    name="variance",
    title=TITLE,
    caption=(
        "By how much one test score would differ, as a standard deviation, if one thing alone were "
        f"done anew: “{DRAW}” is another sample of the training images (--draws), "
        "“seed” are other initial weights and another order of images, “test "
        "images” are other images to test on. Their squares add up to the variance of one "
        "score when all is done anew. Thin lines are 90 % intervals: few seeds or draws leave them "
        "wide. Verdicts and their intervals are about the study's own sample: they cover seeds and "
        "test images, but not the draw."
    ),
    section="certainty",
    compute=compute,
    draw=draw,
    words=words,
    min_width_pixels=480,
)
