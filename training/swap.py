"""Swapping who a report is about: sexes and names. Measures whether the score depends on them, and varies training reports.

Replacements are word for word, and spans are carried through, so a swapped record is still a valid record.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Sequence
from pathlib import Path

from nlp.pipeline import mark
from nlp.plain import plain_form
from nlp.sexes import WORD, other_sex
from training.corpus import GoldEntity, GoldSpan, Record

Names = dict[str, tuple[tuple[str, ...], tuple[str, ...]]]
_LISTS = json.loads((Path(__file__).parent / "names.json").read_text(encoding="utf-8"))


def _by_origin(part: str) -> Names:
    return {origin: (tuple(sexes["male"]), tuple(sexes["female"])) for origin, sexes in _LISTS[part].items()}


TRAINED_NAMES = _by_origin("trained")
# Other names of the same origins, never used in training, to measure with.
MEASURED_NAMES = _by_origin("measured")
FEMALE = frozenset(_LISTS["recognised"]["female"]).union(*(women for _, women in TRAINED_NAMES.values()))
_MALE = frozenset(_LISTS["recognised"]["male"]).union(*(men for men, _ in TRAINED_NAMES.values()))
FIRST_NAMES = FEMALE | _MALE
# After a title it is a surname.
_FIRST_NAMES = re.compile(
    rf"(?<!\bMr )(?<!\bMrs )(?<!\bMs )(?<!\bMiss )(?<!\bDr )(?<!\bP[CS] )(?<!\bDC )\b(?:{'|'.join(map(re.escape, sorted(FIRST_NAMES)))})\b"
)


def _rewrite(record: Record, replace: Callable[[re.Match[str]], str], pattern: re.Pattern[str]) -> Record:
    """Apply a replacement and carry every span through."""
    pieces: list[str] = []
    moves: list[tuple[int, int, int, int]] = []
    at = length = 0
    for match in pattern.finditer(record.text):
        new = replace(match)
        if new == match.group():
            continue
        kept = record.text[at : match.start()]
        pieces += [kept, new]
        start = length + len(kept)
        moves.append((match.start(), match.end(), start, start + len(new)))
        at, length = match.end(), start + len(new)
    return _moved(record, "".join([*pieces, record.text[at:]]), moves)


def _moved(record: Record, text: str, moves: Sequence[tuple[int, int, int, int]]) -> Record:
    """Return the record with another text and its spans carried there; ``moves``: (old start, old end, new start, new end) of each replaced stretch."""

    def carry(position: int, is_end: bool) -> int:
        shift = 0
        for old_start, old_end, new_start, new_end in moves:
            if position >= old_end:
                shift = new_end - old_end
            elif position > old_start:
                return new_end if is_end else new_start
        return position + shift

    def spans(items: list[GoldSpan] | list[GoldEntity] | None) -> list[dict[str, object]] | None:
        if items is None:
            return None
        moved = []
        for item in items:
            start, end = carry(item.start, False), carry(item.end, True)
            moved.append(item.model_dump() | {"start": start, "end": end, "quote": text[start:end]})
        return moved

    values = record.model_dump() | {"text": text, "spans": spans(record.spans), "entities": spans(record.entities)}
    return Record.model_validate(values)


def swap_sexes(record: Record) -> Record:
    """Return the record with every sexed word exchanged (he and she, husband and wife) and first names exchanged to match."""
    swapped = _rewrite(record, lambda m: other_sex(record.text, m), WORD)
    names: dict[str, str] = {}

    def rename(match: re.Match[str]) -> str:
        name = match.group()
        men, women = TRAINED_NAMES["British"]
        pool = men if name in FEMALE else women
        return names.setdefault(name, pool[len(names) % len(pool)])

    return _rewrite(swapped, rename, _FIRST_NAMES)


def swap_names(record: Record, origin: str, names_by_origin: Names, first: int = 0) -> Record:
    """Return the record with its known first names replaced by names of one origin, the same name always alike.

    ``first`` is the place in the list from which names are taken.
    """
    men, women = names_by_origin[origin]
    names: dict[str, str] = {}

    def rename(match: re.Match[str]) -> str:
        name = match.group()
        pool = women if name in FEMALE else men
        return names.setdefault(name, pool[(first + len(names)) % len(pool)])

    return _rewrite(record, rename, _FIRST_NAMES)


def in_one_form(records: Sequence[Record]) -> list[Record]:
    """Return the records as a bundle with ``plain`` reads them: names and sexes in one form, spans carried through."""
    plains = map(plain_form, mark(r.text for r in records))
    return [_moved(r, p.read, p.moves) for r, p in zip(records, plains, strict=True)]


_LONG_WORD = re.compile(r"\b[a-z]{4,}\b")
MISSPELT = 0.04  # Share of the longer words that are misspelt in a report of a hurried writer.


def misspell(record: Record, chance: random.Random) -> Record:
    """Return the record with two neighbouring letters exchanged, or one left out, in a few words of small letters."""

    def slip(match: re.Match[str]) -> str:
        word = match.group()
        if chance.random() >= MISSPELT:
            return word
        at = chance.randrange(1, len(word) - 1)
        return (
            word[:at] + word[at + 1] + word[at] + word[at + 2 :]
            if chance.random() < 0.5
            else word[:at] + word[at + 1 :]
        )

    return _rewrite(record, slip, _LONG_WORD)


def vary(record: Record, chance: random.Random) -> Record:
    """Return a training variant: sexes swapped half of the time, names of a random origin half of the time, a fifth misspelt."""
    if chance.random() < 0.5:
        record = swap_sexes(record)
    if chance.random() < 0.5:
        record = swap_names(record, chance.choice(sorted(TRAINED_NAMES)), TRAINED_NAMES, chance.randrange(20))
    if chance.random() < 0.2:
        record = misspell(record, chance)
    return record
