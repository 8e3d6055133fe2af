"""What `import analysis` offers: a study's frames, figures and words. docs/api.md shows each.

Every function takes the keywords of `analysis.source.Source`: `storage` and `name`, or
`optuna_study`, or the `evidence` that `load` returned. Accuracies, gaps, differences and margins
are shares: 0.01 is one percentage point. All other units stand in a column's name.
"""

from __future__ import annotations

from pathlib import Path
from typing import Unpack

import pandas as pd
import plotly.graph_objects as go

from analysis import effect_frames, frames, report, tables
from analysis.answer import Answer, answer
from analysis.charts import CHARTS
from analysis.evidence import Evidence
from analysis.press import started
from analysis.report import ReportFiles
from analysis.source import Source, evidence_of
from study.errors import ConfigError
from study.report_folder import default_folder


def conclusion(**source: Unpack[Source]) -> Answer:
    """Return what the report opens with; `print` shows it, its parts are plain text."""
    return answer(evidence_of(**source))


def verdicts(**source: Unpack[Source]) -> pd.DataFrame:
    """Return one row a comparison of two winners: families, and with augmentation or without.

    Returns:
        `first_` and `second_family` and `_augmented`; `word` (BETTER, EQUIVALENT or UNDECIDED);
        `difference` of test accuracy, first less second, in [-1, 1], its interval `low` to `high`
        at `confidence`; the `margin`; `probability` that the first is better, in [0, 1];
        `n_more_seeds` that would decide it; `n_seeds`; `sentence`. What cannot be said is missing.
    """
    return frames.verdicts(evidence_of(**source))


def comparison(**source: Unpack[Source]) -> pd.DataFrame:
    """Return the main table: one row per family, configuration and augmentation.

    Returns:
        Means over `n_seeds` models, see `analysis.tables.comparison`.
    """
    return evidence_of(**source).comparison.copy()


def trials(**source: Unpack[Source]) -> pd.DataFrame:
    """Return one row a trial of the searches, in any state.

    Returns:
        `family`, `trial`, `state`, `validation_accuracy` in [0, 1] (of completed trials), what was
        spent, who proposed it, why it failed; see `analysis.tables.TRIAL_COLUMNS`.
    """
    return evidence_of(**source).trials.copy()


def curves(**source: Unpack[Source]) -> pd.DataFrame:
    """Return one row a trial and epoch, with its `validation_accuracy` in [0, 1]."""
    return evidence_of(**source).curves.copy()


def configurations(*, family: str, **source: Unpack[Source]) -> pd.DataFrame:
    """Return one row a trial of a family, indexed by its number, one column a hyperparameter.

    Raises:
        ConfigError: If the study has no such family.
        StudyError: As `load` raises it.
    """
    evidence = evidence_of(**source)
    if family not in evidence.families:
        raise ConfigError(f"Unknown family {family!r}. Known: {', '.join(evidence.families)}.")
    return tables.hyperparameters(evidence.family(family)).infer_objects()


def retrained(**source: Unpack[Source]) -> pd.DataFrame:
    """Return one row a retrained model, with its `test_accuracy` in [0, 1] and its cost."""
    return evidence_of(**source).retrained.copy()


def by_class(**source: Unpack[Source]) -> pd.DataFrame:
    """Return one row a retrained model and class, with `precision`, `recall` and `f1`."""
    return evidence_of(**source).by_class.copy()


def budgets(**source: Unpack[Source]) -> pd.DataFrame:
    """Return one row a family: what its search was given and spent.

    Returns:
        `family`, `n_trials`, `n_completed`, `n_pruned`, `n_failed`, `n_epochs`, `seconds` and
        `flops` of training, `pruned_share` in [0, 1]; see `analysis.ledger.Account`.
    """
    return frames.budgets(evidence_of(**source))


def fairness(**source: Unpack[Source]) -> pd.DataFrame:
    """Return one row a question of the checklist: `question`, `passed`, `problems`, `remedy`."""
    return frames.fairness(evidence_of(**source))


