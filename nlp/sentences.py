"""Sentences and log entries. A call log has few full stops: a line, or a time of day at the start of a line, begins an entry."""

from __future__ import annotations

from spacy.language import Language
from spacy.tokens import Doc

_ENDS = {".", "!", "?", "…"}
_CLOSERS = {'"', "'", ")", "]", "’", "”"}
# A full stop after these does not end a sentence.
_SHORTHAND = {
    "mr",
    "mrs",
    "ms",
    "dr",
    "st",
    "rd",
    "no",
    "approx",
    "ref",
    "cllr",
    "pc",
    "sgt",
    "insp",
    "hrs",
    "prev",
    "poss",
}


@Language.component("foursight_sentences")
def mark_sentences(doc: Doc) -> Doc:
    """Set ``is_sent_start`` on every token."""
    begin = True
    for index, token in enumerate(doc):
        token.is_sent_start = begin or index == 0
        begin = False
        if token.is_space and "\n" in token.text:
            begin = True
        elif token.text in _ENDS:
            before = doc[index - 1].lower_ if index else ""
            following = doc[index + 1] if index + 1 < len(doc) else None
            closes = following is not None and following.text in _CLOSERS
            begin = not closes and not (token.text == "." and before in _SHORTHAND)
        elif token.text in _CLOSERS and index and doc[index - 1].text in _ENDS:
            begin = True
    return doc
