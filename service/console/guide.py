"""The labelling guide as a page: what counts as what, with an anchor for every section and every code."""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import count
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response
from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup

from nlp.taxonomy import BY_CODE
from service.console.templating import render
from service.problems import Problem

router = APIRouter(include_in_schema=False)
GUIDE = Path(__file__).parents[2] / "datasets" / "labelling-guide.md"
# Written for whoever makes the corpus; a reviewer needs the sections before and after it.
_LEFT_OUT = "Record format"
_CLASSES = {
    "paragraph_open": "govuk-body",
    "bullet_list_open": "govuk-list govuk-list--bullet",
    "ordered_list_open": "govuk-list govuk-list--number",
    "table_open": "govuk-table",
    "thead_open": "govuk-table__head",
    "tbody_open": "govuk-table__body",
    "tr_open": "govuk-table__row",
    "th_open": "govuk-table__header",
    "td_open": "govuk-table__cell",
    "blockquote_open": "govuk-inset-text",
}
_HEADINGS = {"h1": "govuk-heading-l", "h2": "govuk-heading-m", "h3": "govuk-heading-s"}


@router.get("/guide")
def guide(request: Request) -> Response:
    try:
        sections = read(GUIDE)
    except OSError:
        raise Problem(404, "the labelling guide is not installed here; it is datasets/labelling-guide.md.") from None
    return render(request, "guide.html", **sections)


@lru_cache(maxsize=1)
def read(path: Path) -> dict[str, Any]:
    """The guide as markup, and its sections as (anchor, title). The file is ours and raw HTML in it is off."""
    reader = MarkdownIt("commonmark", {"html": False}).enable("table")
    tokens = _without(reader.parse(path.read_text(encoding="utf-8")), _LEFT_OUT)
    sections: list[tuple[str, str]] = []
    for at, token in enumerate(tokens):
        if token.type == "heading_open":
            title = tokens[at + 1].content
            token.attrs |= {"class": _HEADINGS.get(token.tag, "govuk-heading-s"), "id": slug(title)}
            if token.tag == "h2":
                sections.append((slug(title), re.sub(r"^\d+\. ", "", title)))
        elif token.type in _CLASSES:
            token.attrs["class"] = _CLASSES[token.type]
        if token.type == "th_open":
            token.attrs["scope"] = "col"
        if token.type == "tr_open" and (code := _code(tokens, at)):
            token.attrs["id"] = code
            _name(tokens, at, code)
    body = reader.renderer.render(tokens, reader.options, {})
    numbers = count(1)
    frame = '<div class="fs-scroll" tabindex="0" role="region" aria-label="Table {}"><table'
    body = re.sub("<table", lambda _: frame.format(next(numbers)), body)
    return {"body": Markup(body.replace("</table>", "</table></div>")), "sections": sections}


def slug(title: str) -> str:
    return "-".join(re.findall(r"[a-z0-9]+", re.sub(r"^\d+\. ", "", title).lower()))


def _without(tokens: list[Token], title: str) -> list[Token]:
    """The tokens less the section of that title."""
    kept, skipping = [], False
    for at, token in enumerate(tokens):
        if token.type == "heading_open" and token.tag == "h2":
            skipping = title in tokens[at + 1].content
        if not skipping:
            kept.append(token)
    return kept


def _name(tokens: list[Token], at: int, code: str) -> None:
    """The row's first cell in the words of the console, its code after them."""
    cell = next(token for token in tokens[at : at + 3] if token.type == "inline")
    cell.children = [Token("text", "", 0, content=f"{BY_CODE[code].title} "), *(cell.children or [])]


def _code(tokens: list[Token], at: int) -> str:
    """The code that a table's row is about: its first cell, where that is one of the taxonomy's."""
    first = next((token.content.strip("`") for token in tokens[at : at + 3] if token.type == "inline"), "")
    return first if first in BY_CODE else ""
