"""What one encoder pass says of one report: spans, entities and document probabilities, before any decision.

Decoding turns token probabilities into spans. It is pure numpy, so training, evaluation and serving decode alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

import numpy as np

from models.heads import (
    DOCUMENT_COLUMNS,
    DOCUMENT_GROUPS,
    RELATIONSHIP_NAMES,
    STATUS_NAMES,
    TOKEN_COLUMNS,
)
from models.windows import Floats, Window
from nlp.taxonomy import BY_CODE, CODE_NAMES, Status

_ACTS = [at for at, code in enumerate(CODE_NAMES) if BY_CODE[code].behaviour]


@dataclass(frozen=True)
class FoundSpan:
    """A decoded span. ``tokens`` index the core tokens."""

    start: int
    end: int
    code: str
    status: Status
    tokens: tuple[int, int]


@dataclass(frozen=True)
class Reading:
    """The reader's output for one report.

    ``document``: logits by group name. ``states``, where kept, is float32 [core tokens, hidden]: what the document heads pool, so
    that an explanation can leave tokens out without another encoder pass; ``offsets`` are those tokens' characters.

    ``token_marks`` float32 [core tokens, codes]: the log-odds that a token is of a code, and for a behaviour that it is asserted. ``marks`` float32 [codes]: those
    of the surest token of each, before spans are cut, so that a faint mark counts a little and a clear one much. ``roles``: see ``role_probabilities``.
    """

    spans: list[FoundSpan]
    document: dict[str, Floats]
    marks: Floats
    states: Floats | None = field(default=None, repr=False)
    offsets: Sequence[tuple[int, int]] = field(default=(), repr=False)
    token_marks: Floats | None = field(default=None, repr=False)
    roles: Floats | None = field(default=None, repr=False)

    def without(self, keep: Floats, logits: Floats) -> Reading:
        """Return the reading as it stands with some tokens left out: ``keep`` float32 [core tokens], ``logits`` what the document heads then say."""
        assert self.token_marks is not None
        return replace(self, document=split_document(logits), marks=surest(self.token_marks[keep > 0]))


def sigmoid(x: Floats) -> Floats:
    """Return the logistic function, safe at both ends."""
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(x, -30.0, 30.0))), dtype=np.float32)


def softmax(x: Floats) -> Floats:
    """Return the softmax over the last axis."""
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return np.asarray(e / e.sum(axis=-1, keepdims=True), dtype=np.float32)


FAINTEST = 1e-4  # No token is less, or more, likely than this to be of a code.


def mark_tokens(logits: Floats) -> Floats:
    """Return ``Reading.token_marks`` of the logits of core tokens."""
    likely = sigmoid(logits[:, TOKEN_COLUMNS["in"]])
    asserted = softmax(logits[:, TOKEN_COLUMNS["status"]])[:, STATUS_NAMES.index(Status.ASSERTED.value)]
    likely[:, _ACTS] *= asserted[:, None]
    likely = likely.clip(FAINTEST, 1 - FAINTEST)
    return np.asarray(np.log(likely / (1 - likely)), dtype=np.float32)


def surest(token_marks: Floats) -> Floats:
    """Return the highest of each code over tokens, as ``Reading.marks``; of no token, the least that can be."""
    least = np.log(FAINTEST / (1 - FAINTEST))
    return np.asarray(token_marks.max(axis=0, initial=least), dtype=np.float32)


def split_document(logits: Floats) -> dict[str, Floats]:
    """Name the columns of one document's logits."""
    return {name: logits[DOCUMENT_COLUMNS[name]] for name in DOCUMENT_GROUPS}


def core_tokens(windows: Sequence[Window], values: Sequence[Floats]) -> tuple[Floats, list[tuple[int, int]]]:
    """Keep the rows of core tokens of all windows of a document: [N, columns], and the N character offsets."""
    kept = [v[np.asarray(w.core, dtype=bool)] for w, v in zip(windows, values, strict=True)]
    offsets = [o for w in windows for o, c in zip(w.offsets, w.core, strict=True) if c]
    return np.concatenate(kept), offsets


# Chosen on dev for the F1 of spans: tokens this likely are inside; a gap of so many tokens that are not unlikely is bridged, so that one phrase is one
# span; a span needs one token this sure; a new span begins inside another only where that is nearly certain.
INSIDE, BRIDGE, PEAK, BEGIN = 0.4, 3, 0.65, 0.9
# Marks that belong to what they open or close.
_OPENING, _CLOSING = "\"'“‘(£$€@#+", "\"'”’)!?%"


def decode_spans(text: str, logits: Floats, offsets: Sequence[tuple[int, int]]) -> list[FoundSpan]:
    """Join neighbouring tokens that a code covers into spans of whole words, in the order of the text."""
    inside = sigmoid(logits[:, TOKEN_COLUMNS["in"]])
    begin = sigmoid(logits[:, TOKEN_COLUMNS["begin"]])
    status = softmax(logits[:, TOKEN_COLUMNS["status"]])
    found: list[FoundSpan] = []
    for column, code in enumerate(CODE_NAMES):
        for first, stop in _runs(inside[:, column], begin[:, column]):
            start, end = _trimmed(text, *_whole_words(text, offsets[first][0], offsets[stop - 1][1]))
            if start >= end:
                continue
            said = Status(STATUS_NAMES[int(status[first:stop].mean(axis=0).argmax())])
            found.append(
                FoundSpan(start, end, code, said if BY_CODE[code].behaviour else Status.ASSERTED, (first, stop))
            )
    return sorted(found, key=lambda s: (s.start, s.end, s.code))


def _runs(inside: Floats, begin: Floats) -> list[tuple[int, int]]:
    """Return the token ranges [first, stop) of one code."""
    on = inside > INSIDE
    tokens = np.flatnonzero(on)
    for left, right in pairwise(tokens):
        if 1 < right - left <= BRIDGE + 1 and inside[left + 1 : right].min() > INSIDE / 2:
            on[left:right] = True
    runs = []
    first = 0
    while first < len(on):
        stop = first + 1
        if on[first]:
            while stop < len(on) and on[stop] and begin[stop] <= BEGIN:
                stop += 1
            if inside[first:stop].max() >= PEAK:
                runs.append((first, stop))
        first = stop
    return runs


def _whole_words(text: str, start: int, end: int) -> tuple[int, int]:
    """Widen to whole words: a span never cuts a word that the tokenizer split."""
    while 0 < start < len(text) and text[start - 1].isalnum() and text[start].isalnum():
        start -= 1
    while 0 < end < len(text) and text[end - 1].isalnum() and text[end].isalnum():
        end += 1
    return start, end


def _trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    """Leave out punctuation and spaces at the edges, so that no quote begins with a comma."""
    while start < end and not text[start].isalnum() and text[start] not in _OPENING:
        start += 1
    while start < end and not text[end - 1].isalnum() and text[end - 1] not in _CLOSING:
        end -= 1
    return start, end


def role_probabilities(logits: Floats) -> Floats:
    """Return what part each token's person has in the matter, float32 [core tokens, roles]; it says something of persons' names only."""
    return softmax(logits[:, TOKEN_COLUMNS["role"]])


def relationship_probabilities(reading: Reading) -> dict[str, float]:
    """Return the probability of each relationship."""
    values = softmax(reading.document["relationship"])
    return {name: float(p) for name, p in zip(RELATIONSHIP_NAMES, values, strict=True)}
