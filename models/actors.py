"""Who did what to whom: for each act the actor and the target, read from the nearest subject before it.

The reader tells acts of the suspect from acts of others by their status. This adds what can be read exactly, so that the injured party's own calls, a third
party's act or a reversed allegation are seen as such. It is deliberately narrow: where no subject stands right before the act, nothing is said, and an act is
called the injured party's own only in a plain sentence of a few known verbs, because calling a suspect's act theirs would hide an occasion.
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


_PRONOUN = re.compile(r"\b(?:he|she|they)(?:['’](?:s|d|ve|ll|re))?\b(?!\s(?:and|or)\b)")
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
_POSSESSIVE = re.compile(r"['’]s?\b")
_MINE = re.compile(r"(?:my|our)\s", re.IGNORECASE)

# The injured party's own act: "I" or the police's word for them, and a verb of doing. "IP punched" may be shorthand for "IP was punched",
# so a word stands for the injured party only with a verb that cannot be done to them, or with an object after it.
_DOING = (
    r"(?:rang|ring|rung|phoned?|called?|text(?:ed)?|txt|messaged?|wrote|written|write|sent|send|e-?mailed|replied|answered|shout(?:ed)?|swore|sworn|pushed|shoved|slapped|hit|"
    r"punched|kicked|threw|thrown|snatched|grabbed|posted|filmed|followed|went\sround|knocked|put\s(?:up|mine|one|an?|his|her|the))"
)
_OWN = re.compile(
    rf"\bI(?:['’]ve)?\s(?:(?:did|do|have|had|also|then|just|even|only)\s){{0,2}}{_DOING}\b"
    r"|\b(?:IP|AP|VIC|INFT|Inft|CALLER|Caller|Complainant)\s(?:(?:has|had|also)\s){0,2}"
    rf"(?:(?:sent|wrote|replied|answered|threw|posted|put\sup)\b|{_DOING}\s(?:him|her|them|SUSP|susp|back)\b)"
)
# Then somebody else does it after all, or somebody only says it, or it stands in words quoted from somebody.
_SOMEONE_ELSE = re.compile(r"\b(?:he|she|they|who|so did|susp)\b", re.IGNORECASE)
_REPORTED = re.compile(
    r"\b(?:if|says?|said|tells?|told|claims?|complain\w*|accus\w+)\b|\b(?:that|because|would)\s*$", re.IGNORECASE
)
_QUOTE = re.compile(r"[\"“”‘]|(?<!\w)'|'(?!\w)")
_SENTENCE_END = re.compile(r"[.!?\n]")
_LOOK_BACK = 120  # Characters: a subject further away is another clause's.


def link(text: str, acts: Sequence[tuple[int, int]], persons: Sequence[Person]) -> list[Link]:
    """Return the link of each act ``(start, end)``. Persons in the order of the text, with their roles."""
    narrator = _narrator(text, persons)
    links = []
    for start, end in acts:
        actor = _own(text, start, end, narrator) or _other(text, start, end, persons)
        links.append(Link(actor, _target(text, start, end, persons, actor, narrator)) if actor else Link())
    return links


def _narrator(text: str, persons: Sequence[Person]) -> Role | None:
    """Return whose voice "I" is: the injured party's, a witness's where "my daughter" is the injured party, or None where nobody speaks."""
    if not _FIRST.search(text):
        return None
    named = any(p.role is Role.VICTIM and _MINE.match(text, p.start) for p in persons)
    # In a crime report "I" inside quotation marks is the injured party too; an officer's own "I" is rare.
    return Role.WITNESS if named else Role.VICTIM


def _own(text: str, start: int, end: int, narrator: Role | None) -> Role | None:
    """Return the injured party, or the witness who writes, where the act is plainly theirs."""
    for match in _OWN.finditer(text, max(0, start - 30), min(len(text), end + 15)):
        if match.start() > start + 3 or match.end() + 1 < start:
            continue
        before = _SENTENCE_END.split(text[max(0, match.start() - _LOOK_BACK) : match.start()])[-1]
        if _SOMEONE_ELSE.search(text, match.end(), end) or _REPORTED.search(before) or _QUOTE.search(before):
            return None
        return narrator if match[0].startswith("I ") or match[0][1] in "'’" else Role.VICTIM
    return None


def _other(text: str, start: int, end: int, persons: Sequence[Person]) -> Role | None:
    """Return the role of another person who is the subject right before the act, or of its first words."""
    left = max((m.end() for m in _CLAUSE.finditer(text, max(0, start - _LOOK_BACK), start)), default=start - _LOOK_BACK)
    left, reach = max(0, left), min(end, start + 25)
    subjects: list[tuple[int, int, Role | None]] = [
        (p.start, p.end, p.role)
        for p in persons
        if left <= p.start and p.end <= reach and not _POSSESSIVE.match(text, p.end)
    ]
    subjects += [(m.start(), m.end(), None) for m in _PRONOUN.finditer(text, left, reach)]
    for at, stop, role in sorted(subjects, key=lambda s: s[0], reverse=True):
        if not text[start:at].strip() if at >= start else _BETWEEN.match(text, stop, start):
            return None if role in (Role.VICTIM, Role.NONE) else role
    return None


def _target(
    text: str, start: int, end: int, persons: Sequence[Person], actor: Role, narrator: Role | None
) -> Role | None:
    if narrator and narrator is not actor and _OBJECT.search(text, start, min(len(text), end + 12)):
        return narrator
    after = (p.role for p in persons if start <= p.start < end + 15)
    return next((role for role in after if role is not actor), None)
