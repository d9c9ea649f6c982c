"""What, if it were otherwise, would change the suggestion; and so, which questions would settle a report.

Each change is computed: the findings of the reader are set as they would stand if one fact were other (a second occasion, a dispute behind it, …), or the spans of one
kind of act are left out of what the document heads pool, and the decision is asked again. Only changes that alter the suggestion are told.

The reader's overall impression is one of the links that the decision rests on, and was formed with the facts as they were. A supposition that settles the fact
which held the report back would change it, so there it is held at what the facts alone now say, no higher. Everywhere else it stays as read.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from models.contracts import Change
from models.decision import DecisionModel, counts_as_evidence, links, weakest
from models.heads import DOCUMENT_GROUPS
from models.reader import OnnxReader
from models.reading import Reading, sigmoid
from models.rules import ACTS, DATA, Facts
from nlp.taxonomy import BY_CODE, Status, Suggestion

SET = 6.0  # The logit of a finding made certain: 99.8%. The decision rests on the weakest link, so a fact supposed away must be away.


@dataclass(frozen=True)
class Supposition:
    """One fact supposed other. ``findings``: group, name → True or False. ``doubt``: the finding whose probability says how open the fact is."""

    text: str
    findings: Mapping[tuple[str, str], bool]
    doubt: tuple[str, str]
    question: str


SUPPOSITIONS: tuple[Supposition, ...] = (
    Supposition(
        "If it had happened on three separate days or more",
        {("occasions", "1"): True, ("occasions", "2"): True, ("occasions", "3+"): True, ("four", "repeated"): True, ("against", "single_occasion"): False},
        ("occasions", "2"), "occasions",
    ),
    Supposition(
        "If it had all happened on one occasion",
        {("occasions", "2"): False, ("occasions", "3+"): False, ("four", "repeated"): False, ("against", "single_occasion"): True},
        ("occasions", "2"), "occasions",
    ),
    Supposition("If the person had made plain that it is unwanted", {("four", "unwanted"): True, ("against", "mutual"): False}, ("four", "unwanted"), "unwanted"),
    Supposition("If both sides were in contact and neither minded", {("four", "unwanted"): False, ("against", "mutual"): True}, ("against", "mutual"), "mutual"),
    Supposition("If it were about the person and not about a dispute", {("four", "fixated"): True, ("against", "dispute"): False}, ("four", "fixated"), "dispute"),
    Supposition("If a dispute explained it and bounded it", {("four", "fixated"): False, ("against", "dispute"): True}, ("against", "dispute"), "dispute"),
)  # fmt: skip


def supposed(reading: Reading, supposition: Supposition) -> Reading:
    """Return the reading with the findings of a supposition made certain; findings that already say so stay.

    Where that settles the fact that held the report back, the impression is held at what the facts alone then say.
    """
    document = {name: values.copy() for name, values in reading.document.items()}
    for (group, name), yes in supposition.findings.items():
        at = DOCUMENT_GROUPS[group].index(name)
        value = float(document[group][at])
        document[group][at] = max(value, SET) if yes else min(value, -SET)
    then = replace(reading, document=document)
    before, after = facts_alone(reading), facts_alone(then)
    held_back = min(before, key=lambda name: before[name])
    if after[held_back] > before[held_back]:
        document["label"][0] = max(document["label"][0], weakest(then, impression=False))
    return then


def facts_alone(reading: Reading) -> dict[str, float]:
    """Return the links of the decision but for the overall impression."""
    return {name: value for name, value in links(reading).items() if name != "impression"}


def _answer(decision: DecisionModel, reading: Reading, doubtful: bool) -> tuple[Suggestion, float]:
    probability = decision.probability(reading)
    return answer(decision.suggestion(probability, reading), doubtful), probability


def answer(suggestion: Suggestion, doubtful: bool) -> Suggestion:
    """What is suggested where not all of a text could be read: *no change* becomes a question."""
    return Suggestion.ASK if doubtful and suggestion is Suggestion.NO_CHANGE else suggestion


def would_change(
    reading: Reading,
    reader: OnnxReader,
    decision: DecisionModel,
    now: Suggestion,
    doubtful: bool = False,
    most: int = 4,
) -> list[Change]:
    """Return the changes of one fact, or the leaving out of one kind of act, that would alter the suggestion, the largest move first.

    ``doubtful``: not all of the text could be read (see ``answer``). Where no act is said to have happened there is nothing to suppose otherwise.
    """
    kinds = list(dict.fromkeys(s.code for s in reading.spans if counts_as_evidence(s)))
    if not kinds:
        return []
    base = decision.probability(reading)
    changes = []
    for supposition in SUPPOSITIONS:
        then, p = _answer(decision, supposed(reading, supposition), doubtful)
        if then is not now:
            changes.append(Change(text=f"{supposition.text}.", suggestion=then, probability=round(p, 4)))
    # Without the only kind of act there is nothing left to suggest: that goes without saying.
    if reading.states is not None and len(kinds) > 1:
        masks = np.ones((len(kinds), len(reading.states)), dtype=np.float32)
        for row, code in enumerate(kinds):
            for span in reading.spans:
                if span.code == code and span.status is Status.ASSERTED:
                    masks[row, span.tokens[0] : span.tokens[1]] = 0.0
        for code, keep, logits in zip(kinds, masks, reader.pool(reading.states, masks), strict=True):
            kept = [s for s in reading.spans if s.code != code or s.status is not Status.ASSERTED]
            then, p = _answer(decision, replace(reading.without(keep, logits), spans=kept), doubtful)
            if then is not now:
                text = f"If the report did not describe this: {BY_CODE[code].title.lower()}."
                changes.append(Change(text=text, suggestion=then, probability=round(p, 4)))
    return sorted(changes, key=lambda c: -abs(c.probability - base))[:most]


@lru_cache(maxsize=1)
def question_words() -> dict[str, str]:
    """Return the questions by name."""
    words: dict[str, str] = json.loads((DATA / "questions.json").read_text(encoding="utf-8"))
    return words


def questions(reading: Reading, facts: Facts, most: int = 2) -> list[str]:
    """Return the one or two questions whose answers would settle the report: open facts whose answer moves the weakest fact most come first."""
    worth: dict[str, float] = {}
    base = weakest(reading, impression=False)
    for supposition in SUPPOSITIONS:
        group, name = supposition.doubt
        p = float(sigmoid(reading.document[group])[DOCUMENT_GROUPS[group].index(name)])
        doubt = 1.0 - abs(2.0 * p - 1.0)
        move = abs(weakest(supposed(reading, supposition), impression=False) - base)
        worth[supposition.question] = max(worth.get(supposition.question, 0.0), doubt * move)
    if not any(code in facts.codes for code in ACTS):
        worth["acts"] = 10.0
    if facts.relationship == "unknown":
        worth["who"] = 1.0
    if facts.occasions == 1 and "history" not in facts.codes:
        worth["earlier"] = 0.3
    ranked = sorted(((w, name) for name, w in worth.items() if w > 0.1), reverse=True)
    return [question_words()[name] for _, name in ranked[:most]] or [question_words()["earlier"]]
