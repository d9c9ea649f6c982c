"""What stands in the place of what was found: consistent inside one report, never a real number, never a word that the report already holds.

A name is replaced word by word, so that "Ryan Cole" and later "Ryan" stay one person. Names are of either sex, since the pronouns stay. Plausible names,
not marks such as <PERSON>, hide the few real ones that were missed (Carrell et al. 2013, "Hiding in plain sight") and keep the text fit to train on.
Numbers come from ranges that are never given out: 07700 900 (Ofcom, for drama), postcode area ZZ, National Insurance prefix QQ.
"""

from __future__ import annotations

import hashlib
import random
import re
import tomllib
from collections.abc import Callable, Sequence
from pathlib import Path

WORDS: dict[str, str] = tomllib.loads((Path(__file__).parent / "words.toml").read_text(encoding="utf-8"))
PEOPLE = tuple(WORDS["people"].split())
PLACES = tuple(WORDS["places"].split())
_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
_POSSESSIVE = re.compile(r"['’]s$", re.IGNORECASE)
KEEP = frozenset(WORDS["keep"].split())


class Surrogates:
    """The surrogates of one report. ``text`` is the whole of it, whose words are not used again."""

    def __init__(self, text: str) -> None:
        self._taken = {w.lower() for w in _WORD.findall(text)}
        self._words: dict[tuple[str, str], str] = {}
        self._numbers: dict[tuple[str, str], int] = {}
        # In an order of the report's own: were the first person always Alex, a real name that was missed would stand out.
        order = random.Random(hashlib.sha256(text.encode("utf-8", "replace")).digest())
        self._pools = {"PERSON": iter(_shuffled(PEOPLE, order)), "LOCATION": iter(_shuffled(PLACES, order))}

    def replace(self, kind: str, quote: str) -> str:
        """Return what stands in for ``quote``, of Presidio entity ``kind``."""
        if kind in ("PERSON", "LOCATION"):
            return _WORD.sub(lambda m: self._word(kind, m[0]), quote)
        if kind == "STREET":
            words = _WORD.sub(lambda m: self._word("LOCATION", m[0]), re.sub(r"\d+[A-Za-z]?", "#", quote))
            return words.replace("#", str(self._number(kind, quote)))
        if kind == "DATE_OF_BIRTH":
            return re.sub(r"[\s:]*\d.*$", " 01/01/1900", quote)
        number = self._number(kind, re.sub(r"[\s()-]", "", quote).lower())
        return _FORMS.get(kind, _same_shape)(quote, number)

    def _number(self, kind: str, key: str) -> int:
        return self._numbers.setdefault((kind, key), 1 + sum(k == kind for k, _ in self._numbers))

    def _word(self, kind: str, word: str) -> str:
        ending = m[0] if (m := _POSSESSIVE.search(word)) else ""
        stem = word[: len(word) - len(ending)]
        if stem.lower() in KEEP:
            return word
        new = self._words.get((kind, stem.lower()))
        if new is None:
            new = next((n for n in self._pools[kind] if n.lower() not in self._taken), None)
            if new is None:  # more names than the pool holds: plainly numbered, still consistent
                new = f"{'Person' if kind == 'PERSON' else 'Place'}{len(self._words) + 1}"
            self._words[kind, stem.lower()] = new
        if len(stem) == 1:
            new = new[0]  # an initial stays one
        return (new.upper() if stem.isupper() and len(stem) > 1 else new.lower() if stem.islower() else new) + ending


def _shuffled(words: Sequence[str], order: random.Random) -> list[str]:
    return order.sample(words, len(words))


def _same_shape(quote: str, number: int) -> str:
    """Keep letters and signs; digits become the number, with noughts before it."""
    digits = sum(c.isdigit() for c in quote)
    new = iter(str(number).rjust(digits, "0")[-digits:] if digits else "")
    return "".join(next(new) if c.isdigit() else c for c in quote)


def _postcode(quote: str, number: int) -> str:
    return f"ZZ{number % 100} {number // 100 % 10}ZZ"


def _vehicle(quote: str, number: int) -> str:
    """Q never begins a mark of the current style."""
    letters = "ABCDEFGHJK"
    return f"QQ{number % 100:02d} QQ{letters[number // 100 % 10]}"


_FORMS: dict[str, Callable[[str, int], str]] = {
    "PHONE": lambda quote, n: _same_shape(quote, n) if quote.lower().startswith("end") else f"07700 900{n:03d}",
    "EMAIL": lambda quote, n: f"person{n}@example.com",
    "HANDLE": lambda quote, n: ("@" if quote.startswith("@") else "") + f"user_{n}",
    "POSTCODE": _postcode,
    "VEHICLE": _vehicle,
    "NATIONAL_INSURANCE": lambda quote, n: f"QQ {n:06d} C",
    "NHS_NUMBER": lambda quote, n: f"000 000 {n:04d}",
    "CRIME_REFERENCE": _same_shape,
}
