"""A document as Markdown (GitHub flavour), with the figures as pictures where there are any."""

from __future__ import annotations

import re
from collections.abc import Mapping
from html import escape as escape_html

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

_SPECIAL = re.compile(r"([\\`*_\[\]|~#!])")


def render(document: Document, pictures: Mapping[str, str]) -> str:
    """Return the report as Markdown; every text of the document is escaped.

    Args:
        document: The report.
        pictures: Relative path of each figure's picture by the figure's name; may lack some.
    """
    parts = [f"# {_escape(document.title)}"]
    parts.append("\n".join(f"- {_escape(k)}: {_escape(v)}" for k, v in document.facts.items()))
    parts += [f"> **{_escape(notice)}**" for notice in document.notices]
    parts += [_section(section, pictures) for section in document.sections]
    return "\n\n".join(part for part in parts if part) + "\n"


def _section(section: Section, pictures: Mapping[str, str]) -> str:
    blocks = [_block(block, pictures) for block in section.blocks]
    return "\n\n".join([f"## {_escape(section.title)}", *blocks])


def _block(block: Block, pictures: Mapping[str, str]) -> str:
    match block:
        case Paragraph(text=text):
            return _escape(text)
        case Notice(text=text):
            return f"> **{_escape(text)}**"
        case Items(items=items):
            return "\n".join(f"- {_escape(item)}" for item in items)
        case Code(text=text):
            # Indented, because a fence could be closed by what stands inside it.
            return "\n".join(f"    {line}" for line in text.splitlines())
        case Table():
            return _table(block)
        case FigureBlock(name=name, title=title, caption=caption, words=words):
            picture = f"![{_escape(title)}]({pictures[name]})" if name in pictures else ""
            parts = (f"### {_escape(title)}", picture, _escape(words), _escape(caption))
            return "\n\n".join(part for part in parts if part)


def _table(table: Table) -> str:
    lines = [
        _row(table.columns),
        "| " + " | ".join("---" for _ in table.columns) + " |",
        *(_row(row) for row in table.rows),
    ]
    return f"{_escape(table.caption)}\n\n" + "\n".join(lines)


def _row(cells: tuple[str, ...]) -> str:
    return "| " + " | ".join(_escape(cell) for cell in cells) + " |"


def _escape(text: str) -> str:
    """Return the text on one line, with all that Markdown or HTML would interpret made plain."""
    return _SPECIAL.sub(r"\\\1", escape_html(" ".join(text.split()), quote=False))
