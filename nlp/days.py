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
    PART_OF_MONTH,
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
    expiry: bool = False


Match = re.Match[str]
# A reader returns what its match names: nothing where it names no day, None where the match is to be left to a later pattern.
Reader = Callable[[Match, list[Found], date | None], list[Found] | None]

_I = re.IGNORECASE
_ORD = r"(?:st|nd|rd|th)?"
_ISO = re.compile(r"(?<![\d/.-])(\d{4})([-./])(\d{1,2})\2(\d{1,2})(?!\d)")
_NAMED_MONTH = re.compile(rf"(?<![\w/-])(\d{{1,2}})([-/])({MONTH})(?:\2(\d{{4}}|\d{{2}}))?(?![\w/-])", _I)
# An order's end as a month and a year. Where both numbers could be a month it is left to the day and month.
_EXPIRY = re.compile(
    r"\b(?:exp(?:ir(?:es|y|ing|ed))?|valid\s(?:to|until))\b\.?:?\s(?:date\s)?(?:on\s|in\s)?(0?[1-9]|1[0-2])/(1[3-9]|[2-9]\d)(?![\d/])",
    _I,
)
_NUMERIC = re.compile(r"(?<![\d/.:-])(\d{1,2})(?:([/.-])(\d{1,2})\2(\d{4}|\d{2})|/(\d{1,2}))(?![\d/])")
_DAY_MONTHS = re.compile(
    rf"(?<![\w/])((?:\d{{1,2}}{_ORD}\s?(?:,\s?(?:and\s)?|\s?(?:and|&|to|-|–|or)\s?)(?:the\s)?(?:{DAY},?\s(?:the\s)?)?){{0,6}}\d{{1,2}}{_ORD})\s?(?:of\s)?({MONTH})(?![a-z])(?:,?\s(\d{{4}})\b)?",
    _I,
)
_DAY_OF_LIST = re.compile(rf"(?:({DAY}),?\s(?:the\s)?)?\b(\d{{1,2}})", _I)
# What follows a date or month without a year up to the year that it shares: "3 Nov, 5 Nov, 9 Nov 2025", "between March and April 2025".
_YEAR_AHEAD = re.compile(
    rf"(?:\s?(?:,|and|&|to|-|–|until|till)\s?(?:and\s)?(?:on\s)?(?:the\s)?(?:{DAY},?\s(?:the\s)?)?(?:\d{{1,2}}{_ORD}\s?(?:of\s)?)?({MONTH})(?![a-z]))+,?\s(\d{{4}})\b",
    _I,
)
_OF_A_YEAR = re.compile(rf"\b({MONTH})\s(?:of\s)?(last|this)\syear\b", _I)
_PART_OF_MONTH = re.compile(rf"\b{PART_OF_MONTH}\s(?:the\s)?({MONTH})(?![a-z])(?:,?\s(\d{{4}})\b)?", _I)
_PARTS = {"start": (1, 10), "beginning": (1, 10), "middle": (11, 20), "end": (21, 31)}
_MONTH_DAY = re.compile(rf"\b({MONTH})\s(\d{{1,2}})(?:st|nd|rd|th)?(?![\d:/])(?:,?\s(\d{{4}})\b)?", _I)
_MONTH_ONLY = re.compile(rf"\b(?:(last|this)\s)?({MONTH})(?![a-z])(?:\s(\d{{4}})\b)?", _I)
_ORDINAL_ONLY = re.compile(r"\b(?:the\s)?(\d{1,2})(?:st|nd|rd|th)\b(?!\s(?:day|night|nite|time|morning|evening))", _I)
_WEEKDAY = re.compile(
    rf"\b(?:(a week)\s(?:last\s|on\s|ago\s)?|(last|this|on|every|each|next|previous|most)\s)?({DAY})(s)?\b(?:\s(?:night|nite|morning|evening|afternoon|eve))?(?:\s(before last|just gone|gone|last(?!\sweek)|just))?",
    _I,
)
_PART = r"(?:\s(?:night|nite|morning|evening|afternoon))?"
_DAYS_LIST = rf"(?P<names>{DAY}{_PART}(?:\s?(?:,\s?(?:and\s)?|(?:and|&|\+)\s)(?:on\s)?{DAY}{_PART}){{0,6}})"
_DAYS_OF_WEEK = re.compile(rf"\b{_DAYS_LIST}\s(?:of\s)?(?P<which>last|this)\sweek\b", _I)
_WEEK_AND_DAYS = re.compile(rf"\b(?P<which>last|this)\sweek,?\s(?:on\s)?{_DAYS_LIST}\b", _I)
FOLLOWING = re.compile(r"\b(?:the\s)?(?:following|next)\s(?:day|morning|afternoon|evening|night)\b", _I)
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
    if reported:
        quote = _OF_A_YEAR.sub(lambda m: _with_year(m, reported), quote)
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


