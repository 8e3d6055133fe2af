"""The note that the dashboard shows beside a family's winner: why it won, and what became of it."""

from __future__ import annotations

import math
from collections.abc import Mapping

from analysis import markdown_page
from analysis.dashboard.notes import trial_link
from analysis.document import Block, Document, Items, Paragraph, Section, Table
from analysis.evidence import Evidence
from analysis.labels import (
    MISSING,
    augmentation_label,
    family_label,
    joined,
    mean_and_spread,
    percent,
    points,
    trial_label,
    value_text,
)
from study.records import RETRAINED, WINNER, TrialRecord, same_value


def of_winner(evidence: Evidence, family: str, *, study_ids: Mapping[str, int]) -> str:
    """Return the note of the winner of a family that has one.

    Args:
        evidence: Of the whole study.
        family: Whose winner it is.
        study_ids: The database's number of each Optuna study, by the last part of its name.
    """
    trial = evidence.winners[family]
    # A list: the dashboard may show a trial's page many screens wide, and breaks no line.
    sections = [
        Section(anchor="", title="Its rank", blocks=(Items(items=_rank(evidence, family)),))
    ]
    named = _best_named(evidence, family)
    if named is not None:
        table = _differences(trial, named)
        sections.append(Section(anchor="", title="What sets it apart", blocks=(table,)))
    sections.append(Section(anchor="", title="Retrained", blocks=(_retrained(evidence, family),)))
    document = Document(
        title=f"Trial {trial.number}, the winner of {family_label(family)}",
        facts={},
        notices=(),
        sections=tuple(sections),
    )
    return markdown_page.render(document, {}) + _links(evidence, family, study_ids)


def _rank(evidence: Evidence, family: str) -> tuple[str, ...]:
    """Return what was best about it, by how much, and how much of that may be luck."""
    winner, completed = evidence.winners[family], _completed(evidence, family)
    account = next(one for one in evidence.ledger if one.family == family)
    n_images = evidence.study.dataset.n_validation
    is_best = completed[0].number == winner.number
    sentences = [
        f"Of {account.n_trials} trials, {len(completed)} were trained to the end.",
        f"Among these it has the highest validation accuracy, {percent(_score(winner))}."
        if is_best
        else f"Among these it scored {percent(_score(winner))}, not the most; trained again from "
        "fresh seeds it was the best of the finalists.",
    ]
    if is_best and len(completed) > 1:
        second = completed[1]
        sentences.append(
            f"The next is {trial_label(second.number, second.sampler)} with "
            f"{percent(_score(second))}, {points(_score(winner) - _score(second))} behind."
        )
    if winner.baseline:
        sentences.append(f"It is the named configuration {value_text(winner.baseline)}.")
    elif winner.sampler:
        sentences.append(f"It was proposed by {value_text(winner.sampler)}.")
    if n_images:
        error = math.sqrt(_score(winner) * (1 - _score(winner)) / n_images)
        sentences.append(
            f"{n_images:,} validation images give a score a standard error of {points(error)}."
        )
    return (*sentences, "The best of many owes part of its score to luck.")


def _best_named(evidence: Evidence, family: str) -> TrialRecord | None:
    """Return the best completed named configuration beside the winner; None without one."""
    winner = evidence.winners[family]
    named = [trial for trial in _completed(evidence, family) if trial.baseline]
    return next((trial for trial in named if trial.number != winner.number), None)


def _differences(winner: TrialRecord, named: TrialRecord) -> Table:
    """Return the hyperparameters in which the winner differs from a named configuration."""
    names = dict.fromkeys([*winner.params, *named.params])
    return Table(
        caption=f"Where it differs from {value_text(named.baseline)}, the best named configuration "
        f"beside it, which reached {percent(_score(named))}.",
        columns=("Hyperparameter", f"Trial {winner.number}", f"{value_text(named.baseline)}"),
        rows=tuple(
            (name, _value(winner, name), _value(named, name))
            for name in names
            if not same_value(winner.params.get(name), named.params.get(name))
        ),
    )


def _retrained(evidence: Evidence, family: str) -> Block:
    rows = evidence.comparison
    rows = rows[(rows["family"] == family) & (rows["configuration"] == WINNER)]
    items = tuple(
        f"{augmentation_label(bool(row['augmented']))}: test accuracy "
        f"{mean_and_spread(row['test_accuracy'], row['test_accuracy_sd'], row['n_seeds'])}"
        for _, row in rows.iterrows()
        if row["n_seeds"] > 0
    )
    if not items:
        return Paragraph(
            text="It has not been retrained yet, so no test image has been shown to it."
        )
    return Items(items=items)


def _links(evidence: Evidence, family: str, study_ids: Mapping[str, int]) -> str:
    """Return links to the retrained models; made of numbers alone, as they are not escaped."""
    links = [
        trial_link(study_ids[RETRAINED], result.number)
        for result in evidence.results
        if (result.family, result.configuration) == (family, WINNER) and RETRAINED in study_ids
    ]
    return f"\nRetrained as {joined(links)} of the final results.\n" if links else ""


def _completed(evidence: Evidence, family: str) -> list[TrialRecord]:
    """Return the completed trials that have a score, the best first."""
    trials = [
        trial
        for trial in evidence.family(family).trials
        if trial.state == "COMPLETE" and trial.value is not None and math.isfinite(trial.value)
    ]
    return sorted(trials, key=lambda trial: (-_score(trial), trial.number))


def _score(trial: TrialRecord) -> float:
    return trial.value or 0.0


def _value(trial: TrialRecord, name: str) -> str:
    return value_text(trial.params[name]) if name in trial.params else MISSING
