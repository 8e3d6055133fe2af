"""F1 score of each class, before and after augmentation."""

from __future__ import annotations

from typing import NamedTuple

import pandas as pd
import plotly.graph_objects as go

from analysis import theme
from analysis.charts.base import Chart
from analysis.evidence import Evidence
from analysis.labels import augmentation_label, family_label, joined
from study.records import WINNER

TITLE = "F1 score by class"
NO_SCORES = "no winner has been tested class by class yet"
N_WEAKEST = 3


class ByClass(NamedTuple):
    """One row a family, augmentation and class: `f1` (mean over seeds), `f1_sd`, `n_seeds`.

    `order` holds the classes, weakest first.
    """

    families: tuple[str, ...]
    order: list[str]
    scores: pd.DataFrame


def compute(evidence: Evidence) -> ByClass:
    """Return each winner's F1 scores, averaged over its seeds."""
    rows = evidence.by_class[evidence.by_class["configuration"] == WINNER]
    grouped = rows.groupby(["family", "augmented", "class"], sort=False)["f1"]
    scores = grouped.agg(f1="mean", f1_sd="std", n_seeds="size").reset_index()
    order = scores.groupby("class", sort=False)["f1"].mean().sort_values().index
    return ByClass(evidence.families, list(order), scores)


def draw(computed: ByClass) -> go.Figure:
    """Draw a panel per family: open symbols before augmentation, filled ones after."""
    if computed.scores.empty:
        return theme.empty(TITLE, NO_SCORES, x="F1 score", y="class")
    drawing = theme.panels(
        TITLE,
        heights=[30 * max(len(computed.order), 6)],
        columns=len(computed.families),
        names=[family_label(family) for family in computed.families],
        shared_yaxes=True,
        shared_xaxes="all",
    )
    for column, family in enumerate(computed.families, start=1):
        rows = computed.scores[computed.scores["family"] == family]
        if rows.empty:
            theme.explain(drawing, NO_SCORES, row=1, col=column)
        else:
            _add_family(drawing, computed, rows, family, column)
    for augmented in (False, True):
        symbol = "circle" if augmented else "circle-open"
        theme.add_key(drawing, augmentation_label(augmented), marker={"symbol": symbol})
    drawing.update_xaxes(title_text="F1 score")
    drawing.update_yaxes(title_text="class", col=1)
    names = [theme.plain(name) for name in computed.order]
    return drawing.update_yaxes(type="category", categoryorder="array", categoryarray=names[::-1])


def words(computed: ByClass) -> str:
    """Name each winner's weakest classes, with augmentation where it was trained with it."""
    sentences = []
    for family, rows in computed.scores.groupby("family", sort=False):
        augmented = bool(rows["augmented"].max())
        weakest = rows[rows["augmented"] == augmented].nsmallest(N_WEAKEST, "f1")
        named = [f"{row['class']} ({row['f1']:.2f})" for _, row in weakest.iterrows()]
        sentences.append(
            f"Weakest classes of {family_label(str(family))} {augmentation_label(augmented)}, "
            f"by F1: {joined(named)}."
        )
    return " ".join(sentences)


def _add_family(
    drawing: go.Figure, computed: ByClass, rows: pd.DataFrame, family: str, column: int
) -> None:
    colour = theme.colours(computed.families)[family]
    links = rows.pivot_table(index="class", columns="augmented", values="f1")
    if {True, False} <= set(links.columns):
        both = links.dropna()
        ends = list(zip(both.index, both[False], both[True], strict=True))
        drawing.add_scatter(
            x=[x for _, before, after in ends for x in (round(before, 4), round(after, 4), None)],
            y=[y for name, *_ in ends for y in (theme.plain(name), theme.plain(name), None)],
            mode="lines",
            line={"color": theme.FAINT, "width": 2},
            showlegend=False,
            hoverinfo="skip",
            row=1,
            col=column,
        )
    for augmented, scores in rows.groupby("augmented"):
        condition = augmentation_label(bool(augmented))
        drawing.add_scatter(
            x=scores["f1"].round(4),
            y=[theme.plain(name) for name in scores["class"]],
            mode="markers",
            marker={
                "symbol": "circle" if augmented else "circle-open",
                "color": colour,
                "size": 10,
                "line": {"width": 2, "color": colour},
            },
            showlegend=False,
            hovertemplate=f"%{{y}}, {condition}: %{{x:.3f}}<extra></extra>",
            row=1,
            col=column,
        )


CHART = Chart(
    name="by_class",
    title=TITLE,
    caption=(
        "F1 is the harmonic mean of precision (of the images called a class, how many are of it) "
        "and recall (of a class's images, how many were found); 1 is perfect. Symbols are means "
        "over seeds on the test split, and the grey line is what augmentation changed. The weakest "
        "classes stand at the top."
    ),
    section="results",
    compute=compute,
    draw=draw,
    words=words,
    min_width_pixels=560,
)
