"""Which classes the winners take for which more often, or less, after augmentation."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import plotly.graph_objects as go

from analysis import theme
from analysis.charts import confusion
from analysis.charts.base import Chart
from analysis.evidence import Evidence
from analysis.labels import family_label
from analysis.statistics.cell_changes import MIN_SEEDS, cell_changes

TITLE = "How augmentation changed the confusions"
NO_PAIRS = "no winner has been tested with and without augmentation yet"
COLUMNS = 2


class Change(NamedTuple):
    """One family's change of shares of the true class, in percentage points.

    `points` is the mean over `n_seeds`, shape (n_classes, n_classes), rows being true classes;
    `sure` says which are more than seeds explain.
    """

    family: str
    n_seeds: int
    points: np.ndarray
    sure: np.ndarray


class Changes(NamedTuple):
    """The changes in the order of the panels, and the names of the classes."""

    classes: tuple[str, ...]
    matrices: list[Change]


def compute(evidence: Evidence) -> Changes:
    """Return augmented less not, of the seeds that each winner was trained with in both ways."""
    matrices = []
    for family in evidence.families:
        before, after = (
            confusion.by_seed(evidence, family, augmented=augmented) for augmented in (False, True)
        )
        if seeds := sorted(before.keys() & after.keys()):
            sides = (np.array([runs[seed] for seed in seeds]) for runs in (before, after))
            found = cell_changes(*sides)
            matrices.append(Change(family, len(seeds), 100 * found.mean, found.sure))
    return Changes(evidence.study.dataset.classes, matrices)


def draw(computed: Changes) -> go.Figure:
    """Draw a matrix per family; cells that changed by more than seeds explain have a frame."""
    if not computed.matrices:
        return theme.empty(TITLE, NO_PAIRS, x="predicted class", y="true class")
    columns = min(COLUMNS, len(computed.matrices))
    rows = math.ceil(len(computed.matrices) / columns)
    names = [family_label(matrix.family) for matrix in computed.matrices]
    drawing = theme.panels(
        TITLE,
        heights=[confusion.PANEL_PIXELS] * rows,
        columns=columns,
        names=names + [""] * (rows * columns - len(names)),
        shared_xaxes="all",
        shared_yaxes="all",
    )
    frames = []
    for i, matrix in enumerate(computed.matrices):
        row, column = 1 + i // columns, 1 + i % columns
        drawing.add_trace(_heatmap(matrix, computed.classes), row=row, col=column)
        frames += _frames(matrix, axis="" if i == 0 else str(i + 1))
    most = max(float(np.abs(matrix.points).max()) for matrix in computed.matrices)
    limit = max(1, math.ceil(most))
    drawing.update_layout(
        shapes=frames,
        coloraxis={
            "colorscale": theme.SCALE_OF_CHANGES,
            "cmin": -limit,
            "cmax": limit,
            "colorbar": {
                "title": {"text": "change<br>(percentage<br>points)", "font": {"size": 12}},
                "tickvals": [-limit, 0, limit],
                "ticktext": [f"-{limit}", "0", f"+{limit}"],
                "thickness": 12,
                "len": confusion.PANEL_PIXELS,
                "lenmode": "pixels",
                "y": 1.0,
                "yanchor": "top",
            },
        },
    )
    drawing.update_xaxes(title_text="predicted class", row=rows)
    drawing.update_xaxes(showgrid=False, tickangle=-45, type="category")
    drawing.update_yaxes(title_text="true class", col=1)
    return drawing.update_yaxes(showgrid=False, autorange="reversed", type="category")


def words(computed: Changes) -> str:
    """Name each winner's largest gain and largest new confusion that seeds do not explain."""
    return " ".join(_of_family(matrix, computed.classes) for matrix in computed.matrices)


def _of_family(matrix: Change, classes: tuple[str, ...]) -> str:
    label = family_label(matrix.family)
    if matrix.n_seeds < MIN_SEEDS:
        return f"{label}: which cells changed cannot be told from fewer than {MIN_SEEDS} seeds."
    if not matrix.sure.any():
        return f"{label}: no cell changed by more than seeds explain."
    right = np.eye(len(classes), dtype=bool)
    found = [f"{matrix.sure.sum()} of {matrix.sure.size} cells changed by more than seeds explain"]
    if (cell := _largest(matrix, right)) is not None:
        found.append(
            f"the largest gain among them is {matrix.points[cell]:.1f} points more of "
            f"{classes[cell[0]]} found"
        )
    if (cell := _largest(matrix, ~right)) is not None:
        true, predicted = cell
        found.append(
            f"the largest new confusion among them is {classes[true]} taken for "
            f"{classes[predicted]}, {matrix.points[cell]:.1f} points more often"
        )
    else:
        found.append("none of them is a new confusion")
    return f"{label}: {'; '.join(found)}."


def _largest(matrix: Change, among: np.ndarray) -> tuple[int, int] | None:
    """Return the sure cell that rose most; None if none rose."""
    rises = np.where(among & matrix.sure, matrix.points, 0.0)
    if not rises.max() > 0:
        return None
    true, predicted = np.unravel_index(int(rises.argmax()), rises.shape)
    return int(true), int(predicted)


def _heatmap(matrix: Change, classes: tuple[str, ...]) -> go.Heatmap:
    names = [theme.plain(name) for name in classes]
    printed = len(classes) <= confusion.MAX_PRINTED_CLASSES
    # A change that rounds to nothing would have a sign without a number.
    texts = [[f"{round(p):+d}" if round(p) else "" for p in row] for row in matrix.points]
    notes = [["more than seeds explain" if one else "" for one in row] for row in matrix.sure]
    return go.Heatmap(
        x=names,
        y=names,
        z=[[round(float(p), 2) for p in row] for row in matrix.points],
        text=texts,
        customdata=notes,
        texttemplate="%{text}" if printed else None,
        textfont={"size": 10},
        coloraxis="coloraxis",
        xgap=1,
        ygap=1,
        hovertemplate=(
            "true: %{y}<br>predicted: %{x}<br>%{z:+.1f} points of the true class "
            f"(mean of {matrix.n_seeds} seeds)<br>%{{customdata}}<extra></extra>"
        ),
    )


def _frames(matrix: Change, *, axis: str) -> list[dict[str, object]]:
    """Return a frame around each cell that is sure, as shapes on the axes of its panel."""
    return [
        {
            "type": "rect",
            "xref": f"x{axis}",
            "yref": f"y{axis}",
            "x0": int(predicted) - 0.47,
            "x1": int(predicted) + 0.47,
            "y0": int(true) - 0.47,
            "y1": int(true) + 0.47,
            "line": {"color": theme.INK, "width": 2},
        }
        for true, predicted in np.argwhere(matrix.sure)
    ]


CHART = Chart(
    name="confusion_change",
    title=TITLE,
    caption=(
        "Confusion matrix with augmentation less the one without, in percentage points of the true "
        "class, mean over seeds: blue cells became more frequent, orange ones less. Blue is good "
        "on the diagonal and bad elsewhere. A frame marks changes that are more than seeds "
        "explain: the variance between seeds is pooled over all cells, as a few seeds say little "
        "of one cell, and all cells are judged together, so that chance alone frames any cell in "
        "about one study of twenty. What other test images would show is not in that."
    ),
    section="results",
    compute=compute,
    draw=draw,
    words=words,
    min_width_pixels=760,
)
