"""The text of a report with its evidence marked, cut so that overlapping spans nest properly.

HTML cannot express spans that cross. So the text is cut at every start and end, and each piece carries all the spans
that cover it; a span's label stands before its first piece only.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from markupsafe import Markup, escape

from models.contracts import Evidence
from nlp.taxonomy import BY_CODE, CODE_NAMES, Status
from service.console.words import STATUS_PREFIX

# Layers that are drawn; a piece under more spans keeps all its labels but shows only these underlines.
MAX_LAYERS = 3
# Characters that turn or hide the text around them: shown by name, so that a report cannot be made to look different.
_TURNING = frozenset(
    "\u00ad\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200b\u2060\u2061\u2062\u2063\u2064\ufeff\u2028\u2029"
) | {chr(tag) for tag in range(0xE0000, 0xE0080)}
_KEPT = frozenset("\n\t")


@dataclass(frozen=True)
class Mark:
    """One span of evidence as the page shows it. ``number`` is its place in the list of evidence, from 1."""

    number: int
    evidence: Evidence

    @property
    def title(self) -> str:
        return BY_CODE[self.evidence.code].title

    @property
    def asserted(self) -> bool:
        return self.evidence.status is Status.ASSERTED

    @property
    def label(self) -> str:
        prefix = STATUS_PREFIX[self.evidence.status]
        return f"{prefix}: {self.title.lower()}" if prefix else self.title

    @property
    def classes(self) -> str:
        kind = "fs-mark--behaviour" if BY_CODE[self.evidence.code].behaviour else "fs-mark--context"
        status = "fs-mark--asserted" if self.asserted else "fs-mark--unasserted"
        return f"{kind} {status} fs-code-{self.evidence.code}"


@dataclass(frozen=True)
class Chunk:
    """Characters that are shown as they are, or one character shown by its name."""

    text: str
    odd: bool = False


@dataclass(frozen=True)
class Piece:
    """A stretch under the same spans throughout. ``layers`` run from the outermost in."""

    chunks: Sequence[Chunk]
    layers: Sequence[Mark]
    starts: Sequence[Mark]


def number(evidence: Sequence[Evidence]) -> list[Mark]:
    """Evidence in the order of the text, numbered."""
    ordered = sorted(evidence, key=lambda e: (e.start, -e.end, CODE_NAMES.index(e.code)))
    return [Mark(n, item) for n, item in enumerate(ordered, start=1)]


def pieces(text: str, marks: Sequence[Mark]) -> list[Piece]:
    """Cut ``text`` at the bounds of every mark. Joined again, the chunks that are not odd are the text."""
    drawn = [m for m in marks if 0 <= m.evidence.start < m.evidence.end <= len(text)]
    bounds = sorted({0, len(text)} | {m.evidence.start for m in drawn} | {m.evidence.end for m in drawn})
    opening: dict[int, list[Mark]] = {}
    for mark in drawn:
        opening.setdefault(mark.evidence.start, []).append(mark)
    found: list[Piece] = []
    active: list[Mark] = []
    for start, end in pairwise(bounds):
        starts = opening.get(start, [])
        active = [m for m in active if m.evidence.end > start] + starts
        # The innermost layer is the one drawn closest to the words: what is asserted, then what is shortest.
        order = sorted(active, key=lambda m: (m.asserted, m.evidence.start - m.evidence.end, m.number))
        found.append(Piece(chunks(text[start:end]), order[-MAX_LAYERS:], starts))
    return found


def shown(text: str) -> Markup:
    """Words of a report outside its own frame (a quotation, a name): the same care, and apart from the direction of the line around them."""
    parts = [Markup('<span class="fs-odd">{}</span>').format(c.text) if c.odd else escape(c.text) for c in chunks(text)]
    return Markup("<bdi>{}</bdi>").format(Markup("").join(parts))


def plain(text: str) -> str:
    """The same where no markup can stand, as in a page's title."""
    return "".join(f"[{c.text}]" if c.odd else c.text for c in chunks(text))


def chunks(text: str) -> list[Chunk]:
    """Split off control and direction characters; markup needs nothing here, the template escapes it."""
    found: list[Chunk] = []
    plain = 0
    for place, character in enumerate(text):
        if character not in _TURNING and (character in _KEPT or unicodedata.category(character) != "Cc"):
            continue
        if plain < place:
            found.append(Chunk(text[plain:place]))
        plain = place + 1
        # The carriage return of a Windows line end is not worth showing.
        if not (character == "\r" and text[plain : plain + 1] == "\n"):
            found.append(Chunk(f"U+{ord(character):04X}", odd=True))
    if plain < len(text):
        found.append(Chunk(text[plain:]))
    return found
