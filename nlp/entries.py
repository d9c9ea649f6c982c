"""The entries of a report: a call log's timed lines, or else its sentences. What stands in one entry was written of one thing."""

from __future__ import annotations

import re

from spacy.language import Language
from spacy.tokens import Doc

from nlp.spans import add_group

TIMED, SENTENCE = "timed", "sentence"
# A log entry begins with a time of day, with or without its date, at the beginning of the text, of a line or of a sentence.
_TIMED = re.compile(
    r"(?:(?<=^)|(?<=\n)|(?<=[.;|!?]\s)|(?<=[.;|!?]\s\s))[\[(]?(?:\d{1,2}/\d{1,2}(?:/\d{2,4})?\s)?"
    r"(?P<clock>(?:[01]\d|2[0-3]):?[0-5]\d)(?::[0-5]\d)?(?:\s?hrs)?[\])]?(?=[\s:,-]+\S)"
)
# A full stop ends a sentence unless a single letter, a title or a number stands before it and no space after.
_END = re.compile(r"(?<!\b[A-Za-z])(?<!\bMr)(?<!\bMrs)(?<!\bDr)(?<!\bapprox)(?<!\bno)[.!?]+[\"'”’)]*(?=\s|$)|\n+")


def clock_at(text: str, entry: int) -> int | None:
    """Return where the time of day stands with which the entry that begins at ``entry`` opens, None where it opens with none."""
    match = _TIMED.match(text, entry)
    return match.start("clock") if match else None


@Language.component("foursight_entries")
def find_entries(doc: Doc) -> Doc:
    """Fill ``doc.spans["entries"]`` with labels ``timed`` (two or more such lines) or ``sentence``; together they cover every word."""
    text = doc.text
    starts = [m.start() for m in _TIMED.finditer(text)]
    if len(starts) >= 2:
        edges = [(s, TIMED) for s in starts]
        if text[: starts[0]].strip():
            edges.insert(0, (0, SENTENCE))
    else:
        edges = [(0, SENTENCE), *((m.end(), SENTENCE) for m in _END.finditer(text))]
    found = []
    for (start, label), end in zip(edges, [s for s, _ in edges[1:]] + [len(text)], strict=True):
        piece = text[start:end]
        if piece.strip():
            found.append((start + len(piece) - len(piece.lstrip()), start + len(piece.rstrip()), label))
    add_group(doc, "entries", found)
    return doc
