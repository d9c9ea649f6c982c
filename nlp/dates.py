"""What a time expression means: the days it spans, how many separate days it names at least, and what is wrong with it.

Day comes before month, as in England and Wales. Relative days are read against the day of the report; without that day they stay open. A date
without a year is the last such day on or before the report. Nothing is guessed: a month-first date, an impossible day, a weekday that does not
match its date and a day after the report are said to be so.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum
from itertools import pairwise

from nlp.calendar import (
    DAY,
    DAY_NUMBERS,
    FESTIVAL,
    MONTH,
    NUMBER,
    NUMBERS,
    SEASON,
    SEASONS,
    UNIT,
    festival,
    month_end,
    month_number,
    months_back,
)

Days = tuple[date, date]
LONGEST = 120  # Characters of a time expression: a longer stretch is none.


class DateFault(StrEnum):
    """What is wrong with a date as written."""

    IMPOSSIBLE = "impossible"
    FOREIGN = "foreign"
    CONTRADICTION = "contradiction"
    FUTURE = "future"


@dataclass(frozen=True)
class When:
    """The meaning of one expression.

    ``start`` and ``end``: first and last day, both included, None where open. ``days``: a lower bound of the separate days it names ("3rd night
    running" names three). ``keys``: names of those days that can be told apart even without a date ("mon", "03-19"). ``clock``: HH:MM.
    """

    start: date | None = None
    end: date | None = None
    days: int = 1
    keys: tuple[str, ...] = ()
    clock: str | None = None
    recurring: bool = False
    fault: DateFault | None = None

    @property
    def day(self) -> date | None:
        """The single day it names, if it names one."""
        return self.start if self.start == self.end else None

    @property
    def dated(self) -> bool:
        """Whether it names days that can be told apart from others."""
        return bool(self.keys) or self.day is not None or self.days > 1

    @property
    def iso(self) -> str | None:
        """ISO 8601: a day, an interval, or a time of day."""
        if self.start is None or self.end is None:
            return self.clock
        return self.start.isoformat() if self.start == self.end else f"{self.start.isoformat()}/{self.end.isoformat()}"


@dataclass(frozen=True)
class _Found:
    """One expression inside a phrase: where it stands, its days if known, and its key."""

    at: int
    stop: int
    span: Days | None
    key: str = ""
    fault: DateFault | None = None


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
_YEAR = re.compile(r"(?<![\d/:])((?:19|20)\d{2})(?!\s?(?:hrs?|hours)\b)(?![\d/:])", _I)
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
_LASTING = re.compile(
    rf"\b(?:for|over|during|in|within|the|these)?\s?(?:the\s)?(?:(?:past|last)\s)?({NUMBER})\s({UNIT})s?\b(?!\s(?:ago|running|in a row|straight|later|before|after))",
    _I,
)
_LASTING_MARK = re.compile(r"\b(?:for|past|last|over|during|within)\b", _I)
_RUNNING = re.compile(
    rf"\b({NUMBER}|\d{{1,2}}(?:st|nd|rd|th)|second|third|fourth|fifth|sixth|seventh)\s(day|night|nite|morning|evening|afternoon|shift|weekend|week)s?\s(?:running|in a row|straight|on the trot|in succession)\b",
    _I,
)
_COUNT = re.compile(
    rf"\b({NUMBER})\s(?:(?:separate|different|other|consecutive|more)\s)?(day|night|nite|morning|evening|afternoon|weekend|shift|date|{DAY})s\b(?!\sago)",
    _I,
)
_EVERY = re.compile(
    rf"\b(every|each|most|nearly every|almost every)\s(?:single\s)?(day|night|nite|morning|evening|afternoon|week|weekend|month|shift|{DAY})s?\b"
    rf"|\b(daily|nightly|weekly)\b|\b(?<!two )(?<!three )(?<!few )(?<!of )(mornings|evenings|nights|weekends)\b|^\W*(?:on\s)?({DAY}s)\W*$",
    _I,
)
_CLOCK = re.compile(
    r"(?<![\d:./])(?:(\d{1,2})[:.](\d{2})(?:\s?([ap])\.?m\b\.?)?(?![\d:./])|(\d{4})\s?(?:hrs?|hours)\b|(\d{1,2})\s?([ap])\.?m\b\.?|(\d{4})(?![\d/]))",
    _I,
)
_SINCE = re.compile(r"\b(?:since|from|ever since)\b", _I)
_RANGE = re.compile(r"\b(?:between|from)\b", _I)
_JOIN = re.compile(r"^\s?(?:night\s|morning\s|evening\s)?(to|and|until|till|-|–|up to)\s(?:the\s)?", _I)
_STEP = {"day": 1, "week": 7, "wk": 7, "fortnight": 14, "weekend": 7, "night": 1, "nite": 1, "morning": 1, "evening": 1}
_LEAST = {
    "day": 1,
    "night": 1,
    "nite": 1,
    "morning": 1,
    "evening": 1,
    "afternoon": 1,
    "week": 7,
    "wk": 7,
    "fortnight": 14,
    "weekend": 7,
}


def read_when(quote: str, reported: date | None) -> When:
    """Return what ``quote`` means against the day of the report; a When with nothing filled in where it names no day."""
    if len(quote) > LONGEST:
        return When()
    found = _days(quote, reported)
    fault = next((f.fault for f in found if f.fault), None)
    keys = tuple(dict.fromkeys(f.key for f in found if f.key))
    clock, bad_clock = _clock(quote, bool(found))
    every, running, count = _EVERY.search(quote), _RUNNING.search(quote), _COUNT.search(quote)
    lasting = _lasting(quote, reported)
    spans = [f.span for f in found if f.span]
    when = When(clock=clock, fault=fault or (DateFault.IMPOSSIBLE if bad_clock else None))
    if running:
        days = _count(running[1])
        step = _STEP.get(running[2].lower(), 1)
        start = reported - timedelta(days=step * (days - 1)) if reported and step == 1 else None
        return replace(when, start=start, end=reported if start else None, days=days)
    if every or (count and not _is_lasting(quote)):
        span = _open(quote, spans, reported) or lasting
        if every:
            return replace(
                when,
                start=span[0] if span else None,
                end=span[1] if span else None,
                recurring=True,
                days=_recurring(every, quote, found, lasting, reported),
            )
        assert count is not None
        days = _count(count[1])
        # "three of the last four Sundays" and the like: the first number is what happened.
        return replace(when, start=span[0] if span else None, end=span[1] if span else None, days=max(days, 1), keys=())
    if not spans:
        if lasting and not found:
            return replace(when, start=lasting[0], end=lasting[1])
        both = re.match(rf"\s*(?:the\s|both\s)*(two|both)\s({DAY})s\b", quote, _I)
        return replace(when, days=2 if both else max(1, len(keys) if _listed(quote, found) else 1), keys=keys)
    start, end = min(s for s, _ in spans), max(e for _, e in spans)
    if _SINCE.search(quote) and len(spans) == 1 and not _RANGE.match(quote.strip()) and reported and start <= reported:
        return replace(when, start=start, end=reported, keys=())
    if _SINCE.match(quote.strip()) and len(spans) == 1 and reported and start <= reported:
        return replace(when, start=start, end=reported, keys=())
    listed = _listed(quote, found)
    late = reported is not None and start > reported
    return replace(
        when,
        start=start,
        end=end,
        days=len(spans) if listed else 1,
        keys=keys if start == end or listed else (),
        fault=when.fault or (DateFault.FUTURE if late else None),
    )


def _listed(quote: str, found: Sequence[_Found]) -> bool:
    """Whether several days are a list ("3 and 19 May") and not the two ends of a stretch ("between 3 and 19 May")."""
    if len(found) < 2 or _RANGE.search(quote):
        return False
    between = [quote[a.stop : b.at] for a, b in pairwise(found)]
    return not any(re.search(r"\b(?:to|until|till|through)\b|[-–]", gap, _I) for gap in between)


def _open(quote: str, spans: Sequence[Days], reported: date | None) -> Days | None:
    if not spans:
        return None
    start, end = min(s for s, _ in spans), max(e for _, e in spans)
    return (start, reported) if _SINCE.search(quote) and reported and start <= reported else (start, end)


def _recurring(
    every: re.Match[str], quote: str, found: Sequence[_Found], lasting: Days | None, reported: date | None
) -> int:
    """Return how many days at least something that recurs took place on."""
    word = (every[2] or "").lower()
    stretch: tuple[date, date] | None = None
    length = _length(quote)
    spans = [f.span for f in found if f.span]
    if _SINCE.search(quote) and spans and reported:
        # At least: from the last day that "since" can mean.
        stretch = (spans[0][1], reported)
    elif lasting:
        stretch = lasting
    total = ((stretch[1] - stretch[0]).days + 1) if stretch else length
    if not total:
        return 2
    if re.fullmatch(DAY, word, _I) and stretch and _SINCE.search(quote):
        wanted = DAY_NUMBERS[word[:3]]
        return max(1, sum((stretch[0] + timedelta(days=n)).weekday() == wanted for n in range(total)))
    step = (
        7
        if re.fullmatch(DAY, word, _I) or word in ("week", "weekend") or (every[3] or "").lower() == "weekly"
        else 30
        if word == "month"
        else 1
    )
    if length and not _SINCE.search(quote):
        total = length
    times = max(1, total // step)
    return (
        max(2, times // 2 + 1)
        if "most" in every[0].lower() or "almost" in every[0].lower() or "nearly" in every[0].lower()
        else max(1, times)
    )


def _is_lasting(quote: str) -> bool:
    return (
        bool(_LASTING_MARK.search(quote))
        and bool(_LASTING.search(quote))
        and not re.search(r"\b(?:last|this)\s(?:week|month|year|weekend)", quote, _I)
    )


def _length(quote: str) -> int:
    """Return the days of "for six weeks" at least: a month is 28, a year 365."""
    match = _LASTING.search(quote)
    if not match or not _LASTING_MARK.search(quote):
        return 0
    unit = match[2].lower()
    return _count(match[1]) * (
        _LEAST.get(unit) or (28 if unit.startswith("m") and unit != "min" else 365 if unit.startswith("y") else 0)
    )


def _lasting(quote: str, reported: date | None) -> Days | None:
    match = _LASTING.search(quote)
    if not match or reported is None or not _LASTING_MARK.search(quote):
        return None
    count, unit = _count(match[1]), match[2].lower()
    if unit in _LEAST:
        return _before(reported, count * _LEAST[unit] - 1)
    if unit.startswith(("month", "mth")):
        start = months_back(reported, count)
    elif unit.startswith("y"):
        start = months_back(reported, 12 * count)
    else:
        return None
    return (start + timedelta(days=1), reported) if start else None


def _before(reported: date, days: int) -> Days | None:
    return (reported - timedelta(days=days), reported) if days < 40_000 else None


def _count(words: str) -> int:
    lower = words.lower().strip()
    digits = re.match(r"\d+", lower)
    return int(digits[0]) if digits else NUMBERS.get(lower, NUMBERS.get(lower.split()[-1], 1))


def _clock(quote: str, has_day: bool) -> tuple[str | None, bool]:
    """Return the time of day, and whether what is written as one is impossible."""
    for match in _CLOCK.finditer(quote):
        if match[7] and (_YEAR.fullmatch(match[7]) and not has_day):
            continue
        if match[1] and match[2]:
            hour, minute, half = int(match[1]), int(match[2]), match[3]
        elif match[4] or match[7]:
            digits = match[4] or match[7]
            hour, minute, half = int(digits[:2]), int(digits[2:]), None
            if match[7] and (hour > 23 or minute > 59 or _YEAR.fullmatch(digits)):
                continue
        else:
            hour, minute, half = int(match[5]), 0, match[6]
        if half:
            if not 1 <= hour <= 12:
                return None, True
            hour = hour % 12 + (12 if half.lower() == "p" else 0)
        if hour > 24 or minute > 59 or (hour == 24 and minute):
            return None, "." not in match[0]
        return f"{hour % 24:02d}:{minute:02d}", False
    if re.fullmatch(r"(?:at\s)?(?:noon|midday)", quote.strip(), _I):
        return "12:00", False
    return ("00:00", False) if re.fullmatch(r"(?:at\s)?midnight", quote.strip(), _I) else (None, False)


def _days(quote: str, reported: date | None) -> list[_Found]:
    """Return the days named, in order; a stretch of text is read once, by the first pattern that fits it."""
    taken: list[tuple[int, int]] = []
    found: list[_Found] = []

    def free(match: re.Match[str]) -> bool:
        if any(match.start() < e and s < match.end() for s, e in taken):
            return False
        taken.append(match.span())
        return True

    for m in _ISO.finditer(quote):
        if free(m):
            found.append(_date(m, int(m[3]), int(m[2]), int(m[1]), reported))
    for m in _DAY_MONTHS.finditer(quote):
        if free(m):
            year = int(m[3]) if m[3] else None
            numbers = list(re.finditer(r"\d{1,2}", m[1]))
            whole = [_date(m, int(n[0]), month_number(m[2]), year, reported) for n in numbers]
            found += [
                replace(f, at=m.start(1) + n.start(), stop=m.start(1) + n.end())
                for f, n in zip(whole, numbers, strict=True)
            ]
    for m in _NUMERIC.finditer(quote):
        if m[5] and (m[0] == "24/7" or (int(m[5]) > 12 and int(m[1]) > 12)):
            continue
        if free(m):
            year = (int(m[4]) + (2000 if len(m[4]) == 2 else 0)) if m[4] else None
            found.append(_date(m, int(m[1]), int(m[3] or m[5]), year, reported))
    for m in _MONTH_DAY.finditer(quote):
        if free(m):
            found.append(_date(m, int(m[2]), month_number(m[1]), int(m[3]) if m[3] else None, reported))
    for m in _RELATIVE.finditer(quote):
        if free(m):
            word = m[1].lower()
            back = 2 if "before" in word else 1 if word.startswith(("yesterday", "last")) else 0
            day = reported - timedelta(days=back) if reported else None
            found.append(_Found(*m.span(), (day, day) if day else None, f"-{back}"))
    for m in _AGO.finditer(quote):
        if free(m):
            found.append(_ago(m, reported))
    for m in _WEEKDAY.finditer(quote):
        # A weekday beside its date says which day it is, not another one.
        if free(m) and (m[2] or "").lower() not in ("every", "each", "next", "most") and not m[4]:
            found += _weekday(m, quote, found, reported)
    for m in _FESTIVAL.finditer(quote):
        if free(m):
            day = festival(m[0], reported) if reported else None
            found.append(_Found(*m.span(), (day, day) if day else None, m[0].lower()))
    for m in _THIS.finditer(quote):
        if free(m):
            span = _this(m, reported)
            found.append(_Found(*m.span(), span))
    for m in _MONTH_ONLY.finditer(quote):
        if free(m):
            found.append(_month_only(m, reported))
    for m in _ORDINAL_ONLY.finditer(quote):
        if not _RUNNING.search(quote) and free(m):
            found.append(_ordinal(m, reported))
    for m in _YEAR.finditer(quote):
        if not found and free(m):
            year = int(m[1])
            end = date(year, 12, 31)
            found.append(
                _Found(*m.span(), (date(year, 1, 1), min(end, reported) if reported and reported.year == year else end))
            )
    return sorted(found, key=lambda f: f.at)


def _date(m: re.Match[str], day: int, month: int, year: int | None, reported: date | None) -> _Found:
    at = m.span()
    if month > 12 >= day:
        return _Found(*at, None, fault=DateFault.FOREIGN if month <= 31 else DateFault.IMPOSSIBLE)
    try:
        # 2024 was a leap year: a day without a year is impossible only if no year has it.
        date(year or 2024, month, day)
        key = f"{year or ''}-{month:02d}-{day:02d}"
    except ValueError:
        return _Found(*at, None, fault=DateFault.IMPOSSIBLE)
    if year is not None:
        return _Found(*at, (date(year, month, day),) * 2, key)
    if reported is None:
        return _Found(*at, None, key)
    for candidate in range(reported.year, reported.year - 5, -1):
        try:
            found = date(candidate, month, day)
        except ValueError:
            continue
        if found <= reported:
            return _Found(*at, (found, found), key)
    return _Found(*at, None, key)


def _weekday(m: re.Match[str], quote: str, found: Sequence[_Found], reported: date | None) -> list[_Found]:
    number = DAY_NUMBERS[m[3].lower()[:3]]
    for i, other in enumerate(found):
        if 0 <= other.at - m.end() <= 5 or 0 <= m.start() - other.stop <= 3:
            gap = quote[m.end() : other.at] if other.at >= m.end() else quote[other.stop : m.start()]
            if re.fullmatch(r"[\s,]*(?:the\s|night\s)?", gap, _I):
                day = other.span[0] if other.span else None
                if day and day.weekday() != number and isinstance(found, list):
                    found[i] = replace(other, fault=DateFault.CONTRADICTION)
                return []
    key = m[3].lower()[:3]
    if reported is None:
        return [_Found(*m.span(), None, key)]
    before, after = (m[2] or "").lower(), (m[5] or "").lower()
    back = (reported.weekday() - number) % 7
    if before in ("last", "previous") or after in ("last", "before last", "just gone", "gone") or m[1]:
        back = back or 7
    if after == "before last" or m[1]:
        back += 7
    day = reported - timedelta(days=back)
    return [_Found(*m.span(), (day, day), key)]


def _ago(m: re.Match[str], reported: date | None) -> _Found:
    if reported is None:
        return _Found(*m.span(), None, m[0].lower())
    count, unit = _count(m[1]), m[2].lower()
    if unit in _STEP and count < 3000:
        day = reported - timedelta(days=count * _STEP[unit])
        return _Found(*m.span(), (day, day), m[0].lower())
    months = count if unit.startswith(("month", "mth")) else 12 * count if unit.startswith("y") else None
    day2 = months_back(reported, months) if months else None
    return _Found(*m.span(), (day2.replace(day=1), month_end(day2)) if day2 else None)


def _this(m: re.Match[str], reported: date | None) -> Days | None:
    if reported is None:
        return None
    monday = reported - timedelta(days=reported.weekday())
    if season := m[4]:
        first, last = SEASONS[season.lower()]
        year = reported.year
        if date(year, first, 1) > reported or (
            (m[3] or "").lower() == "last" and month_end(date(year, first, 1)) <= reported
        ):
            year -= 1
        end = month_end(date(year + (last < first), last, 1))
        return date(year, first, 1), min(end, reported)
    last_one, unit = m[1].lower() in ("last", "previous"), m[2].lower()
    if unit in ("week", "wk"):
        return (monday - timedelta(days=7), monday - timedelta(days=1)) if last_one else (monday, reported)
    if unit in ("weekend", "w/e"):
        saturday = monday - timedelta(days=2) if reported.weekday() < 5 or last_one else monday + timedelta(days=5)
        return saturday, min(saturday + timedelta(days=1), reported)
    if unit in ("month", "mth"):
        first_day = months_back(reported.replace(day=1), 1) if last_one else reported.replace(day=1)
        return (first_day, month_end(first_day) if last_one else reported) if first_day else None
    year = reported.year - (1 if last_one else 0)
    return date(year, 1, 1), date(year, 12, 31) if last_one else reported


def _month_only(m: re.Match[str], reported: date | None) -> _Found:
    month = month_number(m[2])
    if m[3]:
        first = date(int(m[3]), month, 1)
        return _Found(*m.span(), (first, month_end(first)))
    if reported is None:
        return _Found(*m.span(), None)
    first = date(reported.year, month, 1)
    if first > reported:
        first = date(reported.year - 1, month, 1)
    return _Found(*m.span(), (first, min(month_end(first), reported)))


def _ordinal(m: re.Match[str], reported: date | None) -> _Found:
    number = int(m[1])
    if not 1 <= number <= 31:
        return _Found(*m.span(), None, fault=DateFault.IMPOSSIBLE)
    if reported is None:
        return _Found(*m.span(), None, f"the {number}")
    first = reported.replace(day=1)
    for _ in range(3):
        try:
            day = first.replace(day=number)
            if day <= reported:
                return _Found(*m.span(), (day, day), f"the {number}")
        except ValueError:
            pass
        first = (first - timedelta(days=1)).replace(day=1)
    return _Found(*m.span(), None, f"the {number}")
