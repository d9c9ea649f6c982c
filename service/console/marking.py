"""The text of a report with its evidence marked, cut so that overlapping spans nest properly.

HTML cannot express spans that cross. So the text is cut at every start and end, and each piece carries all the spans
that cover it; a span's label stands before its first piece only.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from markupsafe import Markup, escape

from models.contracts import Evidence
from nlp.taxonomy import BY_CODE, CODE_NAMES, Status
from service.console.words import STATUS_PREFIX

# Layers that are drawn; a piece under more spans keeps all its labels but shows only these underlines.
MAX_LAYERS = 3
# Characters that turn or hide the text around them: shown by name, so that a report cannot be made to look different.
_TURNING = (
    "\u00ad\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\u200b\u2060-\u2064\ufeff\u2028\u2029\U000e0000-\U000e007f"
)
# Those, and every control character (category Cc) but the line feed and the tab.
_ODD = re.compile(f"[{_TURNING}\x00-\x08\x0b-\x1f\x7f-\x9f]")


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
    """Characters that are shown as they are, or one character shown by its name. ``at`` is the offset in the text."""

    text: str
    odd: bool = False
    at: int = 0


@dataclass(frozen=True)
class Piece:
    """A stretch under the same spans throughout. ``layers`` run from the outermost in; ``places`` are entries of the timeline that start here."""

    chunks: Sequence[Chunk]
    layers: Sequence[Mark]
    starts: Sequence[Mark]
    places: Sequence[int] = ()


def number(evidence: Sequence[Evidence]) -> list[Mark]:
    """Evidence in the order of the text, numbered."""
    ordered = sorted(evidence, key=lambda e: (e.start, -e.end, CODE_NAMES.index(e.code)))
    return [Mark(n, item) for n, item in enumerate(ordered, start=1)]


def pieces(text: str, marks: Sequence[Mark], places: Mapping[int, int] | None = None) -> list[Piece]:
    """Cut ``text`` at the bounds of every mark. Joined again, the chunks that are not odd are the text.

    ``places`` gives further offsets that something links to, each by its number.
    """
    linked: dict[int, list[int]] = {}
    for place, at in (places or {}).items():
        if 0 <= at < len(text):
            linked.setdefault(at, []).append(place)
    drawn = [m for m in marks if 0 <= m.evidence.start < m.evidence.end <= len(text)]
    bounds = {0, len(text), *linked}
    opening: dict[int, list[Mark]] = {}
    for mark in drawn:
        bounds |= {mark.evidence.start, mark.evidence.end}
        opening.setdefault(mark.evidence.start, []).append(mark)
    found: list[Piece] = []
    active: list[Mark] = []
    for start, end in pairwise(sorted(bounds)):
        starts = opening.get(start, [])
        active = [m for m in active if m.evidence.end > start] + starts
        # The innermost layer is the one drawn closest to the words: what is asserted, then what is shortest.
        order = sorted(active, key=lambda m: (m.asserted, m.evidence.start - m.evidence.end, m.number))
        found.append(Piece(chunks(text[start:end], start), order[-MAX_LAYERS:], starts, linked.get(start, ())))
    return found


def shown(text: str) -> Markup:
    """Words of a report outside its own frame (a quotation, a name): the same care, and apart from the direction of the line around them."""
    parts = [Markup('<span class="fs-odd">{}</span>').format(c.text) if c.odd else escape(c.text) for c in chunks(text)]
    return Markup("<bdi>{}</bdi>").format(Markup("").join(parts))


def plain(text: str) -> str:
    """The same where no markup can stand, as in a page's title."""
    return "".join(f"[{c.text}]" if c.odd else c.text for c in chunks(text))


def chunks(text: str, at: int = 0) -> list[Chunk]:
    """Split off control and direction characters; markup needs nothing here, the template escapes it. ``at``: where ``text`` starts."""
    found: list[Chunk] = []
    plain = 0
    for odd in _ODD.finditer(text):
        place = odd.start()
        if plain < place:
            found.append(Chunk(text[plain:place], at=at + plain))
        plain = place + 1
        # The carriage return of a Windows line end is not worth showing.
        if not (text[place] == "\r" and text[plain : plain + 1] == "\n"):
            found.append(Chunk(f"U+{ord(text[place]):04X}", odd=True, at=at + place))
    if plain < len(text):
        found.append(Chunk(text[plain:], at=at + plain))
    return found
