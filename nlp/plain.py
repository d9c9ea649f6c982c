"""A text as the encoder reads it: names and sexes in one form, so that who a report is about cannot move what is read in it.

People's names become a few that either sex bears, in the order in which they come; and where a text says "she" oftener than "he", its sexed words are exchanged for
their counterparts. A report and the same report about other names, or with the sexes the other way round, are then all but one text. Exchanging
sexed words and hiding names is known from training (Zhao et al. 2018, "Gender bias in coreference resolution"); here it is done in reading. Everything else, and everything
that a person sees, is the text as sent: ``Plain.back`` carries positions there.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from nlp.mentions import read_label
from nlp.sexes import WORD, cased, more_she, other_sex
from nlp.spans import Marked, Stretch
from nlp.taxonomy import EntityType

WORDS_FILE = Path(__file__).resolve().parent / "data" / "words.txt"
# After as many people the rest keep their names: two of one name would be one person.
FIRST = (
    "Alex", "Sam", "Chris", "Jo", "Robin", "Charlie", "Pat", "Lee", "Jamie", "Ashley", "Terry", "Kerry", "Leslie", "Kim", "Jody", "Drew",
    "Morgan", "Taylor", "Jude", "Frankie", "Ali", "Jess", "Nicky", "Toni",
)  # fmt: skip
LAST = (
    "Walker", "Carter", "Baker", "Turner", "Cooper", "Parker", "Mason", "Fisher", "Harper", "Potter", "Sawyer", "Tanner", "Porter", "Spencer",
    "Marshall", "Fletcher", "Gardner", "Weaver", "Barker", "Thatcher", "Glover", "Hunter", "Miller", "Palmer",
)  # fmt: skip
# Written with a capital, or in capitals, and no name.
_TITLES = frozenset(
    [
        "mr",
        "mrs",
        "ms",
        "mx",
        "miss",
        "sir",
        "dr",
        "prof",
        "rev",
        "cllr",
        "sgt",
        "sergeant",
        "insp",
        "inspector",
        "constable",
        "supt",
        "det",
        "pc",
        "ps",
        "dc",
        "ds",
        "di",
        "dcs",
        "oic",
        "pcso",
        "auntie",
        "uncle",
    ]
)
_SHORT = frozenset(
    [
        "inft",
        "inf",
        "susp",
        "vic",
        "wit",
        "comp",
        "occ",
        "misper",
        "mal",
        "fem",
        "nok",
        "poi",
        "iopc",
        "cctv",
        "hr",
        "id",
    ]
)
# What stands before a name that the recogniser missed.
_BEFORE_A_NAME = re.compile(
    r"\b(?:IP|AP|VIC|SUSP|INFT|WIT|[Cc]aller|[Vv]ictim|[Ss]uspect|[Cc]alled|[Nn]amed|[Ee]x(?:[- ](?:g/?f|b/?f|[Hh]usband|[Ww]ife|[Pp]artner|[Bb]oyfriend|[Gg]irlfriend))?"
    r"|(?:my|his|her|the|their|our|My|His|Her)\s(?:son|daughter|sister|brother|cousin|flatmate|housemate|boyfriend|girlfriend|husband|wife|mate|friend|boss|manager|neighbour))"
    r"\s(?P<name>[A-Z][^\W\d_]+)\b(?!\s(?:Road|Street|Avenue|Lane|Close))"
)


@dataclass(frozen=True)
class Plain:
    """What is read in place of ``text``. ``moves``: (start, end) of each replaced word in ``text`` and (start, end) in ``read``, in order."""

    text: str
    read: str
    moves: tuple[tuple[int, int, int, int], ...] = ()

    def back(self, offsets: Sequence[Stretch]) -> list[Stretch]:
        """Return where stretches of ``read`` stand in ``text``; one that touches a replaced word takes in the whole word."""
        begins = [m[2] for m in self.moves]

        def place(position: int, is_end: bool) -> int:
            at = bisect_right(begins, position - 1 if is_end else position) - 1
            if at < 0:
                return position
            start, end, _, new_end = self.moves[at]
            if position < new_end or (is_end and position == new_end):
                return end if is_end else start
            return position - new_end + end

        return [(place(s, False), place(e, True)) if e > s else (place(s, False),) * 2 for s, e in offsets]


def plain_form(marked: Marked) -> Plain:
    """Return a text that the pipeline marked in one form, its people those that the recogniser found."""
    return plain(
        marked.text, [(s, e) for s, e, label in marked.spans("mentions") if read_label(label)[0] is EntityType.PERSON]
    )


def plain(text: str, people: Sequence[Stretch]) -> Plain:
    """Return the text with the names in its mentions of ``people`` and its sexes in one form."""
    names = _renamed(text, people)
    exchange = more_she(text)
    pieces: list[str] = []
    moves: list[tuple[int, int, int, int]] = []
    at = length = 0
    for match in WORD.finditer(text):
        word = match.group()
        name = names.get(word.lower()) if word[0].isupper() else None
        new = cased(word, name) if name else other_sex(text, match) if exchange else word
        if new == word:
            continue
        kept = text[at : match.start()]
        start = length + len(kept)
        pieces += [kept, new]
        moves.append((*match.span(), start, start + len(new)))
        at, length = match.end(), start + len(new)
    return Plain(text, "".join([*pieces, text[at:]]), tuple(moves))


@lru_cache(maxsize=1)
def _words() -> frozenset[str]:
    return frozenset(WORDS_FILE.read_text(encoding="utf-8").split())


def _is_name(word: str) -> bool:
    lower = word.lower()
    return word[0].isupper() and len(word) > 2 and lower not in _TITLES | _SHORT and lower not in _words()


def _renamed(text: str, people: Sequence[Stretch]) -> dict[str, str]:
    """Return the new name of each name, by its small letters: a surname where it follows a first name or a title, or stands in capitals where not all does."""
    missed = [m.span("name") for m in _BEFORE_A_NAME.finditer(text)]
    shouted = text.isupper()
    new: dict[str, str] = {}
    firsts, lasts = iter(FIRST), iter(LAST)
    for start, end in sorted({*people, *missed}):
        words = [m.group() for m in WORD.finditer(text, start, end)]
        titled = any(w.lower() in _TITLES for w in words) or _after_title(text, start)
        # "Lee BOOTH": what stands in capitals after a name is one, whatever it means.
        names = [
            w
            for at, w in enumerate(words)
            if _is_name(w) or (at and _is_name(words[at - 1]) and w.isupper() and not shouted)
        ]
        for number, word in enumerate(names):
            last = (number == len(names) - 1) and (number > 0 or titled or (word.isupper() and not shouted))
            if word.lower() not in new and (given := next(lasts if last else firsts, None)):
                new[word.lower()] = given
    return new


def _after_title(text: str, start: int) -> bool:
    before = text[max(0, start - 12) : start].split()
    return bool(before) and before[-1].rstrip(".").lower() in _TITLES
