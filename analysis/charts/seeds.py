"""Test accuracy of each retrained model, before and after augmentation."""

from __future__ import annotations

from typing import NamedTuple

import pandas as pd
import plotly.graph_objects as go

from analysis import theme
from analysis.charts.base import Chart
from analysis.display import model_label
from analysis.evidence import Evidence
from analysis.factorial import AUGMENTATION, FAMILY, INTERACTION, Effects, effects
from analysis.labels import family_label, points
from analysis.statistics.crossed import CrossedMean
from analysis.verdict_words import signed

TITLE = "Test accuracy of the retrained models"
NO_RESULTS = "no winner has been retrained yet"
SIDES = ("without<br>augmentation", "with<br>augmentation")


class Seeds(NamedTuple):
    """One row a retrained model; `accuracy` is on the test split, in %.

    Columns of `runs`: `family`, `configuration`, `model`, `augmented`, `seed`, `accuracy`.
    `effects` are those of family and augmentation, by pair of families.
    """

    families: tuple[str, ...]
    runs: pd.DataFrame
    effects: tuple[Effects, ...]


def compute(evidence: Evidence) -> Seeds:
    """Return the test accuracy of each retrained model."""
    runs = evidence.retrained[["family", "configuration", "augmented", "seed"]].copy()
    pairs = zip(runs["family"], runs["configuration"], strict=True)
    runs["model"] = [model_label(family, configuration) for family, configuration in pairs]
    runs["accuracy"] = (100 * evidence.retrained["test_accuracy"]).round(3)
    found = effects(
        evidence.results, families=evidence.families, test_labels=evidence.study.test_labels
    )
    return Seeds(evidence.families, runs, found)


def draw(computed: Seeds) -> go.Figure:
    """Draw each model's seeds as dots with their mean, joined from without to with augmentation."""
    if computed.runs.empty:
        return theme.empty(TITLE, NO_RESULTS, x="training", y="test accuracy (%)")
    drawing = theme.figure(TITLE)
    models = list(computed.runs.groupby(["family", "configuration"], sort=False))
    for i, ((family, _), runs) in enumerate(models):
        offset = 0.0 if len(models) < 2 else -0.18 + 0.36 * i / (len(models) - 1)
        _add_model(drawing, computed.families, family, runs, offset)
    drawing.update_xaxes(
        title_text="training",
        tickvals=[0, 1],
        ticktext=SIDES,
        range=[-0.5, 1.5],
        showgrid=False,
    )
    drawing.update_yaxes(title_text="test accuracy (%)")
    return drawing


def words(computed: Seeds) -> str:
    """Say what family and augmentation do on average, and whether they depend on each other."""
    return " ".join(_said(one) for one in computed.effects)


def _said(found: Effects) -> str:
    labels = [family_label(found.first), family_label(found.second)]
    family, augmentation, interaction = (
        found.by_name[name] for name in (FAMILY, AUGMENTATION, INTERACTION)
    )
    ahead, behind = labels if family.mean >= 0 else labels[::-1]
    more, less = labels if interaction.mean >= 0 else labels[::-1]
    low, high = interaction.interval()
    known = (
        "Augmentation brings" if low > 0 or high < 0 else "It is open whether augmentation brings"
    )
    return (
        f"Averaged over training with and without augmentation, {ahead} is ahead of {behind} by "
        f"{_effect(family, lead=True)}. Averaged over the two families, augmentation "
        f"changes accuracy by {_effect(augmentation)}. {known} {more} more than "
        f"{less}: the difference is {_effect(interaction, lead=True)}."
    )


def _effect(found: CrossedMean, *, lead: bool = False) -> str:
    """Return an effect with its interval; a lead is above zero, whoever is ahead."""
    sign = -1 if lead and found.mean < 0 else 1
    low, high = sorted(sign * end for end in found.interval())
    shown = points(sign * found.mean) if lead else f"{signed(found.mean)} percentage points"
    return f"{shown} (95 % interval {signed(low)} to {signed(high)})"


def _add_model(
    drawing: go.Figure,
    families: tuple[str, ...],
    family: str,
    runs: pd.DataFrame,
    offset: float,
) -> None:
    colour = theme.colours(families).get(family, theme.MUTED)
    symbol = theme.symbols(families).get(family, "x")
    name = theme.plain(runs["model"].iloc[0])
    drawing.add_scatter(
        x=[int(augmented) + offset for augmented in runs["augmented"]],
        y=runs["accuracy"],
        customdata=runs["seed"],
        mode="markers",
        marker={"symbol": f"{symbol}-open", "color": colour, "size": 9, "line": {"width": 2}},
        name=f"{name}, one seed",
        legendgroup=name,
        hovertemplate="seed %{customdata}: %{y:.2f} %<extra>%{fullData.name}</extra>",
    )
    means = runs.groupby("augmented")["accuracy"].agg(["mean", "std"]).reset_index()
    drawing.add_scatter(
        x=[int(augmented) + offset + 0.07 for augmented in means["augmented"]],
        y=means["mean"].round(3),
        error_y={"array": means["std"].round(3), "thickness": 2, "width": 6},
        mode="lines+markers",
        line={"color": colour, "dash": theme.dashes(families).get(family, "dot"), "width": 1.5},
        marker={"symbol": symbol, "color": colour, "size": 11},
        name=f"{name}, mean ± standard deviation",
        legendgroup=name,
        hovertemplate="mean %{y:.2f} %<extra>%{fullData.name}</extra>",
    )


CHART = Chart(
    name="seeds",
    title=TITLE,
    caption=(
        "Each open symbol is one model trained from scratch with one seed (its own initial "
        "weights, order of images and dropout) and tested once; filled symbols are their means, "
        "bars one standard deviation up and down. Lines that run parallel mean that augmentation "
        "brings both families the same."
    ),
    section="results",
    compute=compute,
    draw=draw,
    words=words,
)
