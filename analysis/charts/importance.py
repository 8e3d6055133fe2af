"""How much each hyperparameter mattered, as two methods estimate it."""

from __future__ import annotations

import logging
import math
import warnings
from typing import NamedTuple

import optuna
import pandas as pd
import plotly.graph_objects as go
from optuna.importance import (
    BaseImportanceEvaluator,
    FanovaImportanceEvaluator,
    PedAnovaImportanceEvaluator,
)
from plotly.subplots import make_subplots

from analysis import theme
from analysis.charts.base import Chart
from analysis.evidence import Evidence
from analysis.hyperparameters import ROLES
from analysis.labels import family_label, joined
from study.records import FamilyRecord, TrialRecord

TITLE = "Importance of each hyperparameter"
MIN_COMPLETED = 10
MIN_TOP_TRIALS = 5
FANOVA_SEED = 0
FANOVA, PED_ANOVA = "fANOVA", "PED-ANOVA"
PATTERNS = {FANOVA: "", PED_ANOVA: "/"}

log = logging.getLogger(__name__)


class Importances(NamedTuple):
    """One row a family, evaluator and hyperparameter: `share` in [0, 1] and `role`.

    `problems` says for each family and evaluator without rows why it has none.
    """

    families: tuple[str, ...]
    shares: pd.DataFrame
    problems: dict[tuple[str, str], str]


def compute(evidence: Evidence) -> Importances:
    """Estimate importances from completed trials, by fANOVA and by PED-ANOVA.

    fANOVA (Hutter, Hoos, Leyton-Brown 2014) shares out the variance of accuracy over the space, as
    a random forest models it. PED-ANOVA (Watanabe, Bansal, Hutter 2023) asks what tells the best
    trials from the rest; the best tenth here, but at least five trials.
    """
    rows: list[tuple[str, str, str, float, str]] = []
    problems: dict[tuple[str, str], str] = {}
    for family in evidence.study.families:
        for name in PATTERNS:
            shares, problem = _shares(family, name)
            if problem:
                problems[family.family, name] = problem
            rows += [
                (family.family, name, parameter, share, _role(family, parameter))
                for parameter, share in shares.items()
            ]
    columns = ["family", "evaluator", "hyperparameter", "share", "role"]
    return Importances(evidence.families, pd.DataFrame(rows, columns=columns), problems)


def draw(computed: Importances) -> go.Figure:
    """Draw a panel per family with two bars a hyperparameter, coloured by its role."""
    sizes = [_size(computed, family) for family in computed.families]
    drawing = make_subplots(
        rows=len(sizes),
        cols=1,
        row_heights=[float(size) for size in sizes],
        vertical_spacing=0.5 / (len(sizes) * max(sizes)) if len(sizes) > 1 else 0.0,
        subplot_titles=[theme.plain(family_label(family)) for family in computed.families],
    )
    theme.styled(drawing, TITLE, height=150 + 34 * sum(sizes) + 50 * len(sizes))
    for row, family in enumerate(computed.families, start=1):
        _add_family(drawing, computed, family, row)
    seen = computed.shares[["role", "evaluator"]].drop_duplicates()
    for role, evaluator in sorted(seen.itertuples(index=False), key=lambda pair: pair[::-1]):
        drawing.add_bar(
            x=[None], y=[None], name=f"{role}, {evaluator}", marker=_marker(role, evaluator)
        )
    drawing.update_layout(barmode="group", bargap=0.25, bargroupgap=0.0)
    drawing.update_xaxes(title_text="share of importance (%)", rangemode="tozero")
    drawing.update_yaxes(title_text="hyperparameter")
    return drawing


def words(computed: Importances) -> str:
    """Say which hyperparameter mattered most, or that the two methods disagree."""
    sentences = []
    for family, rows in computed.shares.groupby("family", sort=False):
        top = rows.sort_values("share", ascending=False).groupby("evaluator", sort=False).head(1)
        named = [
            f"{row.hyperparameter} ({100 * row.share:.0f} %, {row.evaluator})"
            for row in top.itertuples()
        ]
        agree = top["hyperparameter"].nunique() == 1
        note = "" if agree else "; the two methods disagree, so take neither for granted"
        sentences.append(f"Most important for {family_label(str(family))}: {joined(named)}{note}.")
    return " ".join(sentences)


def rebuilt(family: FamilyRecord) -> optuna.Study:
    """Return an in-memory Optuna study of the family's completed trials, higher being better."""
    level = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    try:
        study = optuna.create_study(direction="maximize")
    finally:
        optuna.logging.set_verbosity(level)
    study.add_trials([trial for record in family.trials if (trial := _frozen(record)) is not None])
    return study


