"""Names of days, months, seasons and festivals as reports write them, and the arithmetic of months."""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import date, timedelta

MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?"
    r"|nov(?:ember)?|dec(?:ember)?)"
)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
DAY = r"(?:mon(?:day)?|tue(?:s(?:day)?)?|wed(?:nesday|s)?|thu(?:rs?(?:day)?)?|fri(?:day)?|sat(?:urday)?|sun(?:day)?)"
DAY_NUMBERS = {"mon": 0, "tue": 1, "wed": 2, "thu": 3, "fri": 4, "sat": 5, "sun": 6}
SEASON = r"(?:spring|summer|autumn|winter)"
SEASONS = {"spring": (3, 5), "summer": (6, 8), "autumn": (9, 11), "winter": (12, 2)}  # Meteorological seasons.
FESTIVAL = (
    r"christmas eve|xmas eve|christmas(?: day)?|xmas(?: day)?|boxing day|new year['’]?s eve|new year['’]?s day|new year['’]?s?|nye|good friday"
    r"|easter(?: sunday)?|valentine['’]?s(?: day)?|halloween|bonfire night"
)
_FIXED = {
    "christmas eve": (12, 24), "xmas eve": (12, 24), "christmas": (12, 25), "xmas": (12, 25), "boxing day": (12, 26), "nye": (12, 31),
    "new years eve": (12, 31), "new year": (1, 1), "valentine": (2, 14), "halloween": (10, 31), "bonfire": (11, 5),
}  # fmt: skip
NUMBERS = {
    "a": 1, "an": 1, "one": 1, "two": 2, "both": 2, "couple": 2, "three": 3, "few": 3, "several": 3, "four": 4, "five": 5, "six": 6, "seven": 7,
    "eight": 8, "nine": 9, "ten": 10, "eleven": 11, "twelve": 12, "thirteen": 13, "fourteen": 14, "fifteen": 15, "sixteen": 16, "eighteen": 18,
    "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "second": 2, "third": 3, "fourth": 4, "fifth": 5, "sixth": 6, "seventh": 7, "of": 2,
}  # fmt: skip
NUMBER = (
    r"(?:\d{1,3}|a couple of|couple of|a few|an?|one|two|both|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen"
    r"|sixteen|eighteen|twenty|thirty|forty|fifty|several|few)"
)
YEAR = re.compile(r"(?<![\d/:])((?:19|20)\d{2})(?!\s?(?:hrs?|hours)\b)(?![\d/:])", re.IGNORECASE)
# "March 2026", "March last year".
MONTH_YEAR = rf"{MONTH}(?![a-z])(?:,?[^\S\n](?:(?:19|20)\d{{2}}\b|(?:of\s)?(?:last|this)\syear\b))?"
PART_OF_MONTH = (
    r"(?:(first|second|third|fourth|last|[1-4](?:st|nd|rd|th))\sweek\s(?:of|in)|(start|beginning|middle|end)\sof)"
)
UNIT = r"(?:hour|hr|day|night|nite|morning|evening|week|wk|fortnight|weekend|month|mth|year|yr)"

# The days of a unit, at the least: nights and mornings are told apart by their day.
DAYS_OF = {
    "day": 1, "night": 1, "nite": 1, "morning": 1, "evening": 1, "afternoon": 1, "week": 7, "wk": 7, "weekend": 7, "fortnight": 14,
}  # fmt: skip


def number(words: str) -> int:
    """Return the number that words such as ``3rd``, ``six`` or ``a couple of`` say; 1 where they say none."""
    lower = words.lower().strip()
    digits = re.match(r"\d+", lower)
    return int(digits[0]) if digits else NUMBERS.get(lower, NUMBERS.get(lower.split()[-1], 1))


def month_number(name: str) -> int:
    """Return 1 to 12."""
    return _MONTHS.index(name.lower()[:3]) + 1


def month_end(day: date) -> date:
    """Return the last day of the month of ``day``."""
    return day.replace(day=monthrange(day.year, day.month)[1])


def months_back(day: date, months: int) -> date | None:
    """Return the same day so many months before, or the last of that month where it is shorter; None before the year 1."""
    index = day.year * 12 + day.month - 1 - months
    year, month = divmod(index, 12)
    if year < 1:
        return None
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def easter(year: int) -> date:
    """Return Easter Sunday, Gregorian (Meeus, *Astronomical Algorithms*, 1991, chapter 8)."""
    a, b, c = year % 19, year // 100, year % 100
    h = (19 * a + b - b // 4 - (b - (b + 8) // 25 + 1) // 3 + 15) % 30
    k = (32 + 2 * (b % 4) + 2 * (c // 4) - h - c % 4) % 7
    m = (a + 11 * h + 22 * k) // 451
    month, day = divmod(h + k - 7 * m + 114, 31)
    return date(year, month, day + 1)


def festival(name: str, reported: date) -> date:
    """Return the last such day on or before the report."""
    plain = name.lower().replace("'", "").replace("’", "")

    def of(year: int) -> date:
        if plain.startswith("easter"):
            return easter(year)
        if plain == "good friday":
            return easter(year) - timedelta(days=2)
        month, day = next(v for k, v in _FIXED.items() if plain.startswith(k))
        return date(year, month, day)

    this = of(reported.year)
    return this if this <= reported else of(reported.year - 1)
