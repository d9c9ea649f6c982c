"""The days that a phrase names, in order: dates in figures and words, weekdays, relative days, months, seasons, festivals.

Each kind is a pattern and a function of its match. A stretch of text is read once, by the first pattern that fits it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta

from nlp.calendar import (
    DAY,
    DAY_NUMBERS,
    DAYS_OF,
    FESTIVAL,
    MONTH,
    NUMBER,
    SEASON,
    SEASONS,
    UNIT,
    YEAR,
    festival,
    month_end,
    month_number,
    months_back,
    number,
)
from nlp.stretches import RUNNING
from nlp.when import DateFault, Days


@dataclass(frozen=True)
class Found:
    """One expression inside a phrase: where it stands, its days if known, and its key."""

    at: int
    stop: int
    span: Days | None
    key: str = ""
    fault: DateFault | None = None


Match = re.Match[str]
# A reader returns what its match names: nothing where it names no day, None where the match is to be left to a later pattern.
Reader = Callable[[Match, list[Found], date | None], list[Found] | None]

_I = re.IGNORECASE
_ORD = r"(?:st|nd|rd|th)?"
_ISO = re.compile(r"(?<!\d)(\d{4})-(\d{2})-(\d{2})(?!\d)")
_NUMERIC = re.compile(r"(?<![\d/.:-])(\d{1,2})(?:([/.-])(\d{1,2})\2(\d{4}|\d{2})|/(\d{1,2}))(?![\d/])")
_DAY_MONTHS = re.compile(
    rf"(?<![\w/])((?:\d{{1,2}}{_ORD}\s?(?:,\s?|\s?(?:and|&|to|-|–|or)\s?(?:the\s)?)){{0,4}}\d{{1,2}}{_ORD})\s?(?:of\s)?({MONTH})(?![a-z])(?:,?\s(\d{{4}})\b)?",
    _I,
)
_MONTH_DAY = re.compile(rf"\b({MONTH})\s(\d{{1,2}})(?:st|nd|rd|th)?(?![\d:/])(?:,?\s(\d{{4}})\b)?", _I)
_MONTH_ONLY = re.compile(rf"\b(?:(last|this)\s)?({MONTH})(?![a-z])(?:\s(\d{{4}})\b)?", _I)
_ORDINAL_ONLY = re.compile(r"\b(?:the\s)?(\d{1,2})(?:st|nd|rd|th)\b(?!\s(?:day|night|nite|time|morning|evening))", _I)
_WEEKDAY = re.compile(
    rf"\b(?:(a week)\s(?:last\s|on\s|ago\s)?|(last|this|on|every|each|next|previous|most)\s)?({DAY})(s)?\b(?:\s(?:night|nite|morning|evening|afternoon|eve))?(?:\s(before last|just gone|gone|last|just))?",
    _I,
)
_RELATIVE = re.compile(
    r"\b(night before last|day before yesterday|today|yesterday|tonight|tonite|last (?:night|nite|evening)|(?:this|the same) (?:morning|evening|afternoon))\b",
    _I,
)
_AGO = re.compile(rf"\b({NUMBER})\s({UNIT})s?\sago\b", _I)
_THIS = re.compile(
    rf"\b(last|this|the past|previous)\s(week|wk|month|mth|year|yr|weekend|w/e)\b|\b(?:(last|this|the)\s)?({SEASON})\b",
    _I,
)
_FESTIVAL = re.compile(rf"\b(?:{FESTIVAL})\b", _I)
_BESIDE = re.compile(r"[\s,]*(?:the\s|night\s)?", _I)


def days(quote: str, reported: date | None) -> list[Found]:
    """Return the days named, in order. ``reported``: the day of the report; without it relative days stay open."""
    taken = bytearray(len(quote))
    found: list[Found] = []
    for pattern, read in _READERS:
        for match in pattern.finditer(quote):
            start, stop = match.span()
            if any(taken[start:stop]):
                continue
            named = read(match, found, reported)
            if named is not None:
                found += named
                taken[start:stop] = b"\1" * (stop - start)
    return sorted(found, key=lambda f: f.at)


def _one(match: Match, day: date | None, key: str = "") -> list[Found]:
    return [Found(*match.span(), (day, day) if day else None, key)]


def _dated(match: Match, day: int, month: int, year: int | None, reported: date | None) -> Found:
    """Return a date in figures; without a year the last such day on or before the report."""
    at = match.span()
    if month > 12 >= day:
        return Found(*at, None, fault=DateFault.FOREIGN if month <= 31 else DateFault.IMPOSSIBLE)
    try:
        # 2024 was a leap year: a day without a year is impossible only if no year has it.
        full = date(2024 if year is None else year, month, day)
    except ValueError:
        return Found(*at, None, fault=DateFault.IMPOSSIBLE)
    key = f"{year or ''}-{month:02d}-{day:02d}"
    if year is not None:
        return Found(*at, (full, full), key)
    if reported is None:
        return Found(*at, None, key)
    for candidate in range(reported.year, reported.year - 5, -1):
        try:
            found = date(candidate, month, day)
        except ValueError:
            continue
        if found <= reported:
            return Found(*at, (found, found), key)
    return Found(*at, None, key)


def _year(written: str | None) -> int | None:
    return int(written) + (2000 if len(written) == 2 else 0) if written else None


def _iso(m: Match, _: list[Found], reported: date | None) -> list[Found]:
    return [_dated(m, int(m[3]), int(m[2]), int(m[1]), reported)]


def _day_months(m: Match, _: list[Found], reported: date | None) -> list[Found]:
    return [
        replace(
            _dated(m, int(n[0]), month_number(m[2]), _year(m[3]), reported),
            at=m.start(1) + n.start(),
            stop=m.start(1) + n.end(),
        )
        for n in re.finditer(r"\d{1,2}", m[1])
    ]


def _numeric(m: Match, _: list[Found], reported: date | None) -> list[Found] | None:
    if m[5] and (m[0] == "24/7" or (int(m[5]) > 12 and int(m[1]) > 12)):
        return None
    return [_dated(m, int(m[1]), int(m[3] or m[5]), _year(m[4]), reported)]


def _month_day(m: Match, _: list[Found], reported: date | None) -> list[Found]:
    return [_dated(m, int(m[2]), month_number(m[1]), _year(m[3]), reported)]


def _relative(m: Match, _: list[Found], reported: date | None) -> list[Found]:
    word = m[1].lower()
    back = 2 if "before" in word else 1 if word.startswith(("yesterday", "last")) else 0
    return _one(m, reported - timedelta(days=back) if reported else None, f"-{back}")


def _ago(m: Match, _: list[Found], reported: date | None) -> list[Found]:
    count, unit, key = number(m[1]), m[2].lower(), m[0].lower()
    if reported is None:
        return _one(m, None, key)
    if unit in DAYS_OF:
        return _one(m, reported - timedelta(days=count * DAYS_OF[unit]), key)
    months = count if unit.startswith("m") else 12 * count if unit.startswith("y") else 0
    day = months_back(reported, months) if months else None
    return [Found(*m.span(), (day.replace(day=1), month_end(day)) if day else None)]


def _weekday(m: Match, found: list[Found], reported: date | None) -> list[Found]:
    before, after = (m[2] or "").lower(), (m[5] or "").lower()
    if before in ("every", "each", "next", "most") or m[4]:
        return []
    wanted = DAY_NUMBERS[m[3].lower()[:3]]
    for i, other in enumerate(found):
        if 0 <= other.at - m.end() <= 5 or 0 <= m.start() - other.stop <= 3:
            gap = m.string[m.end() : other.at] if other.at >= m.end() else m.string[other.stop : m.start()]
            if _BESIDE.fullmatch(gap):
                # A weekday beside its date says which day it is, not another one.
                if other.span and other.span[0].weekday() != wanted:
                    found[i] = replace(other, fault=DateFault.CONTRADICTION)
                return []
    key = m[3].lower()[:3]
    if reported is None:
        return _one(m, None, key)
    back = (reported.weekday() - wanted) % 7
    if before in ("last", "previous") or after in ("last", "before last", "just gone", "gone") or m[1]:
        back = back or 7
    if after == "before last" or m[1]:
        back += 7
    return _one(m, reported - timedelta(days=back), key)


def _festival(m: Match, _: list[Found], reported: date | None) -> list[Found]:
    return _one(m, festival(m[0], reported) if reported else None, m[0].lower())


def _this(m: Match, _: list[Found], reported: date | None) -> list[Found]:
    if reported is None:
        return [Found(*m.span(), None)]
    which = (m[1] or "").lower()
    span = (
        _season(m, reported)
        if m[4]
        else _period(m[2].lower(), which in ("last", "previous"), which == "the past", reported)
    )
    return [Found(*m.span(), span)]


def _season(m: Match, reported: date) -> Days:
    first, last = SEASONS[m[4].lower()]
    year = reported.year
    over = month_end(date(year, first, 1)) <= reported
    if date(year, first, 1) > reported or ((m[3] or "").lower() == "last" and over):
        year -= 1
    end = month_end(date(year + (last < first), last, 1))
    return date(year, first, 1), min(end, reported)


def _period(unit: str, last: bool, past: bool, reported: date) -> Days | None:
    """The calendar's week, month or year, this one or the last; ``past``: the seven days, the month or the year up to the report."""
    if past and unit not in ("weekend", "w/e"):
        if unit in ("week", "wk"):
            return reported - timedelta(days=7), reported
        back = months_back(reported, 1 if unit in ("month", "mth") else 12)
        return (back, reported) if back else None
    monday = reported - timedelta(days=reported.weekday())
    if unit in ("week", "wk"):
        return (monday - timedelta(days=7), monday - timedelta(days=1)) if last else (monday, reported)
    if unit in ("weekend", "w/e"):
        saturday = monday - timedelta(days=2) if reported.weekday() < 5 or last else monday + timedelta(days=5)
        return saturday, min(saturday + timedelta(days=1), reported)
    if unit in ("month", "mth"):
        first = months_back(reported.replace(day=1), 1) if last else reported.replace(day=1)
        return (first, month_end(first) if last else reported) if first else None
    year = reported.year - (1 if last else 0)
    return date(year, 1, 1), date(year, 12, 31) if last else reported


