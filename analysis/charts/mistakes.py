"""The test images that each winner was surest of and wrong about."""

from __future__ import annotations

import math
from collections import Counter
from typing import NamedTuple

import plotly.graph_objects as go

from analysis import theme
from analysis.charts.base import Chart
from analysis.evidence import Evidence
from analysis.labels import augmentation_label, family_label, joined, percent, points
from analysis.mistakes import Examined, Example, of_winner

TITLE = "The most confident mistakes"
NOT_KEPT = "no misclassified image of a retrained winner is recorded"
COLUMNS = 4
IMAGE_PIXELS, ROW_PIXELS = 112, 168
GAP = 0.05
"""Between a panel's name and its images, in rows."""

MAX_NAME_CHARACTERS = 16
X_TITLE = "below each image: true class → predicted class, confidence (%)"


class Mistakes(NamedTuple):
    """One model a family, in the families' order; those without recorded mistakes are missing."""

    families: tuple[str, ...]
    models: tuple[Examined, ...]


def compute(evidence: Evidence) -> Mistakes:
    """Return the most confident mistakes of each family's winner."""
    study = evidence.study
    found = (
        of_winner(evidence.results, family, dataset=study.dataset, test_labels=study.test_labels)
        for family in evidence.families
    )
    return Mistakes(evidence.families, tuple(model for model in found if model is not None))


def draw(computed: Mistakes) -> go.Figure:
    """Draw a panel per family: images four in a row, surest first."""
    if not computed.models:
        return theme.empty(TITLE, NOT_KEPT, x=X_TITLE, y="rank")
    models = {model.family: model for model in computed.models}
    drawing = theme.panels(
        TITLE,
        heights=[ROW_PIXELS * _n_rows(models.get(family)) for family in computed.families],
        row_gap=70,
        names=[_name(family, models.get(family)) for family in computed.families],
    )
    for row, family in enumerate(computed.families, start=1):
        if family in models:
            _add_model(drawing, models[family], row)
        else:
            theme.explain(drawing, NOT_KEPT, row=row, col=1)
            drawing.update_yaxes(showticklabels=False, showgrid=False, ticks="", row=row)
    drawing.update_annotations(align="left")
    drawing.update_xaxes(title_text=X_TITLE, row=len(computed.families))
    return drawing.update_yaxes(title_text="rank")


def words(computed: Mistakes) -> str:
    """Name the pairs that each winner mixes up most surely, and how sure it is when it is wrong."""
    return " ".join(sentence for model in computed.models for sentence in _sentences(model))


def _sentences(model: Examined) -> list[str]:
    label = f"{family_label(model.family)} ({augmentation_label(model.augmented)})"
    pairs = Counter((example.true, example.predicted) for example in model.examples)
    most = max(pairs.values())
    sentences = []
    if most > 1:
        named = [
            f"{most} are {true} taken for {predicted}"
            for (true, predicted), count in pairs.items()
            if count == most
        ]
        sentences.append(
            f"Of the {len(model.examples)} most confident mistakes of {label}, {joined(named)}."
        )
    trust = model.trust
    if trust is not None and math.isfinite(trust.when_right + trust.when_wrong):
        sentences.append(
            f"On average {label} is {percent(trust.when_right, digits=0)} sure where it is right "
            f"and {percent(trust.when_wrong, digits=0)} where it is wrong; over all it is "
            f"{percent(trust.confidence)} sure and {percent(trust.accuracy)} right "
            f"(expected calibration error: {points(trust.calibration_error)}, where "
            f"{points(trust.chance_error)} would be chance alone)."
        )
    return sentences


def _name(family: str, model: Examined | None) -> str:
    if model is None:
        return family_label(family)
    condition = f"{augmentation_label(model.augmented)}, seed {model.seed}"
    return f"{family_label(family)}: {percent(model.accuracy)} right\n{condition}"


def _n_rows(model: Examined | None) -> int:
    return 1 if model is None else math.ceil(len(model.examples) / COLUMNS)


def _add_model(drawing: go.Figure, model: Examined, row: int) -> None:
    n_rows, share = _n_rows(model), IMAGE_PIXELS / ROW_PIXELS
    xs = [place % COLUMNS + 0.5 for place in range(len(model.examples))]
    ys = [place // COLUMNS + share / 2 for place in range(len(model.examples))]
    for x, y, example in zip(xs, ys, model.examples, strict=True):
        drawing.add_layout_image(
            source=example.picture,
            x=x,
            y=y,
            sizex=0.96,
            sizey=share,
            xanchor="center",
            yanchor="middle",
            sizing="contain",
            layer="above",
            row=row,
            col=1,
        )
    # What cannot be seen carries the text, and shows it where one points at an image.
    drawing.add_scatter(
        x=xs,
        y=ys,
        mode="markers+text",
        marker={"symbol": "square", "size": IMAGE_PIXELS, "opacity": 0, "color": theme.PAPER},
        text=[_text(example) for example in model.examples],
        textposition="bottom center",
        textfont={"size": 12, "color": theme.INK},
        customdata=[_hover_text(example) for example in model.examples],
        hovertemplate="%{customdata}<extra></extra>",
        showlegend=False,
        cliponaxis=False,
        row=row,
        col=1,
    )
    drawing.update_xaxes(
        range=[0, COLUMNS], showticklabels=False, showgrid=False, ticks="", fixedrange=True, row=row
    )
    ranks = [(start + 1, min(start + COLUMNS, len(xs))) for start in range(0, len(xs), COLUMNS)]
    drawing.update_yaxes(
        range=[n_rows, -GAP],
        tickvals=[place + share / 2 for place in range(n_rows)],
        ticktext=[str(first) if first == last else f"{first} to {last}" for first, last in ranks],
        showgrid=False,
        ticks="",
        fixedrange=True,
        row=row,
    )


def _text(example: Example) -> str:
    return (
        f"{theme.plain(_short(example.true))}<br>"
        f"→ {theme.plain(_short(example.predicted))}, {percent(example.confidence)}"
    )


def _hover_text(example: Example) -> str:
    return (
        f"image {example.place} of the test split<br>true: {theme.plain(example.true)}<br>"
        f"predicted: {theme.plain(example.predicted)}, {percent(example.confidence, digits=2)}"
    )


def _short(name: str) -> str:
    return name if len(name) <= MAX_NAME_CHARACTERS else f"{name[: MAX_NAME_CHARACTERS - 1]}…"


CHART = Chart(
    name="mistakes",
    title=TITLE,
    caption=(
        "Test images that a winner classified wrongly and was surest of, surest first, row by row. "
        "One model a family: trained the way, with augmentation or without, that tested better on "
        "average, from the lowest seed of which images are recorded. The confidence is the "
        "probability that the model gave to the class it named. The expected calibration error is "
        "the gap between how sure it is and how often it is right, among images that it is equally "
        "sure of, on average; chance alone leaves some of it even where a model is exactly as sure "
        "as it should be, and more where test images are few. Look whether you would have known "
        "better, and whether the label is right. Point at an image for its place in the test "
        "split, counted from 0."
    ),
    section="results",
    compute=compute,
    draw=draw,
    words=words,
    min_width_pixels=560,
)