def luck(**source: Unpack[Source]) -> pd.DataFrame:
    """Return one row a winner: how far the search's score flatters it.

    Returns:
        `family`, `trial`, `n_completed` trials; the accuracies `searched`, `fresh` (mean over fresh
        seeds), `tested` and `tested_augmented`; the `luck`, searched less fresh, with the interval
        of one more run, `low` to `high` at `confidence`. What was not measured is missing.
    """
    return effect_frames.luck(evidence_of(**source))


def effects(**source: Unpack[Source]) -> pd.DataFrame:
    """Return one row an effect of two families: of family, of augmentation, their interaction.

    Returns:
        `first_family`, `second_family`, `effect`, its `mean` in test accuracy with the interval
        `low` to `high` at `confidence`, `n_seeds`.
    """
    return effect_frames.effects(evidence_of(**source))


def ablation(**source: Unpack[Source]) -> pd.DataFrame:
    """Return one row a step of each path from a named configuration to the present winner.

    Returns:
        `family`, `baseline`, `winner` (its trial), `step` from 0, which is the named one; what was
        `changed`, `before` and `after`; the mean `validation_accuracy` and its `gain` over the step
        before, with the interval `low` to `high` at `confidence`, `n_seeds`.
    """
    return effect_frames.ablation(evidence_of(**source))


def f1_changes(**source: Unpack[Source]) -> pd.DataFrame:
    """Return one row a winner and class: what augmentation changed of its F1 score.

    Returns:
        `family`, `class`, `change` and its interval `low` to `high`; the intervals of all classes
        of a family hold together at 95 %.
    """
    return effect_frames.f1_changes(evidence_of(**source))


def expected_best(**source: Unpack[Source]) -> pd.DataFrame:
    """Return one row a family and number of trials: the best to expect of a random search.

    Returns:
        `family`, `n_trials`, the expected best `validation_accuracy`, and `low` to `high`, within
        which four of five such searches end.
    """
    return effect_frames.expected_best(evidence_of(**source))


def importance(**source: Unpack[Source]) -> pd.DataFrame:
    """Return one row a family, method and hyperparameter; takes a second or more a family.

    Returns:
        `family`, `evaluator` (fANOVA or PED-ANOVA), `hyperparameter`, `role`, its `share` of the
        importance in [0, 1] with the 90 % interval `low` to `high`, and `top_stability`, the share
        of resamples with the same hyperparameter on top. A method that can say nothing of a family
        has one row with the `problem` instead.
    """
    return frames.importance(evidence_of(**source))


def figure(chart: str, /, **source: Unpack[Source]) -> go.Figure:
    """Return one of the report's figures; `CHARTS[chart].caption` says how to read it.

    Raises:
        ConfigError: If there is no such chart.
        StudyError: As `load` raises it.
    """
    if chart not in CHARTS:
        raise ConfigError(f"Unknown chart {chart!r}. Known: {', '.join(CHARTS)}.")
    return _drawn(chart, evidence_of(**source))


def figures(**source: Unpack[Source]) -> dict[str, go.Figure]:
    """Return all figures of the report by name, in its order."""
    evidence = evidence_of(**source)
    return {chart: _drawn(chart, evidence) for chart in CHARTS}


def write_report(
    *, out: Path | None = None, png: bool = True, **source: Unpack[Source]
) -> ReportFiles:
    """Write the report into a folder, over an earlier one, and return its files.

    Args:
        out: The folder; made if need be. If not given: `reports/NAME`.
        png: Whether to have a browser draw the PNG files and print the PDF.
        source: See above.

    Raises:
        ConfigError: If the folder cannot be written.
        StudyError: As `load` raises it.
    """
    with started(wanted=png) as press:
        evidence = evidence_of(**source)
        folder = out or default_folder(evidence.study.name)
        return report.write_evidence(evidence, out=folder, press=press)


def _drawn(chart: str, evidence: Evidence) -> go.Figure:
    return CHARTS[chart].draw(CHARTS[chart].compute(evidence))
