"""Adding spans found by character offsets to a spaCy group, one place for the alignment rule."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from spacy.tokens import Doc, Span, SpanGroup

Stretch = tuple[int, int]


@dataclass(frozen=True)
class Marked:
    """A text and the (start, end, label) character spans of each group that the pipeline found in it, in the order of the text; nothing of spaCy."""

    text: str
    groups: Mapping[str, Sequence[tuple[int, int, str]]] = field(hash=False)

    def spans(self, group: str) -> Sequence[tuple[int, int, str]]:
        """The spans of a group; none where the pipeline has no such group."""
        return self.groups.get(group, ())


def add_group(doc: Doc, name: str, found: Iterable[tuple[int, int, str]]) -> None:
    """Store (start, end, label) character spans in ``doc.spans[name]``; a later overlap with an earlier span is dropped.

    The exact character offsets are kept in the group's attributes, because a spaCy span widens to whole tokens.
    """
    spans: list[Span] = []
    exact: list[tuple[int, int, str]] = []
    taken = 0
    for start, end, label in sorted(found, key=lambda f: (f[0], -f[1])):
        if start < taken:
            continue
        span = doc.char_span(start, end, label=label, alignment_mode="expand")
        if span is not None:
            spans.append(span)
            exact.append((start, end, label))
            taken = end
    doc.spans[name] = SpanGroup(doc, name=name, spans=spans, attrs={"exact": exact})


def exact_spans(doc: Doc, name: str) -> list[tuple[int, int, str]]:
    """Return the (start, end, label) character spans of a group, in the order of the text."""
    return list(doc.spans[name].attrs["exact"]) if name in doc.spans else []


def marked(doc: Doc) -> Marked:
    """Return what the pipeline found in a text."""
    return Marked(doc.text, {name: exact_spans(doc, name) for name in doc.spans})
