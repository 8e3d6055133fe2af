"""A document as Markdown: texts stay texts, whatever they hold."""

from __future__ import annotations

import pytest
from markdown_it import MarkdownIt

from analysis import markdown_page
from analysis.document import Document, Items, Notice, Paragraph, Section, Table

PLAIN = {"text", "text_special", "softbreak", "strong_open", "strong_close"}
"""What a line may hold: a notice is printed bold."""


@pytest.mark.parametrize(
    "text",
    [
        "[a](https://example.org)",
        "![a](https://example.org/a.png)",
        "`a`",
        "*a*",
        "_a_",
        "~~a~~",
        "# a",
        "a | b",
        "<b>a</b>",
        "a\\*b*",
    ],
)
def test_a_text_is_no_markup_wherever_it_stands(text):
    blocks = (
        Paragraph(text=text),
        Items(items=(text,)),
        Table(caption=text, columns=("A", text), rows=((text, "c"),)),
        Notice(text=text),
    )
    document = Document(
        title=text,
        facts={text: text},
        notices=(text,),
        sections=(Section(anchor="", title=text, blocks=blocks),),
    )
    page = markdown_page.render(document, {})
    tokens = MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(page)
    assert {child.type for one in tokens for child in one.children or ()} <= PLAIN
    assert [one.type for one in tokens].count("td_open") == 2
    assert [one.type for one in tokens].count("heading_open") == 2
    shown = [one for token in tokens for one in token.children or () if one.type != "softbreak"]
    assert "".join(one.content for one in shown).count(text) == 11
