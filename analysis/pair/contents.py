"""What stands on the page of two studies, in which order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from analysis import display, follow_up, gaps, verdict_words
from analysis.charts import differences
from analysis.document import (
    Block,
    Code,
    Document,
    FigureBlock,
    Items,
    Notice,
    Paragraph,
    Section,
    Table,
)
from analysis.evidence import Evidence
from analysis.labels import MISSING, augmentation_label, family_label
from analysis.pair import winners, words
from analysis.pair.evidence import Pair
from analysis.pair.facts import Fact
from analysis.pair.runs import Runs, retrained
from analysis.statistics.verdict import CONFIDENCE

DIFFERENCES_CAPTION = (
    "Each filled symbol is the difference of two means over seeds, and the bar its 95 % interval. "
    "In the grey band differences are too small to matter. A bar that ends before zero decides for "
    "one study, one within the grey band shows that there is no difference worth having, any other "
    "leaves it open."
)


def compose(pair: Pair, *, generated: datetime) -> Document:
    """Return the page of two studies.

    Args:
        pair: What is known.
        generated: Date for the heading.
    """
    first, second = pair.labels
    return Document(
        title=f"{first} and {second} compared",
        facts={
            "First study": first,
            "Second study": second,
            "Dataset": " and ".join(
                dict.fromkeys(known.study.dataset.name for known in pair.studies)
            ),
            "Report made": generated.strftime("%Y-%m-%d %H:%M %Z").strip(),
        },
        notices=tuple(
            f"{label} used another dataset than was wanted: {why}"
            for label, known in pair.named()
            if (why := known.study.dataset.substitute_for)
        ),
        sections=tuple(
            Section(anchor=anchor, title=title, blocks=tuple(blocks(pair)))
            for anchor, (title, blocks) in SECTIONS.items()
        ),
    )


def _answer(pair: Pair) -> list[Block]:
    blocks: list[Block] = [Notice(text=text) for text in words.warnings(pair)]
    if verdicts := words.verdicts(pair):
        blocks.append(Items(items=verdicts))
    blocks.append(Paragraph(text=words.explanation(pair)))
    if pair.runs:
        blocks += [_verdicts(pair), _differences(pair)]
    return blocks


def _winners(pair: Pair) -> list[Block]:
    drawn = FigureBlock(
        name=winners.NAME,
        title=winners.TITLE,
        caption=winners.CAPTION,
        figure=winners.draw(winners.compute(pair)),
        min_width_pixels=320,
    )
    return [_side_by_side(pair), drawn, _stacked(pair, display.winners)]


def _different(pair: Pair) -> list[Block]:
    return _facts(pair, pair.different, "What differs, or is recorded of one study alone.")


def _in_common(pair: Pair) -> list[Block]:
    rows = tuple((fact.what, fact.values[0] or MISSING) for fact in pair.in_common)
    if not rows:
        return [Paragraph(text="Nothing that is recorded.")]
    return [Table(caption="What is the same of both.", columns=("What", "Both"), rows=rows)]


def _budgets(pair: Pair) -> list[Block]:
    return [_stacked(pair, display.budgets)]


def _missing(pair: Pair) -> list[Block]:
    items = tuple(
        f"{label}: {sentence}" for label, known in pair.named() for sentence in gaps.gaps(known)
    )
    return [Items(items=items) if items else Paragraph(text="Nothing that this page looks for.")]


def _reproduce(pair: Pair) -> list[Block]:
    blocks: list[Block] = []
    for label, known in pair.named():
        if commands := follow_up.all_of(known):
            blocks += [Paragraph(text=f"{label}:"), Code(text="\n".join(commands))]
        else:
            blocks.append(Paragraph(text=f"{label}: the command is not recorded."))
    blocks += [Paragraph(text="This page:"), Code(text=follow_up.compare(*pair.studies))]
    return blocks


_Blocks = Callable[[Pair], list[Block]]

SECTIONS: dict[str, tuple[str, _Blocks]] = {
    "answer": ("The answer", _answer),
    "winners": ("The winners side by side", _winners),
    "different": ("Where they differ", _different),
    "in-common": ("What they have in common", _in_common),
    "budgets": ("What each search was given", _budgets),
    "missing": ("What is missing", _missing),
    "reproduce": ("How to reproduce this", _reproduce),
}
"""Title and blocks of each section by anchor, in reading order."""


def _verdicts(pair: Pair) -> Table:
    first, second = pair.labels
    return Table(
        caption=(
            f"What may be concluded. The difference is of test accuracy, {first} less {second}; "
            "its interval covers seeds and test images. “Surely” is how surely the first is the "
            "better one."
        ),
        columns=(
            "Winner",
            "Verdict",
            "Difference (percentage points)",
            f"{100 * CONFIDENCE:.3g} % interval (percentage points)",
            "Surely",
            "Seeds",
        ),
        rows=tuple(_verdict_row(runs) for runs in pair.runs),
    )


def _verdict_row(runs: Runs) -> tuple[str, ...]:
    verdict = runs.verdict
    return (
        _question(runs),
        verdict.word,
        verdict_words.signed(runs.difference),
        MISSING if verdict.difference is None else verdict_words.ends(verdict),
        verdict_words.probability(verdict),
        " and ".join(str(len(seeds)) for seeds in runs.seeds),
    )


def _differences(pair: Pair) -> FigureBlock:
    rows = tuple(_difference_row(runs) for runs in pair.runs)
    title = "Differences between the studies"
    computed = differences.Differences(rows, round(100 * pair.margin, 4), title)
    first, second = pair.labels
    return FigureBlock(
        name="differences",
        title=title,
        caption=f"To the right {first} is ahead, to the left {second}. {DIFFERENCES_CAPTION}",
        figure=differences.draw(computed),
        min_width_pixels=320,
    )


def _difference_row(runs: Runs) -> differences.Row:
    known = runs.verdict.difference is not None
    return differences.Row(
        question=_question(runs),
        word=runs.verdict.word,
        seeds=(),
        differences=(),
        mean=round(100 * runs.difference, 3),
        low=round(100 * runs.verdict.low, 3) if known else None,
        high=round(100 * runs.verdict.high, 3) if known else None,
    )


def _side_by_side(pair: Pair) -> Table:
    conditions = [(family, augmented) for family in pair.families for augmented in (False, True)]
    return Table(
        caption=(
            "Test accuracy of the winners, retrained from scratch without augmentation (no) and "
            "with it (yes): mean ± standard deviation over n seeds."
        ),
        columns=(
            "Family",
            "Augmentation",
            *(f"Test accuracy, {label}" for label in pair.labels),
            *(f"Parameters, {label}" for label in pair.labels),
        ),
        rows=tuple(_side_row(pair, *condition) for condition in conditions),
    )


def _side_row(pair: Pair, family: str, augmented: bool) -> tuple[str, ...]:
    found = [retrained(known, family, augmented) for known in pair.studies]
    return (
        family_label(family),
        "yes" if augmented else "no",
        *(
            words.scores([one.test_accuracy for one in results]) if results else MISSING
            for results in found
        ),
        *(_parameters(known, family) for known in pair.studies),
    )


def _parameters(known: Evidence, family: str) -> str:
    winner = known.winners.get(family)
    if winner is None or winner.n_parameters is None:
        return MISSING
    return f"{winner.n_parameters:,}"


def _stacked(pair: Pair, table: Callable[[Evidence], Table]) -> Table:
    """Return one table of both studies, whose name stands first in each row."""
    tables = [(label, table(known)) for label, known in pair.named()]
    return Table(
        caption=tables[0][1].caption,
        columns=("Study", *tables[0][1].columns),
        rows=tuple((label, *row) for label, found in tables for row in found.rows),
    )


def _facts(pair: Pair, facts: Sequence[Fact], caption: str) -> list[Block]:
    if not facts:
        return [Paragraph(text="Nothing that is recorded.")]
    rows = tuple((fact.what, *(value or MISSING for value in fact.values)) for fact in facts)
    return [Table(caption=caption, columns=("What", *pair.labels), rows=rows)]


def _question(runs: Runs) -> str:
    return f"{family_label(runs.family)}, {augmentation_label(runs.augmented)}"
