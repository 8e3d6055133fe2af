"""The notes that the dashboard shows beside studies: evidence to Markdown, all of it escaped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from analysis import display, follow_up, markdown_page
from analysis.answer import answer
from analysis.charts.base import Chart
from analysis.dashboard import figures
from analysis.document import Block, Code, Document, Items, Notice, Paragraph, Section
from analysis.evidence import Evidence
from analysis.labels import family_label, joined


def of_search(evidence: Evidence, family: str, *, study_ids: Mapping[str, int]) -> str:
    """Return the note of a family's search.

    Args:
        evidence: Of the whole study.
        family: Whose search it is.
        study_ids: The database's number of each Optuna study, by the last part of its name.
    """
    label = family_label(family)
    text = f"This is the search of {label}: each trial is one configuration, scored by its accuracy"
    note = _note(
        evidence,
        title=f"{label} in the study {evidence.study.name}",
        place=f"{text} on the validation images.",
        middle=_section("The budget", display.budgets(evidence)),
        charts=(*figures.OF_A_SEARCH, *figures.OF_THE_RESULTS),
    )
    winner = evidence.winners.get(family)
    return note if winner is None else note + _winners({family: winner.number}, study_ids)


def of_results(evidence: Evidence, *, study_ids: Mapping[str, int]) -> str:
    """Return the note of the retrained models; arguments as of `of_search`."""
    note = _note(
        evidence,
        title=f"Final results of the study {evidence.study.name}",
        place="These are the final results: each trial is one model that was trained from scratch "
        "and tested once on the test split, which the search never saw.",
        middle=_section("The comparison", display.comparison(evidence)),
        charts=figures.OF_THE_RESULTS,
    )
    return note + _winners(
        {family: trial.number for family, trial in evidence.winners.items()}, study_ids
    )


def trial_link(study_id: int, number: int) -> str:
    """Return a link to a trial within the dashboard, as Markdown."""
    return f"[trial {number}](/dashboard/studies/{study_id}/trials?numbers={number})"


def _note(
    evidence: Evidence, *, title: str, place: str, middle: Section, charts: Sequence[Chart]
) -> str:
    captions = tuple(f"{chart.title}. {chart.caption}" for chart in charts)
    sections = (
        _section("The question", Paragraph(text=_question(evidence)), Paragraph(text=place)),
        _section("The answer", *_answer(evidence)),
        middle,
        _section("How to reproduce this", *_reproduce(evidence)),
        _section("How to read the figures under History", Items(items=captions)),
    )
    document = Document(title=title, facts={}, notices=(), sections=sections)
    return markdown_page.render(document, {})


def _section(title: str, *blocks: Block) -> Section:
    return Section(anchor="", title=title, blocks=blocks)


def _question(evidence: Evidence) -> str:
    labels, dataset = [family_label(name) for name in evidence.families], evidence.study.dataset
    if len(labels) == 1:
        return f"How well does {labels[0]} classify {dataset.name}, and does augmentation help?"
    return (
        f"Which of {joined(labels)} classifies {dataset.name} best, by how much, and does "
        "augmentation help?"
    )


def _answer(evidence: Evidence) -> list[Block]:
    found = answer(evidence)
    blocks: list[Block] = [Notice(text=warning) for warning in found.warnings]
    if found.verdicts:
        blocks.append(Items(items=found.verdicts))
    return [*blocks, Paragraph(text=found.text)]


def _reproduce(evidence: Evidence) -> list[Block]:
    blocks: list[Block] = []
    commands = {str(family.settings.get("command") or "") for family in evidence.study.families}
    if known := sorted(commands - {""}):
        blocks += [Paragraph(text="The search was started with:"), Code(text="\n".join(known))]
    text = "The report names versions, seeds and images, and has all charts and tables:"
    return [*blocks, Paragraph(text=text), Code(text=follow_up.report(evidence))]


def _winners(numbers: Mapping[str, int], study_ids: Mapping[str, int]) -> str:
    """Return links to winners; made of numbers alone, as a link's text is not escaped."""
    links = [
        trial_link(study_ids[family], number)
        for family, number in numbers.items()
        if family in study_ids
    ]
    return f"\nWhy it won: {joined(links)}.\n" if links else ""
