"""A document as one HTML page that opens without a network."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from html import escape
from pathlib import Path
from string import Template

from plotly.offline import get_plotlyjs

from analysis import dark, theme
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

TEMPLATES = Path(__file__).with_name("page")
MAX_NARROW_COLUMNS = 4
MAX_UNBROKEN_CHARACTERS = 24

COMMAND = re.compile(r"python -m (?:study|analysis) .*$", re.DOTALL)
NUMBER_AND_UNIT = re.compile(
    r"(?<=\d) (?=(?:%|ms|s|min|h|MB|GB|points?|percentage)(?:\W|$))|(?<=\d) (?=±)|(?<=±) (?=\d)"
)
"""The spaces within a quantity, where no line is to break."""


def render(document: Document) -> str:
    """Return the page; every text of the document is escaped.

    Only the page's own two scripts may run: the content security policy names their hashes, and
    forbids all connections. Figures are data, which the second script hands to Plotly, in the
    colours of a light page; it looks up those of a dark one.
    """
    plotly_js = get_plotlyjs()
    draw_js = (TEMPLATES / "draw.js").read_text(encoding="utf-8")
    return _template("page.html").substitute(
        title=escape(document.title),
        style=(TEMPLATES / "style.css").read_text(encoding="utf-8"),
        script_hashes=f"{_source_hash(plotly_js)} {_source_hash(draw_js)}",
        body=body(document),
        look=json.dumps({"dark": dark.COLOURS, "titlePixels": theme.TITLE_PIXELS}),
        plotly_js=plotly_js,
        draw_js=draw_js,
    )


def body(document: Document) -> str:
    """Return what `render` puts into the page's body, but for its scripts."""
    return _template("body.html").substitute(
        title=escape(document.title),
        facts="\n".join(
            f"<div><dt>{escape(name)}</dt><dd>{escape(fact)}</dd></div>"
            for name, fact in document.facts.items()
        ),
        notices="\n".join(_notice(text) for text in document.notices),
        contents="\n".join(_entry(section) for section in document.sections),
        sections="\n".join(_section(section) for section in document.sections),
    )


def _template(name: str) -> Template:
    return Template((TEMPLATES / name).read_text(encoding="utf-8"))


def figure(block: FigureBlock) -> str:
    """Return the element of one figure, with its heading, its data and its caption."""
    name, title = escape(block.name), escape(block.title)
    # Its title is the heading's.
    height = int(block.figure.layout.height) - theme.TITLE_PIXELS
    size = f"min-width:{block.min_width_pixels}px;height:{height}px"
    # What it shows comes first, and stands for it where it cannot be seen.
    words = f'<p id="words-{name}">{_text(block.words)}</p>\n' if block.words else ""
    described = f"words-{name} caption-{name}" if words else f"caption-{name}"
    return (
        f'<figure id="figure-{name}" aria-labelledby="title-{name}">\n'
        f'<h3><span id="title-{name}">{title}</span>'
        f'<a href="#figure-{name}" aria-label="Link to this figure: {title}">#</a></h3>\n'
        f'<div class="scroll" tabindex="0" role="group" aria-labelledby="title-{name}">'
        f'<div class="chart plotly" id="chart-{name}" role="img" aria-label="Chart: {title}" '
        f'aria-describedby="{described}" style="{size}"></div></div>\n'
        f'<script type="application/json" data-figure="chart-{name}">'
        # Plotly writes "<" as an escape, so no text can end the script element.
        f"{block.json}</script>\n"
        f'<figcaption>\n{words}<p class="how" id="caption-{name}">{escape(block.caption)}</p>\n'
        "</figcaption>\n</figure>"
    )


def _entry(section: Section) -> str:
    figures = [block for block in section.blocks if isinstance(block, FigureBlock)]
    inner = "".join(
        f'<li><a href="#figure-{escape(figure.name)}">{escape(figure.title)}</a></li>'
        for figure in figures
    )
    nested = f"<ul>{inner}</ul>" if inner else ""
    return f'<li><a href="#{escape(section.anchor)}">{escape(section.title)}</a>{nested}</li>'


def _section(section: Section) -> str:
    anchor, title = escape(section.anchor), escape(section.title)
    blocks = "\n".join(_block(block) for block in section.blocks)
    return f'<section id="{anchor}">\n<h2>{title}</h2>\n{blocks}\n</section>'


def _block(block: Block) -> str:
    match block:
        case Paragraph(text=text):
            return f"<p>{_text(text)}</p>"
        case Notice(text=text):
            return _notice(text)
        case Items(items=items):
            return "<ul>" + "".join(f"<li>{_text(item)}</li>" for item in items) + "</ul>"
        case Code(text=text):
            return f'<pre tabindex="0"><code>{escape(text)}</code></pre>'
        case Table():
            return _table(block)
        case FigureBlock():
            return figure(block)


def _notice(text: str) -> str:
    return f'<p class="notice" role="note">{_text(text)}</p>'


def _table(table: Table) -> str:
    # Named roles, as a table whose rows are blocks is no table to a screen reader.
    head = "".join(
        f'<th scope="col" role="columnheader">{escape(column)}</th>' for column in table.columns
    )
    rows = "\n".join(_row(table.columns, row) for row in table.rows)
    caption = escape(table.caption)
    kinds = ["wide"] * (len(table.columns) > MAX_NARROW_COLUMNS) + ["stacks"] * table.stacks
    return (
        f'<div class="scroll" role="group" aria-label="{caption}" tabindex="0">'
        f'<table role="table" class="{" ".join(kinds)}">\n'
        f"<caption><span>{caption}</span></caption>\n"
        f'<thead role="rowgroup"><tr role="row">{head}</tr></thead>\n'
        f'<tbody role="rowgroup">\n{rows}\n</tbody></table></div>'
    )


def _row(columns: tuple[str, ...], row: tuple[str, ...]) -> str:
    first, *rest = row
    cells = "".join(_cell(column, text) for column, text in zip(columns[1:], rest, strict=True))
    head = f'<th scope="row" role="rowheader"{_kind(first)}>{_text(first)}</th>'
    return f'<tr role="row">{head}{cells}</tr>'


def _cell(column: str, text: str) -> str:
    label = f' data-label="{escape(column)}"'
    return f'<td role="cell"{_kind(text)}{label}>{_text(text)}</td>'


def _text(text: str) -> str:
    """Return a text escaped, its units with their numbers, a command at its end told apart."""
    said, command = text, ""
    if found := COMMAND.search(text):
        said, command = text[: found.start()], f"<code>{escape(found[0])}</code>"
    return NUMBER_AND_UNIT.sub("\N{NO-BREAK SPACE}", escape(said)) + command


def _kind(text: str) -> str:
    return ' class="text"' if len(text) > MAX_UNBROKEN_CHARACTERS else ""


def _source_hash(script: str) -> str:
    """Return a script's source expression for the content security policy (CSP level 3, 2.3.1)."""
    digest = hashlib.sha256(script.encode("utf-8")).digest()
    return f"'sha256-{base64.b64encode(digest).decode('ascii')}'"
