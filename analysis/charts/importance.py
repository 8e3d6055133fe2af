"""How much each hyperparameter mattered, as two methods estimate it."""

from __future__ import annotations

import logging
import math
import warnings
from collections.abc import Sequence
from typing import NamedTuple

import optuna
import pandas as pd
import plotly.graph_objects as go
from optuna.importance import (
    BaseImportanceEvaluator,
    FanovaImportanceEvaluator,
    PedAnovaImportanceEvaluator,
)

from analysis import theme
from analysis.charts.base import Chart
from analysis.evidence import Evidence
from analysis.hyperparameters import ROLES, role
from analysis.labels import family_label, joined
from study.records import FamilyRecord, TrialRecord

TITLE = "Importance of each hyperparameter"
MIN_COMPLETED = 10
MIN_TOP_TRIALS = 5
MAX_FANOVA_TRIALS = 1000
FANOVA_SEED = 0
FANOVA, PED_ANOVA = "fANOVA", "PED-ANOVA"
BAR_PIXELS = 34
# Colours that stand for no family, in the order of ROLES.
ROLE_COLOURS = dict(zip(ROLES, ("#009E73", "#CC79A7", theme.FAINT), strict=True))
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
        study = rebuilt(family)
        for name in PATTERNS:
            shares, problem = _shares(study, name)
            if problem:
                problems[family.family, name] = problem
            rows += [
                (family.family, name, parameter, share, role(family, parameter))
                for parameter, share in shares.items()
            ]
    columns = ["family", "evaluator", "hyperparameter", "share", "role"]
    return Importances(evidence.families, pd.DataFrame(rows, columns=columns), problems)


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
    for evaluator in PATTERNS:
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
    """Say which hyperparameter mattered most, or that the two methods disagree."""
    sentences = []
    for family, rows in computed.shares.groupby("family", sort=False):
        top = rows.sort_values("share", ascending=False).groupby("evaluator", sort=False).head(1)
        named = [
            f"{row.hyperparameter} by {row.evaluator} ({100 * row.share:.0f} %)"
            for row in top.sort_values("evaluator", ascending=False).itertuples()
        ]
        agree = top["hyperparameter"].nunique() == 1
        note = "" if agree else "; the methods disagree, so take neither for granted"
        sentences.append(f"Most important for {family_label(str(family))}: {joined(named)}{note}.")
        sentences += [
            f"{evaluator} says nothing of {family_label(str(family))}: {problem}."
            for (owner, evaluator), problem in computed.problems.items()
            if owner == family
        ]
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
    names = [name for name in record.params if name in record.distributions]
    try:
        return optuna.trial.create_trial(
            params={name: record.params[name] for name in names},
            distributions={
                name: optuna.distributions.json_to_distribution(record.distributions[name])
                for name in names
            },
            value=record.value,
        )
    except ValueError as error:
        log.warning("Trial %d is left out of the importances: %s", record.number, error)
        return None


def _shares(study: optuna.Study, name: str) -> tuple[dict[str, float], str]:
    """Return each hyperparameter's share of the importance, or why there is none."""
    n = len(study.trials)
    if n < MIN_COMPLETED:
        return {}, f"too few completed trials ({n} of {MIN_COMPLETED})"
    if not any(trial.params for trial in study.trials):
        return {}, "no hyperparameters are recorded"
    if name == FANOVA and n > MAX_FANOVA_TRIALS:
        return {}, f"{name} is left out: it would take minutes for {n} trials"
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


def _size(computed: Importances, family: str) -> int:
    rows = computed.shares[computed.shares["family"] == family]
    return max(int(rows["hyperparameter"].nunique()), 2)


def _marker(roles: Sequence[str], evaluator: str) -> dict[str, object]:
    """Return the look of bars: colour by role, hatching by evaluator."""
    colours = [ROLE_COLOURS[name] for name in roles]
    return {
        "color": colours,
        "pattern": {
            "shape": PATTERNS[evaluator],
            "fgcolor": colours,
            "bgcolor": "white",
            "size": 5,
        },
        "line": {"color": colours, "width": 1},
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
        drawing.update_yaxes(showticklabels=False, row=row, col=1)
        return
    order = rows.groupby("hyperparameter")["share"].mean().sort_values().index
    roles = dict(zip(rows["hyperparameter"], rows["role"], strict=True))
    # Plotly draws the groups of a horizontal bar chart from below: the last evaluator comes first.
    for evaluator in reversed(PATTERNS):
        bars = rows[rows["evaluator"] == evaluator].set_index("hyperparameter").reindex(order)
        drawing.add_bar(
            x=(100 * bars["share"]).round(1),
            y=[_shown(name, roles[name]) for name in order],
            orientation="h",
            offsetgroup=evaluator,
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
        "How much of the differences in validation accuracy goes with each hyperparameter, among "
        "completed trials; the bars of one method add up to 100 %. Scientific hyperparameters, in "
        "bold, are what the study compares; nuisance ones had to be tuned along. Plain bars are "
        "fANOVA, which looks at the whole range of accuracies; hatched bars are PED-ANOVA, which "
        "asks what sets the best trials (a tenth, but at least five) apart. fANOVA leaves out "
        "hyperparameters that not every trial has. From a few dozen trials both are rough "
        "estimates; believe what both say."
    ),
    section="hyperparameters",
    compute=compute,
    draw=draw,
    words=words,
)
