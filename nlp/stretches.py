"""How often and how long: "every night since March", "3rd nite running", "for six weeks", "on four separate days"."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, timedelta

from nlp.calendar import DAY, DAY_NUMBERS, DAYS_OF, NUMBER, UNIT, months_back, number
from nlp.when import Days

_I = re.IGNORECASE
SINCE = re.compile(r"\b(?:since|from|ever since)\b", _I)
RUNNING = re.compile(
    rf"\b({NUMBER}|\d{{1,2}}(?:st|nd|rd|th)|second|third|fourth|fifth|sixth|seventh)\s(day|night|nite|morning|evening|afternoon|shift|weekend|week)s?\s(?:running|in a row|straight|on the trot|in succession)\b",
    _I,
)
EVERY = re.compile(
    rf"\b(every|each|most|nearly every|almost every)\s(?:single\s)?(day|night|nite|morning|evening|afternoon|week|weekend|month|shift|{DAY})s?\b"
    rf"|\b(daily|nightly|weekly)\b|\b(?<!two )(?<!three )(?<!few )(?<!of )(mornings|evenings|nights|weekends)\b|^\W*(?:on\s)?({DAY}s)\W*$",
    _I,
)
_COUNT = re.compile(
    rf"\b({NUMBER})\s(?:(?:separate|different|other|consecutive|more)\s)?(day|night|nite|morning|evening|afternoon|weekend|shift|date|{DAY})s\b(?!\sago)",
    _I,
)
NOT_MORE = r"(?<!up to )(?<!less than )(?<!fewer than )"  # A number after these is no lower bound.
_OCCASIONS = re.compile(
    rf"{NOT_MORE}\b({NUMBER})\s(?:(separate|different|distinct)\s)?(?:(?:other|previous|further|more)\s)?occasions\b",
    _I,
)
# "Three times a week" and "three times her age" are no number of times.
TIMES = re.compile(
    rf"{NOT_MORE}\b({NUMBER})\s(?:(?:separate|different|more|further)\s)?times\b(?!\s(?:an?|per|each|every|daily|out|over|the|my|his|her|their|as|more|older|bigger)\b)"
    r"(,?\s(?:on|over)\s(?:separate|different)\s(?:days|dates|nights|occasions))?",
    _I,
)
_OFTEN = 10  # More "times" than these are how people speak, as with what recurs.
_LASTING = re.compile(
    rf"\b(?:for|over|during|in|within|the|these)?\s?(?:the\s)?(?:(?:past|last)\s)?({NUMBER})\s({UNIT})s?\b(?!\s(?:ago|running|in a row|straight|later|before|after))",
    _I,
)
_WITHIN = re.compile(
    rf"\b(?:in|inside)\s(?:the\s|the\sspace\sof\s)?({NUMBER})\s({UNIT})s?\b(?!\s(?:running|in a row))", _I
)
_LASTING_MARK = re.compile(r"\b(?:for|past|last|over|during|within)\b", _I)
_NAMED = re.compile(r"\b(?:last|this)\s(?:week|month|year|weekend)", _I)
_MONTH_DAYS, _YEAR_DAYS = 28, 365  # At the least.
_LONGEST = 40_000  # Days: some 110 years.


def running(match: re.Match[str], reported: date | None) -> tuple[Days | None, int]:
    """Return the days of "3rd nite running", ending with the report, and how many."""
    days, step = number(match[1]), DAYS_OF.get(match[2].lower(), 1)
    if reported is None or step != 1 or days > _LONGEST:
        return None, days
    return (reported - timedelta(days=days - 1), reported), days


def separate_days(quote: str) -> int | None:
    """Return the number of "on four separate days", None where the phrase says how long and not how many, or neither."""
    count = _COUNT.search(quote)
    if (
        count is None
        or _WITHIN.search(quote)
        or (_LASTING_MARK.search(quote) and _LASTING.search(quote) and not _NAMED.search(quote))
    ):
        return None
    return max(number(count[1]), 1)


def occasions_told(words: str, length: int | None) -> tuple[int, bool] | None:
    """Return how many occasions "on three occasions" or "nine times" says at the least, and whether it is only said to be many; None where it says none.

    ``length``: the days of the stretch that it speaks of, None where there is none. Within one day they are one occasion, unless said to be separate.
    Times count only in a stretch that holds two days for each of them: "40 times last week" may all be of one evening.
    """
    if match := _OCCASIONS.search(words):
        return (number(match[1]) if match[2] or length != 1 else 1), False
    match = TIMES.search(words)
    if match is None:
        return None
    times = number(match[1])
    if match[2]:
        return times, False
    return (times, times > _OFTEN) if length and 2 * times <= length else None


def lasting(quote: str, reported: date | None) -> Days | None:
    """Return the days of "for six weeks", up to the report."""
    match = _LASTING.search(quote) if _LASTING_MARK.search(quote) else None
    if match is None or reported is None:
        return None
    count, unit = number(match[1]), match[2].lower()
    if unit in DAYS_OF:
        days = count * DAYS_OF[unit] - 1
        return (reported - timedelta(days=days), reported) if days < _LONGEST else None
    months = count if unit.startswith("m") else 12 * count if unit.startswith("y") else None
    start = months_back(reported, months) if months is not None else None
    return (start + timedelta(days=1), reported) if start else None


def recurring(every: re.Match[str], quote: str, spans: Sequence[Days], reported: date | None) -> int:
    """Return how many days at least something that recurs took place on. ``spans``: the days that the phrase names."""
    word = (every[2] or every[3] or "").lower()
    weekday = bool(re.fullmatch(DAY, word, _I))
    since = bool(SINCE.search(quote))
    # At least: from the last day that "since" can mean.
    stretch = (spans[0][1], reported) if since and spans and reported else lasting(quote, reported)
    held = (stretch[1] - stretch[0]).days + 1 if stretch else 0
    if not since or not held:
        held = length(quote) or held
    if not held:
        return 2
    if weekday and stretch and since:
        days = (stretch[0] + timedelta(days=n) for n in range(held))
        return max(1, sum(day.weekday() == DAY_NUMBERS[word[:3]] for day in days))
    step = 7 if weekday or word in ("week", "weekend", "weekly") else 30 if word == "month" else 1
    times = max(1, held // step)
    return max(2, times // 2 + 1) if re.search("most|nearly", every[0], _I) else times


def length(quote: str) -> int:
    """Return the days of "for six weeks" or "in six weeks" at least, whenever they were."""
    match = _WITHIN.search(quote) or (_LASTING.search(quote) if _LASTING_MARK.search(quote) else None)
    if match is None:
        return 0
    unit = match[2].lower()
    days = _MONTH_DAYS if unit.startswith("m") else _YEAR_DAYS if unit.startswith("y") else 0
    return number(match[1]) * DAYS_OF.get(unit, days)
