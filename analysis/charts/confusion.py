"""Which classes the winners take for which."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import plotly.graph_objects as go

from analysis import theme
from analysis.charts.base import Chart
from analysis.evidence import Evidence
from analysis.labels import augmentation_label, family_label
from study.records import WINNER

TITLE = "Confusion matrices of the winners"
NO_MATRICES = "no winner has been tested class by class yet"
MAX_PRINTED_CLASSES = 12
PANEL_PIXELS = 340
COLOUR_AXIS = {
    "colorscale": theme.SCALE_OF_SHARES,
    "cmin": 0,
    "cmax": 100,
    "colorbar": {
        "title": {"text": "share of<br>true class<br>(%)", "font": {"size": 12}},
        "thickness": 12,
        "len": PANEL_PIXELS,
        "lenmode": "pixels",
        "y": 1.0,
        "yanchor": "top",
    },
}


class Confusion(NamedTuple):
    """The matrix of a family's winner, summed over seeds; rows are true classes."""

    family: str
    augmented: bool
    n_seeds: int
    counts: np.ndarray
    """Images, int64, shape (n_classes, n_classes)."""

    @property
    def shares(self) -> np.ndarray:
        """Return shares of each true class, in [0, 1]; rows without images are zero."""
        totals = self.counts.sum(axis=1, keepdims=True)
        return np.asarray(self.counts / np.maximum(totals, 1))


class Confusions(NamedTuple):
    """The matrices in the order of the panels, and the names of the classes."""

    classes: tuple[str, ...]
    matrices: list[Confusion]


def compute(evidence: Evidence) -> Confusions:
    """Return one matrix per family and augmentation, of the winners that were tested."""
    matrices = []
    for family in evidence.families:
        for augmented in (False, True):
            seeds = list(by_seed(evidence, family, augmented=augmented).values())
            if seeds:
                matrices.append(Confusion(family, augmented, len(seeds), np.sum(seeds, axis=0)))
    return Confusions(evidence.study.dataset.classes, matrices)


def by_seed(evidence: Evidence, family: str, *, augmented: bool) -> dict[int, np.ndarray]:
    """Return the counts of a family's winner, shape (n_classes, n_classes), by seed."""
    n_classes = len(evidence.study.dataset.classes)
    return {
        result.seed: np.array(result.confusion_matrix, dtype=np.int64)
        for result in evidence.results
        if (result.family, result.configuration) == (family, WINNER)
        and result.augmented == augmented
        and result.confusion_matrix
        and [len(row) for row in result.confusion_matrix] == [n_classes] * n_classes
    }


def draw(computed: Confusions) -> go.Figure:
    """Draw two matrices a row: without augmentation on the left, with it on the right."""
    if not computed.matrices:
        return theme.empty(TITLE, NO_MATRICES, x="predicted class", y="true class")
    families = list(dict.fromkeys(matrix.family for matrix in computed.matrices))
    places = {
        (matrix.family, matrix.augmented): (1 + families.index(matrix.family), 1 + matrix.augmented)
        for matrix in computed.matrices
    }
    drawing = theme.panels(
        TITLE,
        heights=[PANEL_PIXELS] * len(families),
        columns=2,
        row_gap=60,
        names=[
            f"{family_label(family)}\n{augmentation_label(augmented)}"
            for family in families
            for augmented in (False, True)
        ],
        shared_xaxes="all",
        shared_yaxes="all",
    )
    for matrix in computed.matrices:
        row, column = places[matrix.family, matrix.augmented]
        drawing.add_trace(heatmap(matrix, computed.classes), row=row, col=column)
    for row in range(1, len(families) + 1):
        for column in (1, 2):
            if (row, column) not in places.values():
                theme.explain(drawing, "not retrained yet", row=row, col=column)
    drawing.update_layout(coloraxis=COLOUR_AXIS)
    drawing.update_xaxes(title_text="predicted class", row=len(families))
    drawing.update_xaxes(showgrid=False, tickangle=-45, type="category")
    drawing.update_yaxes(title_text="true class", col=1)
    return drawing.update_yaxes(showgrid=False, autorange="reversed", type="category")


def words(computed: Confusions) -> str:
    """Name the two classes that each winner, with augmentation where it has it, mixes up most."""
    sentences = []
    for matrix in {matrix.family: matrix for matrix in computed.matrices}.values():
        wrong = matrix.shares - np.diag(np.diag(matrix.shares))
        true, predicted = np.unravel_index(int(wrong.argmax()), wrong.shape)
        if wrong[true, predicted] > 0:
            sentences.append(
                f"The most frequent mistake of {family_label(matrix.family)} "
                f"({augmentation_label(matrix.augmented)}): {computed.classes[true]} taken for "
                f"{computed.classes[predicted]}, {100 * wrong[true, predicted]:.0f} % of the "
                f"images of {computed.classes[true]}."
            )
    return " ".join(sentences)


def heatmap(matrix: Confusion, classes: tuple[str, ...]) -> go.Heatmap:
    """Return one matrix as percentages of the true classes, coloured by the figure's scale."""
    names = [theme.plain(name) for name in classes]
    shares = 100 * matrix.shares
    printed = len(classes) <= MAX_PRINTED_CLASSES
    return go.Heatmap(
        x=names,
        y=names,
        z=[[round(float(share), 1) for share in row] for row in shares],
        customdata=[[round(float(n) / matrix.n_seeds, 1) for n in row] for row in matrix.counts],
        texttemplate="%{z:.0f}" if printed else None,
        textfont={"size": 10},
        coloraxis="coloraxis",
        xgap=1,
        ygap=1,
        hovertemplate=(
            "true: %{y}<br>predicted: %{x}<br>%{z:.1f} % of the true class, "
            f"%{{customdata}} images (mean of {matrix.n_seeds} seeds)<extra></extra>"
        ),
    )


CHART = Chart(
    name="confusion",
    title=TITLE,
    caption=(
        "Rows are true classes, columns what the model said, on the test split; numbers are "
        "percentages of the true class, averaged over seeds, so each row adds up to 100. The "
        "diagonal is what it got right. Point at a cell for the number of images."
    ),
    section="results",
    compute=compute,
    draw=draw,
    words=words,
    min_width_pixels=760,
)
