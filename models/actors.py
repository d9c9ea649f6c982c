"""Who did what to whom: for each act the actor and the target, read from the nearest subject before it.

The reader tells acts of the suspect from acts of others by their status. This adds what can be read exactly, so that the injured party's own calls, a third
party's act or a reversed allegation are seen as such: the subject of the clause (a person with a role, or a pronoun) and the person it is done to.
It is deliberately narrow: where no subject stands before the act, nothing is said.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from nlp.taxonomy import Role


@dataclass(frozen=True)
class Person:
    """A mention of a person."""

    start: int
    end: int
    role: Role


@dataclass(frozen=True)
class Link:
    """Who does an act, and to whom; None where the text does not say it plainly."""

    actor: Role | None = None
    target: Role | None = None


_SUBJECT = re.compile(r"\b(?:I|we|he|she|they)(?:['’](?:s|d|ve|ll|re|m))?\b(?!\s(?:and|or)\b)")
_OBJECT = re.compile(r"\b(?:me|us|my)\b")
_FIRST = re.compile(r"\b(?:I|me|my)\b")
# What may stand between a subject and its act: auxiliaries, adverbs, and "X and" of a shared subject.
_BETWEEN = re.compile(
    r"[\s,]*(?:(?:has|have|had|also|then|again|still|just|now|always|often|even|would|will|did|does|kept|keeps|started|began|to|went|came|only|"
    r"repeatedly|constantly|regularly|allegedly|admits?|admitted|says?|said|states?|both|once|twice|ever|never)[\s,]+)*$",
    re.IGNORECASE,
)
_CLAUSE = re.compile(
    r"[.!?;\n:]|,\s(?:but|and|so|then)\b|\b(?:because|when|while|after|before|until|if|who|which|that)\b", re.IGNORECASE
)
# "I was followed", "I got a letter", "I found him": the subject suffers or sees the act.
_SUFFERS = re.compile(
    r"[\s,]*(?:(?:also|then|again|still|just|now|always|often|even|have|had|has|['’]ve|['’]d|keep|kept)[\s,]+)*(?:was|were|been|being|am|is|are|be|got|get|gets|getting|receiv\w+|had|have|found|find|"
    r"saw|see\w*|notic\w+|heard|hear\w*|woke|feel|felt|think|believe\w*|know|knew|told|tell\w*|asked|block\w+|moved|chang\w+|look\w*|can|could|came|come|caught|spotted)\b",
    re.IGNORECASE,
)
_MINE = re.compile(r"(?:my|our)\s", re.IGNORECASE)


def link(text: str, acts: Sequence[tuple[int, int]], persons: Sequence[Person]) -> list[Link]:
    """Return the link of each act ``(start, end)``. Persons in the order of the text, with their roles."""
    narrator = _narrator(text, persons)
    return [_link(text, start, end, persons, narrator) for start, end in acts]


def _narrator(text: str, persons: Sequence[Person]) -> Role | None:
    """Return whose voice "I" is: the injured party's, a witness's where "my daughter" is the injured party, or None where nobody speaks."""
    if not _FIRST.search(text):
        return None
    named = any(p.role is Role.VICTIM and _MINE.match(text, p.start) for p in persons)
    # In a crime report "I" inside quotation marks is the injured party too; an officer's own "I" is rare.
    return Role.WITNESS if named else Role.VICTIM


def _link(text: str, start: int, end: int, persons: Sequence[Person], narrator: Role | None) -> Link:
    left = max((m.end() for m in _CLAUSE.finditer(text, max(0, start - 120), start)), default=max(0, start - 120))
    # The subject may be the first words of the marked act itself.
    reach = min(end, start + 25)
    subjects: list[tuple[int, int, Role | None]] = [
        (p.start, p.end, p.role) for p in persons if left <= p.start and p.end <= reach
    ]
    subjects += [
        (m.start(), m.end(), narrator if m[0][0] in "Iw" else None)
        for m in _SUBJECT.finditer(text, left, reach)
        if m[0] not in ("us",)
    ]
    actor: Role | None = None
    for at, stop, role in sorted(subjects, reverse=True):
        inside = at >= start
        if (inside and not text[start:at].strip()) or (not inside and _BETWEEN.match(text, stop, start)):
            actor = role if role is not Role.VICTIM or not _SUFFERS.match(text, stop) else None
            break
    if actor is None:
        return Link()
    others = [
        p.role for p in persons if p.start < end + 15 and p.end > start + 1 and p.role is not actor and p.start >= start
    ]
    if narrator and _OBJECT.search(text, start, min(len(text), end + 12)) and narrator is not actor:
        others.insert(0, narrator)
    return Link(actor, others[0] if others else None)