def _month_only(m: Match, _: list[Found], reported: date | None) -> list[Found]:
    year, month = _year(m[3]), month_number(m[2])
    if year == 0:
        return [Found(*m.span(), None, fault=DateFault.IMPOSSIBLE)]
    if year is not None:
        return [Found(*m.span(), (date(year, month, 1), month_end(date(year, month, 1))))]
    if reported is None:
        return [Found(*m.span(), None)]
    first = date(reported.year, month, 1)
    if first > reported:
        first = date(reported.year - 1, month, 1)
    return [Found(*m.span(), (first, min(month_end(first), reported)))]


def _ordinal(m: Match, _: list[Found], reported: date | None) -> list[Found] | None:
    if RUNNING.search(m.string):
        return None
    wanted = int(m[1])
    if not 1 <= wanted <= 31:
        return [Found(*m.span(), None, fault=DateFault.IMPOSSIBLE)]
    first = reported.replace(day=1) if reported else None
    for _month in range(3):
        if first and reported and wanted <= month_end(first).day and first.replace(day=wanted) <= reported:
            return _one(m, first.replace(day=wanted), f"the {wanted}")
        first = months_back(first, 1) if first else None
    return _one(m, None, f"the {wanted}")


def _year_only(m: Match, found: list[Found], reported: date | None) -> list[Found] | None:
    if found:
        return None
    year = int(m[1])
    end = reported if reported and reported.year == year else date(year, 12, 31)
    return [Found(*m.span(), (date(year, 1, 1), end))]


_READERS: tuple[tuple[re.Pattern[str], Reader], ...] = (
    (_ISO, _iso),
    (_DAY_MONTHS, _day_months),
    (_NUMERIC, _numeric),
    (_MONTH_DAY, _month_day),
    (_RELATIVE, _relative),
    (_AGO, _ago),
    (_WEEKDAY, _weekday),
    (_FESTIVAL, _festival),
    (_THIS, _this),
    (_MONTH_ONLY, _month_only),
    (_ORDINAL_ONLY, _ordinal),
    (YEAR, _year_only),
)
