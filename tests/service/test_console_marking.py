"""How the text is cut and marked: every character stays, whatever the spans."""

from __future__ import annotations

import html
import re

from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st

from models.contracts import Evidence
from nlp.taxonomy import CODE_NAMES, Status
from service.console.marking import chunks, number, pieces
from service.console.templating import environment

LABEL = re.compile(r'<a class="fs-label[^>]*>[^<]*<span class="govuk-visually-hidden">: </span></a>')


def _span(text: str, start: int, end: int, code: str = "contact", status: Status = Status.ASSERTED) -> Evidence:
    return Evidence(start=start, end=end, quote=text[start:end], code=code, status=status, weight=0.1)


@st.composite
def _marked(draw: st.DrawFn) -> tuple[str, list[Evidence]]:
    text = draw(st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=80))
    spans = []
    for _ in range(draw(st.integers(0, 12))):
        start = draw(st.integers(0, len(text) - 1))
        end = draw(st.integers(start + 1, len(text)))
        spans.append(_span(text, start, end, draw(st.sampled_from(CODE_NAMES)), draw(st.sampled_from(Status))))
    return text, spans


@given(_marked())
def test_marking_keeps_every_character_under_the_right_marks(case: tuple[str, list[Evidence]]) -> None:
    text, evidence = case
    marks = number(evidence)
    found = pieces(text, marks)
    place = 0
    started = []
    for piece in found:
        plain = "".join(chr(int(c.text[2:], 16)) if c.odd else c.text for c in piece.chunks)
        # Only the carriage return of a line end is left out, and it may have been cut from its line feed.
        width = len(plain)
        while text[place : place + width].replace("\r\n", "\n") != plain and width <= len(text):
            width += 1
        covering = {m.number for m in marks if m.evidence.start <= place and place + width <= m.evidence.end}
        assert {m.number for m in piece.layers} <= covering
        assert len(piece.layers) == min(3, len(covering))
        assert all(m.evidence.start == place for m in piece.starts)
        started += [m.number for m in piece.starts]
        place += width
    assert place == len(text)
    assert sorted(started) == [m.number for m in marks]


@given(_marked())
def test_the_markup_nests_and_holds_the_text(case: tuple[str, list[Evidence]]) -> None:
    text, evidence = case
    macro = environment().get_template("macros.html").module.marked  # type: ignore[attr-defined]
    markup = "".join(macro(piece) for piece in pieces(text, number(evidence)))
    assert markup.count("<mark") == markup.count("</mark>")
    plain = html.unescape(re.sub(r"<[^>]+>", "", LABEL.sub("", markup)))
    expected = "".join(c.text for c in chunks(text))
    if not any("\r" in e.quote for e in evidence):
        assert plain == expected


def test_unasserted_marks_are_named_and_look_different() -> None:
    text = "He says he never rang."
    labels = {}
    for status in Status:
        (mark,) = number([_span(text, 11, 21, "contact", status)])
        labels[status] = mark.label
        assert ("fs-mark--unasserted" in mark.classes) == (status is not Status.ASSERTED)
    assert labels[Status.ASSERTED] == "Contact" and labels[Status.SUSPECT_ACCOUNT] == "Suspect says: contact"
    assert len(set(labels.values())) == len(Status)


def test_a_label_says_its_number_and_is_set_off_when_read_aloud() -> None:
    text = "He followed me home."
    macro = environment().get_template("macros.html").module.marked  # type: ignore[attr-defined]
    markup = "".join(macro(piece) for piece in pieces(text, number([_span(text, 3, 19, "following")])))
    assert (
        '>1 Following<span class="govuk-visually-hidden">: </span></a><span data-at="3">followed me home</span></mark>'
        in markup
    )


def test_three_hundred_marks_render(client: TestClient) -> None:
    text = "he rang me again " * 300
    evidence = [_span(text, 17 * n, 17 * n + 7, CODE_NAMES[n % len(CODE_NAMES)]) for n in range(300)]
    assert sum(len(piece.starts) for piece in pieces(text, number(evidence))) == 300
