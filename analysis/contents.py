"""What stands in the report, in which order: evidence to document."""

from __future__ import annotations

from datetime import datetime

from analysis import display, follow_up, gaps, glossary, theme
from analysis.answer import answer
from analysis.charts import CHARTS
from analysis.charts.base import Chart
from analysis.checklist import check_all
from analysis.document import (
    Block,
    Code,
    Document,
    Draw,
    FigureBlock,
    Items,
    Notice,
    Paragraph,
    Section,
    Table,
)
from analysis.evidence import Evidence
from analysis.labels import MISSING, family_label, joined, percent
from analysis.selection import selected, sentence
from study.records import DatasetRecord

SECTIONS = {
    "answer": "The answer",
    "comparison": "The comparison",
    "certainty": "How sure is that?",
    "results": "The retrained winners in detail",
    "search": "The search",
    "hyperparameters": "What the hyperparameters did",
    "cost": "Accuracy and cost",
    "checklist": "Was it fair?",
    "missing": "What is missing",
    "words": "Words used here",
    "reproduce": "How to reproduce this",
}
"""Titles of the sections by anchor, in reading order; a chart names the one it stands in."""


SETTINGS = {
    "trials": "trials of each family",
    "epochs": "epochs of a whole trial",
    "finalists": "finalists trained from fresh seeds",
    "measured": "configurations drawn at random",
    "seeds": "seeds of each retrained model",
    "draws": "samples retrained on",
    "baselines": "named configurations retrained too",
    "threads_per_worker": "threads of each worker",
}
"""What settings are called where their name does not say it."""


def compose(evidence: Evidence, *, generated: datetime, draw: Draw | None = None) -> Document:
    """Return the whole report of a study.

    Args:
        evidence: What is known.
        generated: Date for the heading.
        draw: Is handed each figure as soon as it is made.
    """
    blocks: dict[str, list[Block]] = {anchor: [] for anchor in SECTIONS}
    found = answer(evidence)
    if found.verdicts:
        blocks["answer"].append(Items(items=found.verdicts))
    blocks["answer"] += [Notice(text=warning) for warning in found.warnings]
    blocks["answer"].append(Paragraph(text=found.text))
    if table := display.verdicts(evidence):
        blocks["certainty"].append(table)
    blocks["comparison"] += [display.comparison(evidence), *_winners(evidence)]
    blocks["search"].append(display.budgets(evidence))
    for chart in CHARTS.values():
        figure = _chart(chart, evidence)
        if draw:
            draw(figure)
        blocks[chart.section].append(figure)
    blocks["checklist"] += _checklist(evidence)
    blocks["missing"] += _missing(evidence)
    blocks["words"].append(glossary.table(evidence))
    blocks["reproduce"] += _reproduce(evidence)
    return Document(
        title=f"Architecture study {evidence.study.name}",
        facts=_facts(evidence, generated),
        notices=_notices(evidence.study.dataset),
        sections=tuple(
            Section(anchor=anchor, title=title, blocks=tuple(blocks[anchor]))
            for anchor, title in SECTIONS.items()
        ),
    )


def _chart(chart: Chart, evidence: Evidence) -> FigureBlock:
    computed = chart.compute(evidence)
    drawing = chart.draw(computed)
    words = chart.words(computed) if chart.words else ""
    if not words and (reason := theme.reason_of_emptiness(drawing)):
        # Whoever reads the text alone is to know, too.
        end = "" if "python -m" in reason else "."
        words = f"Nothing is shown here. {reason[:1].upper()}{reason[1:]}{end}"
    return FigureBlock(
        name=chart.name,
        title=chart.title,
        caption=chart.caption,
        figure=drawing,
        min_width_pixels=chart.min_width_pixels,
        words=words,
    )


def _winners(evidence: Evidence) -> list[Block]:
    if not evidence.winners:
        return []
    found = selected(evidence)
    return [
        display.winners(evidence),
        Paragraph(
            text="Winners were chosen by validation accuracy alone. The best of many trials owes "
            "part of its score to luck, so only the test accuracies above compare families."
        ),
        display.selection(found),
        Items(items=tuple(sentence(one, family_label(one.family)) for one in found)),
    ]


