"""Replace stretches of a text and carry every other offset through exactly."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple


class Edit(NamedTuple):
    """``text[start:end]`` becomes ``new``."""

    start: int
    end: int
    new: str


@dataclass(frozen=True)
class Rewritten:
    """A text after its edits. ``edits`` are in the order of the old text and do not overlap."""

    text: str
    edits: tuple[Edit, ...]

    def move(self, start: int, end: int) -> tuple[int, int]:
        """Return where ``old[start:end]`` stands now. A span that begins or ends inside an edit is widened to the whole of it."""
        return self._at(start, before=True), self._at(end, before=False)

    def _at(self, offset: int, before: bool) -> int:
        shift = 0
        for edit in self.edits:
            if edit.end <= offset:
                shift += len(edit.new) - (edit.end - edit.start)
            elif edit.start < offset:
                return edit.start + shift + (0 if before else len(edit.new))
            else:
                break
        return offset + shift


def rewrite(text: str, edits: Sequence[Edit]) -> Rewritten:
    """Apply edits; raises ValueError where two overlap or one lies outside the text."""
    ordered = tuple(sorted(edits))
    parts, at = [], 0
    for edit in ordered:
        if not at <= edit.start < edit.end <= len(text):
            raise ValueError("edits overlap or lie outside the text")
        parts += [text[at : edit.start], edit.new]
        at = edit.end
    return Rewritten("".join([*parts, text[at:]]), ordered)
