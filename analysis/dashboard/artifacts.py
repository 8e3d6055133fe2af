"""The files of a retrained model that the dashboard shows beside its trial.

To add one, write a function that makes it of the records and a line in ARTIFACTS: a figure becomes
a PNG file, text is kept as it is. Never HTML, which the dashboard would serve with its scripts.
"""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from analysis import theme
from analysis.charts import mistakes
from analysis.charts.confusion import COLOUR_AXIS, PANEL_PIXELS, Confusion, heatmap
from analysis.labels import augmentation_label, family_label, percent
from analysis.mistakes import examined
from study.records import RetrainedResult, StudyRecord

log = logging.getLogger(__name__)

Key = tuple[int, str]
"""Number of a retrained trial, and name of a file."""


def confusion_matrix(study: StudyRecord, result: RetrainedResult) -> go.Figure | None:
    """Draw what the model took for what; None where that is not recorded for each class."""
    classes = study.dataset.classes
    counts = np.array(result.confusion_matrix, dtype=np.int64)
    if not classes or counts.shape != (len(classes), len(classes)):
        return None
    matrix = Confusion(result.family, result.augmented, 1, counts)
    draw = f"draw {result.draw}, " if result.draw else ""
    title = (
        f"{family_label(result.family)}, {augmentation_label(result.augmented)}, "
        f"{draw}seed {result.seed}: {percent(result.test_accuracy)} right"
    )
    drawing = theme.figure(title, height=PANEL_PIXELS)
    drawing.add_trace(heatmap(matrix, classes))
    drawing.update_layout(coloraxis=COLOUR_AXIS)
    drawing.update_xaxes(
        title_text="predicted class", showgrid=False, tickangle=-45, type="category"
    )
    return drawing.update_yaxes(
        title_text="true class", showgrid=False, autorange="reversed", type="category"
    )


def misclassified(study: StudyRecord, result: RetrainedResult) -> go.Figure | None:
    """Draw the model's most confident mistakes; None where none are recorded."""
    model = examined(result, dataset=study.dataset, test_labels=study.test_labels)
    if model is None:
        return None
    return mistakes.draw(mistakes.Mistakes((result.family,), (model,)))


def learning_curve(study: StudyRecord, result: RetrainedResult) -> str | None:
    """Return CSV: epoch, training accuracy (in [0, 1]) and loss; None where neither is recorded."""
    columns = {
        "training_accuracy": result.training_accuracy_by_epoch,
        "training_loss": result.training_loss_by_epoch,
    }
    frame = pd.DataFrame({name: pd.Series(values) for name, values in columns.items() if values})
    if frame.empty:
        return None
    frame.insert(0, "epoch", range(1, len(frame) + 1))
    return str(frame.to_csv(index=False, lineterminator="\n"))


ARTIFACTS: dict[str, Callable[[StudyRecord, RetrainedResult], go.Figure | str | None]] = {
    "confusion_matrix.png": confusion_matrix,
    "misclassified.png": misclassified,
    "learning_curve.csv": learning_curve,
}


def contents(study: StudyRecord, wanted: Iterable[tuple[RetrainedResult, str]]) -> dict[Key, bytes]:
    """Return the content of files; those that cannot be made are missing.

    Args:
        study: Which the results are of.
        wanted: Results, and names of their files, those of ARTIFACTS.
    """
    made = {(result.number, name): ARTIFACTS[name](study, result) for result, name in wanted}
    texts = {key: one.encode() for key, one in made.items() if isinstance(one, str)}
    figures = {key: one for key, one in made.items() if isinstance(one, go.Figure)}
    return texts | _drawn(figures)


def _drawn(figures: Mapping[Key, go.Figure]) -> dict[Key, bytes]:
    """Return figures as PNG, all drawn by one browser; a warning says why some are missing."""
    if not figures:
        return {}
    from analysis import png

    with tempfile.TemporaryDirectory() as folder:
        names = {key: f"{place}" for place, key in enumerate(figures)}
        named = {names[key]: figure for key, figure in figures.items()}
        pictures, problem = png.write_pictures(named, Path(folder))
        if problem:
            log.warning("%d of %d pictures drawn: %s", len(pictures), len(figures), problem)
        return {key: pictures[name].read_bytes() for key, name in names.items() if name in pictures}