def _facts(evidence: Evidence, generated: datetime) -> dict[str, str]:
    """Return the header: data set, sizes, date; what is not recorded is left out."""
    dataset = evidence.study.dataset
    sizes = (
        ("training", dataset.n_train),
        ("validation", dataset.n_validation),
        ("test", dataset.n_test),
    )
    images = [f"{size:,} for {what}" for what, size in sizes if size is not None]
    fraction = "" if dataset.fraction is None else percent(dataset.fraction, digits=0)
    facts = {
        "Dataset": dataset.name,
        "Images": joined(images),
        "Sample": f"{fraction} of the training split" if fraction else "",
        "Families": joined([family_label(family) for family in evidence.families]),
        "Report made": generated.strftime("%Y-%m-%d %H:%M %Z").strip(),
    }
    return {name: fact for name, fact in facts.items() if fact}


def _notices(dataset: DatasetRecord) -> tuple[str, ...]:
    if not dataset.substitute_for:
        return ()
    return (f"Another dataset was used: {dataset.name}. Why: {dataset.substitute_for}",)


def _checklist(evidence: Evidence) -> list[Block]:
    checks = check_all(evidence)
    n_passed = sum(check.passed for check in checks)
    text = f"{n_passed} of {len(checks)} questions passed."
    return [Paragraph(text=text), display.checklist(checks)]


def _missing(evidence: Evidence) -> list[Block]:
    blocks: list[Block] = []
    if sentences := gaps.gaps(evidence):
        blocks.append(Items(items=sentences))
    if rows := gaps.failures(evidence):
        blocks.append(
            Table(
                caption="Failed trials by reason.",
                columns=("Family", "Reason", "Trials"),
                rows=tuple((family_label(name), reason, str(n)) for name, reason, n in rows),
            )
        )
    return blocks or [Paragraph(text="Nothing that this report looks for.")]


def _reproduce(evidence: Evidence) -> list[Block]:
    blocks: list[Block] = []
    if commands := follow_up.all_of(evidence):
        blocks += [
            Paragraph(text="The study and this report can be made anew by:"),
            Code(text="\n".join(commands)),
        ]
    else:
        blocks.append(Paragraph(text="The command that started the search is not recorded."))
    if settings := _settings(evidence):
        blocks.append(settings)
    seeds = sorted({int(seed) for seed in evidence.retrained["seed"]})
    if seeds:
        listed = ", ".join(map(str, seeds))
        blocks.append(Paragraph(text=f"Seeds of the retrained models: {listed}."))
    blocks += _provenance(evidence)
    return blocks


def _settings(evidence: Evidence) -> Table | None:
    """Return what each search was asked for, one row a setting."""
    families = evidence.study.families
    names = dict.fromkeys(name for family in families for name in family.settings)
    rows = [name for name in names if name != "command"]
    if not rows:
        return None
    return Table(
        caption="What each search was asked for.",
        columns=("Setting", *(family_label(family.family) for family in families)),
        rows=tuple(
            (
                SETTINGS.get(name, name),
                *(_shown(family.settings.get(name)) for family in families),
            )
            for name in rows
        ),
    )


def _shown(setting: object) -> str:
    # One that belongs to the other search engine is None.
    if isinstance(setting, bool):
        return "yes" if setting else "no"
    return MISSING if setting is None else str(setting)


def _provenance(evidence: Evidence) -> list[Block]:
    """Return versions and the digests of the images."""
    blocks: list[Block] = []
    if versions := _versions(evidence):
        rows = tuple(versions)
        blocks.append(
            Table(caption="Versions of the run.", columns=("Library", "Version"), rows=rows)
        )
    dataset = evidence.study.dataset
    if dataset.sample_seed is not None:
        text = f"The sample of the training split was drawn with seed {dataset.sample_seed}."
        blocks.append(Paragraph(text=text))
    if dataset.digests:
        blocks.append(
            Table(
                caption="SHA-256 of the dataset's arrays.",
                columns=("Array", "SHA-256"),
                rows=tuple((name, digest) for name, digest in dataset.digests.items()),
            )
        )
    return blocks


def _versions(evidence: Evidence) -> list[tuple[str, str]]:
    """Return (library, version) of all families' runs, without repetition."""
    pairs = [
        (str(name), str(version))
        for family in evidence.study.families
        for name, version in family.versions.items()
    ]
    return sorted(set(pairs))
