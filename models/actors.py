"""Who did what to whom: for each act the actor and the target, read from the nearest subject before it.

The reader tells acts of the suspect from acts of others by their status. This adds what can be read exactly, so that the injured party's own calls, a third
party's act or a reversed allegation are seen as such. It is deliberately narrow: where no subject stands right before the act, nothing is said, and an act is
called the injured party's own only in a plain sentence of known verbs, because calling a suspect's act theirs would hide an occasion.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

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
# Going to somebody is the injured party's act only where it says to whom: "I went to my car" is none. In police words "IP went to her car" is IP's own car.
_GOING = (
    r"(?:(?:went|drove|walked|came)\s(?:back\s|round\s|over\s)?(?:to|past)|(?:turned|showed)\sup\s(?:at|outside)|visit(?:ed)?|wait(?:ed)?\s(?:for|outside|at|near|by)|"
    r"knocked\s(?:on|at|for)|called\s(?:at|on)|(?:followed|e-?mailed|messaged)(?:\sto)?)\s"
)
_THE_OTHER = (
    r"(?:(?:the\s)?(?:SUSP|susp|suspect|Suspect)(?:['’]s)?|(?:(?:my|his|her|their|the)\s)?ex(?:['’]s|-\w+)?|him|them)\b"
)
_OWN = re.compile(
    rf"\bI(?:['’]ve)?\s(?:(?:did|do|have|had|also|then|just|even|only)\s){{0,2}}(?:{_DOING}\b|{_GOING}(?:{_THE_OTHER}|(?:his|her|their)\b))"
    r"|\b(?:IP|AP|VIC|INFT|Inft|CALLER|Caller|Complainant)\s(?:(?:has|had|also)\s){0,2}"
    rf"(?:(?:sent|wrote|replied|answered|threw|posted|put\sup)\b|{_DOING}\s(?:him|her|them|SUSP|susp|back)\b|{_GOING}{_THE_OTHER})"
)
# Then somebody else does it after all, or somebody only says it, or it stands in words quoted from somebody.
_SOMEONE_ELSE = re.compile(r"\b(?:he|she|they|who|so did|susp)\b", re.IGNORECASE)
_REPORTED = re.compile(
    r"\b(?:if|says?|said|tells?|told|claims?|complain\w*|accus\w+)\b|\b(?:that|because|would)\s*$", re.IGNORECASE
)
_QUOTE = re.compile(r"[\"“”‘]|(?<!\w)'|'(?!\w)")
_SENTENCE_END = re.compile(r"[.!?\n]")
_LOOK_BACK = 120  # Characters: a subject further away is another clause's.
_PIECE = re.compile(r"[^.!?;,\n]+")
MANY = 4  # From so many people who each do one act, nobody is told of as doing two.


def link(text: str, acts: Sequence[tuple[int, int]], persons: Sequence[Person]) -> list[Link]:
    """Return the link of each act ``(start, end)``. Persons in the order of the text, with their roles."""
    narrator = _narrator(text, persons)
    links = []
    for start, end in acts:
        actor = _own(text, start, end, narrator) or _other(text, start, end, persons)
        links.append(Link(actor, _target(text, start, end, persons, actor, narrator)) if actor else Link())
    return links


def first_person(text: str) -> bool:
    """Whether somebody writes as "I"."""
    return bool(_FIRST.search(text))


def many_actors(text: str, acts: Sequence[tuple[int, int]], persons: Sequence[Person]) -> bool:
    """Whether every act is told of another person, by name and once each, and of MANY people at least: then it is nobody's course of conduct.

    One mark may hold several acts ("A followed me, B followed me"): each of its sentences and clauses is asked for its first word.
    """
    names: list[str] = []
    for start, end in acts:
        for piece in _PIECE.finditer(text, start, end):
            if not any(map(str.isalpha, piece[0])):
                continue
            at = piece.start() + len(piece[0]) - len(piece[0].lstrip())
            # A name opens the piece, is cut by the mark, or stands right before it.
            person = next((p for p in reversed(persons) if p.start <= at), None)
            name = text[person.start : person.end] if person and not text[person.end : at].strip() else ""
            if name and not name.isupper() and all(word[0].isupper() for word in name.split()):
                names.append(name)
            elif name or piece.start() == start or _PRONOUN.search(piece[0]):
                return False
    return len(names) >= MANY and len(set(names)) == len(names)


def _narrator(text: str, persons: Sequence[Person]) -> Role | None:
    """Return whose voice "I" is: the injured party's, a witness's where "my daughter" is the injured party, or None where nobody speaks."""
    if not first_person(text):
        return None
    named = any(p.role is Role.VICTIM and _MINE.match(text, p.start) for p in persons)
    # In a crime report "I" inside quotation marks is the injured party too; an officer's own "I" is rare.
    return Role.WITNESS if named else Role.VICTIM


def _own(text: str, start: int, end: int, narrator: Role | None) -> Role | None:
    """Return the injured party, or the witness who writes, where the act is plainly theirs: in each sentence of it, where one mark holds several."""
    edges = [start, *(m.end() for m in _SENTENCE_END.finditer(text, start, end)), end]
    pieces = [(a, b) for a, b in pairwise(edges) if any(c.isalnum() for c in text[a:b])]
    owners = {_owner(text, a + len(text[a:b]) - len(text[a:b].lstrip()), b, narrator) for a, b in pieces}
    return owners.pop() if len(owners) == 1 else None


def _owner(text: str, start: int, end: int, narrator: Role | None) -> Role | None:
    """Return whose own act one sentence of an act is, or None."""
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
    stop = _SENTENCE_END.search(text, start)
    last = stop.start() if stop else len(text)
    if narrator and narrator is not actor and _OBJECT.search(text, start, min(last, end + 12)):
        return narrator
    after = (p.role for p in persons if start <= p.start < min(last, end + 15))
    return next((role for role in after if role not in (actor, Role.NONE)), None)