def _with_year(match: Match, reported: date) -> str:
    """Write "March last year" as "March 2025", as long as it was, so that what follows keeps its place."""
    year = reported.year - (match[2].lower() == "last")
    return f"{match[1]} {year:04d}".ljust(len(match[0]))


def _year_ahead(match: Match, month: int) -> int | None:
    """Return the year that the last of several dates or months gives to those before it."""
    ahead = _YEAR_AHEAD.match(match.string, match.end())
    return int(ahead[2]) - (month > month_number(ahead[1])) if ahead else None


def either_way(quote: str) -> bool:
    """Whether a date in figures can be read with the day first and with the month first, and is not the same either way."""
    return any(m[1] != (m[3] or m[5]) and int(m[1]) <= 12 >= int(m[3] or m[5]) for m in _NUMERIC.finditer(quote))


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
    return [_dated(m, int(m[4]), int(m[3]), int(m[1]), reported)]


def _named_month(m: Match, _: list[Found], reported: date | None) -> list[Found]:
    return [_dated(m, int(m[1]), month_number(m[3]), _year(m[4]), reported)]


def _expiry(m: Match, _: list[Found], _reported: date | None) -> list[Found]:
    first = date(2000 + int(m[2]), int(m[1]), 1)
    return [Found(*m.span(), (first, month_end(first)), expiry=True)]


def _day_months(m: Match, _: list[Found], reported: date | None) -> list[Found]:
    month = month_number(m[2])
    year = _year(m[3]) if m[3] else _year_ahead(m, month)
    named = []
    for n in _DAY_OF_LIST.finditer(m[1]):
        day = replace(
            _dated(m, int(n[2]), month, year, reported), at=m.start(1) + n.start(2), stop=m.start(1) + n.end(2)
        )
        if n[1] and day.span and day.span[0].weekday() != DAY_NUMBERS[n[1].lower()[:3]]:
            day = replace(day, fault=DateFault.CONTRADICTION)
        named.append(day)
    return named


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
        if other.key in DAY_NUMBERS:
            continue
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


def _week_days(m: Match, _: list[Found], reported: date | None) -> list[Found]:
    """The days of "Monday and Tuesday last week", of this one those that have been."""
    found = []
    for name in re.finditer(DAY, m["names"], _I):
        key = name[0].lower()[:3]
        day = None
        if reported:
            day = reported + timedelta(days=DAY_NUMBERS[key] - reported.weekday() - 7 * (m["which"].lower() == "last"))
        at = m.start("names") + name.start()
        found.append(Found(at, at + len(name[0]), (day, day) if day and reported and day <= reported else None, key))
    return found


def _following(m: Match, _: list[Found], _reported: date | None) -> list[Found]:
    return [Found(*m.span(), None, "+1")]  # The date before it stands elsewhere: ``dates.read_times``.


def _part_of_month(m: Match, _: list[Found], reported: date | None) -> list[Found]:
    """A week counts from the first of the month; the rest are thirds of it."""
    month, year = month_number(m[3]), _year(m[4])
    if year == 0:
        return [Found(*m.span(), None, fault=DateFault.IMPOSSIBLE)]
    if reported is None and year is None:
        return [Found(*m.span(), None)]
    for candidate in (year,) if year else (reported.year, reported.year - 1) if reported else ():
        last = month_end(date(candidate, month, 1))
        if m[2]:
            first_day, last_day = _PARTS[m[2].lower()]
        elif m[1].lower() == "last":
            first_day, last_day = last.day - 6, last.day
        else:
            last_day = 7 * number(m[1])
            first_day = last_day - 6
        start, end = last.replace(day=first_day), last.replace(day=min(last_day, last.day))
        if year:
            return [Found(*m.span(), (start, end))]
        if reported and start <= reported:
            return [Found(*m.span(), (start, min(end, reported)))]
    return [Found(*m.span(), None)]


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
    month = month_number(m[2])
    year = _year(m[3]) if m[3] else _year_ahead(m, month)
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
    (_NAMED_MONTH, _named_month),
    (_EXPIRY, _expiry),
    (_PART_OF_MONTH, _part_of_month),
    (_DAY_MONTHS, _day_months),
    (_NUMERIC, _numeric),
    (_MONTH_DAY, _month_day),
    (_RELATIVE, _relative),
    (FOLLOWING, _following),
    (_DAYS_OF_WEEK, _week_days),
    (_WEEK_AND_DAYS, _week_days),
    (_AGO, _ago),
    (_WEEKDAY, _weekday),
    (_FESTIVAL, _festival),
    (_THIS, _this),
    (_MONTH_ONLY, _month_only),
    (_ORDINAL_ONLY, _ordinal),
    (YEAR, _year_only),
)