def _frozen(record: TrialRecord) -> optuna.trial.FrozenTrial | None:
    """Return the trial as Optuna's own; None unless completed within the recorded distributions."""
    if record.state != "COMPLETE" or record.value is None or not math.isfinite(record.value):
        return None
    try:
        return optuna.trial.create_trial(
            params=dict(record.params),
            distributions={
                name: optuna.distributions.json_to_distribution(text)
                for name, text in record.distributions.items()
                if name in record.params
            },
            value=record.value,
        )
    except ValueError as error:
        log.warning("Trial %d is left out of the importances: %s", record.number, error)
        return None


def _shares(family: FamilyRecord, name: str) -> tuple[dict[str, float], str]:
    """Return each hyperparameter's share of the importance, or why there is none."""
    study = rebuilt(family)
    n = len(study.trials)
    if n < MIN_COMPLETED:
        return {}, f"too few completed trials ({n} of {MIN_COMPLETED})"
    try:
        with warnings.catch_warnings():
            # A conditional hyperparameter used by one trial warns; the caption says so for all.
            warnings.simplefilter("ignore")
            # No `target` here: PED-ANOVA would then take a lower accuracy for the better one.
            found = _evaluator(name, n).evaluate(study)
    except (ValueError, RuntimeError) as error:
        return {}, f"{name} failed: {error}"
    total = sum(found.values())
    # All zero means that nothing was found. Normalised, it would pass for equal importance.
    if not math.isfinite(total) or total <= 0:
        return {}, "no differences to explain"
    return {parameter: float(value) / total for parameter, value in found.items()}, ""


def _evaluator(name: str, n_completed: int) -> BaseImportanceEvaluator:
    if name == FANOVA:
        return FanovaImportanceEvaluator(seed=FANOVA_SEED)
    return PedAnovaImportanceEvaluator(target_quantile=max(0.1, MIN_TOP_TRIALS / n_completed))


def _role(family: FamilyRecord, parameter: str) -> str:
    role = family.roles.get(parameter, "")
    return role if role in ROLES else "not recorded"


def _size(computed: Importances, family: str) -> int:
    rows = computed.shares[computed.shares["family"] == family]
    return max(int(rows["hyperparameter"].nunique()), 2)


def _marker(role: str, evaluator: str) -> dict[str, object]:
    colour = dict(zip(ROLES, theme.PALETTE, strict=False))[role]
    return {
        "color": colour,
        "pattern": {"shape": PATTERNS[evaluator], "fgcolor": colour, "bgcolor": "white", "size": 5},
        "line": {"color": colour, "width": 1},
    }


def _add_family(drawing: go.Figure, computed: Importances, family: str, row: int) -> None:
    rows = computed.shares[computed.shares["family"] == family]
    problems = [
        (name, computed.problems[family, name])
        for name in PATTERNS
        if (family, name) in computed.problems
    ]
    if rows.empty:
        theme.explain(drawing, problems[0][1], row=row, col=1)
        drawing.update_xaxes(range=[0, 100], row=row, col=1)
        drawing.update_yaxes(showticklabels=False, row=row, col=1)
        return
    order = rows.groupby("hyperparameter")["share"].mean().sort_values().index
    # Plotly draws the groups of a horizontal bar chart from below: the last evaluator comes first.
    for evaluator in reversed(PATTERNS):
        bars = rows[rows["evaluator"] == evaluator].set_index("hyperparameter").reindex(order)
        drawing.add_bar(
            x=(100 * bars["share"]).round(1),
            y=[theme.plain(name) for name in order],
            orientation="h",
            marker={
                "color": [_marker(_known(role), evaluator)["color"] for role in bars["role"]],
                "pattern": {
                    "shape": PATTERNS[evaluator],
                    "fgcolor": [_marker(_known(role), evaluator)["color"] for role in bars["role"]],
                    "bgcolor": "white",
                    "size": 5,
                },
                "line": {
                    "color": [_marker(_known(role), evaluator)["color"] for role in bars["role"]],
                    "width": 1,
                },
            },
            showlegend=False,
            hovertemplate=f"%{{y}}: %{{x}} % ({evaluator})<extra></extra>",
            row=row,
            col=1,
        )


def _known(role: object) -> str:
    return role if isinstance(role, str) else "not recorded"


CHART = Chart(
    name="importance",
    title=TITLE,
    caption=(
        "How much of the differences in validation accuracy goes with each hyperparameter, among "
        "completed trials; the bars of one method add up to 100 %. Scientific hyperparameters are "
        "what the study compares, nuisance ones had to be tuned along. Plain bars are fANOVA, which "
        "looks at the whole range of accuracies; hatched bars are PED-ANOVA, which asks what sets "
        "the best trials (a tenth, but at least five) apart. fANOVA leaves out hyperparameters that "
        "not every trial has. From a few dozen trials both are rough estimates; believe what both "
        "say."
    ),
    section="hyperparameters",
    compute=compute,
    draw=draw,
    words=words,
)
