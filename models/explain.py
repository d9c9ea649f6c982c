"""Why: what each marked span contributes, the FOUR with their evidence, and points for and against, in plain English.

The weight of a span is the change in the calibrated log-odds when its words are left out of what the document heads pool: the model's own computation,
asked again without the span, not a story written beside it. (The words around the
span were still read with it in place; ``training.evaluate`` measures how well the weights agree with really deleting the text.)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from models.actors import Link
from models.contracts import Evidence, Four, FourLetter, Point, Span
from models.decision import DecisionModel
from models.heads import AGAINST_NAMES
from models.reader import OnnxReader
from models.reading import FoundSpan, Reading, sigmoid, split_document
from nlp.taxonomy import AGAINST, BEHAVIOURS, BY_CODE, FOUR, FOUR_PLAIN, Status

# The codes that show each of the FOUR.
FOUR_CODES: dict[str, tuple[str, ...]] = {
    "fixated": ("following", "loitering", "watching", "monitoring", "research", "publishing", "proxy"),
    "obsessive": ("frequency", "duration", "monitoring", "research", "breach"),
    "unwanted": ("refusal", "breach"),
    "repeated": ("frequency", "duration", "history"),
}
UNASSERTED: dict[Status, str] = {
    Status.NEGATED: "is said not to have happened",
    Status.HYPOTHETICAL: "is only feared, advised or supposed",
    Status.SUSPECT_ACCOUNT: "is only the suspect's account",
    Status.OTHER_PARTY: "was done by, or to, someone else",
}
LEAST_FALL = 0.5  # Of a reason's log-odds, for a sentence to be named as what it rests on.
MOST_CELLS = 1_000_000  # Spans times tokens weighed in one call: bounds the memory of the longest text.


def weigh(reading: Reading, reader: OnnxReader, decision: DecisionModel) -> list[float]:
    """Return one weight a span of ``reading.spans``, in log-odds; positive speaks for stalking. Needs ``reading.states``."""
    if not reading.spans or reading.states is None:
        return [0.0] * len(reading.spans)
    whole = decision.log_odds(reading)
    weights: list[float] = []
    step = max(1, MOST_CELLS // len(reading.states))
    for at in range(0, len(reading.spans), step):
        group = reading.spans[at : at + step]
        masks = np.ones((len(group), len(reading.states)), dtype=np.float32)
        for row, span in enumerate(group):
            masks[row, span.tokens[0] : span.tokens[1]] = 0.0
        for keep, logits in zip(masks, reader.pool(reading.states, masks), strict=True):
            weights.append(whole - decision.log_odds(reading.without(keep, logits)))
    return weights


def quote(text: str, span: FoundSpan) -> Span:
    """Return the contract's span."""
    return Span(start=span.start, end=span.end, quote=text[span.start : span.end])


def evidence(
    text: str, reading: Reading, weights: list[float], links: Sequence[Link | None] | None = None
) -> list[Evidence]:
    """Return every marked span with its status and weight, and who does it to whom where that is plain, in the order of the text."""
    pairs = links if links is not None else [None] * len(reading.spans)
    return [
        Evidence(
            **quote(text, s).model_dump(),
            code=s.code,
            status=s.status,
            weight=round(w, 4),
            actor=found.actor if found else None,
            target=found.target if found else None,
        )
        for s, w, found in zip(reading.spans, weights, pairs, strict=True)
    ]


def four(text: str, reading: Reading) -> Four:
    """Return the FOUR, each with the asserted spans that show it."""
    probabilities = sigmoid(reading.document["four"])
    letters = {}
    for name, p in zip(FOUR, probabilities, strict=True):
        shown = [quote(text, s) for s in reading.spans if s.code in FOUR_CODES[name] and s.status is Status.ASSERTED]
        letters[name] = FourLetter(present=bool(p >= 0.5), probability=round(float(p), 4), evidence=shown)
    return Four(**letters)


def points_for(text: str, reading: Reading, shown: Four) -> list[Point]:
    """Return the FOUR that are present, then each kind of act described."""
    points = []
    for name in FOUR:
        letter: FourLetter = getattr(shown, name)
        if letter.present:
            points.append(Point(code=name, text=f"{name.capitalize()}: {FOUR_PLAIN[name]}", evidence=letter.evidence))
    for code in BEHAVIOURS:
        spans = [s for s in reading.spans if s.code == code.code and s.status is Status.ASSERTED]
        if spans:
            paragraph = f" (PHA 1997 s.2A(3){code.paragraph})" if code.paragraph else ""
            points.append(
                Point(
                    code=code.code,
                    text=f"{code.title}{paragraph}: {code.plain}",
                    evidence=[quote(text, s) for s in spans],
                )
            )
    return points


def rests_on(reading: Reading, reader: OnnxReader, entries: Sequence[tuple[int, int]]) -> dict[str, tuple[int, int]]:
    """Return, for each reason against that is more likely than not, the entry or sentence it rests on most.

    That is the one without whose words its logit falls furthest, where it falls by LEAST_FALL at least: a reason such as *one occasion* often rests on no
    sentence, but on what is not there. Of a very long text only the first entries are tried (MOST_CELLS).
    """
    logits = reading.document["against"]
    holding = [at for at in range(len(AGAINST_NAMES)) if logits[at] >= 0]
    if not holding or reading.states is None or len(entries) < 2:
        return {}
    tried = entries[: max(1, MOST_CELLS // len(reading.states))]
    at = np.array([(s + e) / 2 for s, e in reading.offsets])
    masks = np.array([(at < s) | (at >= e) for s, e in tried], dtype=np.float32)
    without = np.array([split_document(row)["against"] for row in reader.pool(reading.states, masks)])
    found = {}
    for column in holding:
        first = int(without[:, column].argmin())
        if logits[column] - without[first, column] >= LEAST_FALL:
            found[AGAINST_NAMES[column]] = tried[first]
    return found


def points_against(
    text: str, reading: Reading, own: Sequence[Span] = (), rests: Mapping[str, tuple[int, int]] | None = None
) -> list[Point]:
    """Return the reasons against that the reader finds more likely than not, then acts that are not asserted or are the injured party's ``own``, which ``reading`` lacks.

    ``rests``: where each reason stands in the text, by its code.
    """
    points = []
    probabilities = dict(zip(AGAINST_NAMES, sigmoid(reading.document["against"]), strict=True))
    for code, p in sorted(probabilities.items(), key=lambda item: -item[1]):
        if p >= 0.5:
            where = [rests[code]] if rests and code in rests else []
            quoted = [Span(start=s, end=e, quote=text[s:e]) for s, e in where]
            points.append(Point(code=code, text=AGAINST[code], evidence=quoted))
    for status, words in UNASSERTED.items():
        spans = [s for s in reading.spans if s.status is status]
        if spans:
            kinds = ", ".join(dict.fromkeys(BY_CODE[s.code].title.lower() for s in spans))
            points.append(
                Point(
                    code=status.value,
                    text=f"Some of what is described ({kinds}) {words}.",
                    evidence=[quote(text, s) for s in spans],
                )
            )
    if own:
        words = "Some of what is described reads as done by the injured party; it is not counted as an occasion."
        points.append(Point(code="own_act", text=words, evidence=list(own)))
    if not any(s.status is Status.ASSERTED and BY_CODE[s.code].behaviour for s in reading.spans):
        whose = "No act of another person" if own else "No act associated with stalking"
        points.append(Point(code="no_act", text=f"{whose} was found in the text.", evidence=[]))
    return points
