"""Dates and times as they are written in reports: found by pattern, and given an ISO date where the text and the report date settle it.

A relative day ("last Tuesday") is resolved against the day the report was made; without that day it stays without a date.
Day comes before month, as in England and Wales.
"""

from __future__ import annotations

import re
from datetime import date, timedelta

from spacy.language import Language
from spacy.tokens import Doc

from nlp.spans import add_group
from nlp.taxonomy import EntityType

_MONTHS = (
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
)
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_MONTH = r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)"
_DAY = r"(?:mon(?:day)?|tue(?:s(?:day)?)?|wed(?:nesday)?|thu(?:rs?(?:day)?)?|fri(?:day)?|sat(?:urday)?|sun(?:day)?)"
_ORDINAL = r"(?:st|nd|rd|th)?"

# Without a year only the slash is read: "3-4 times", "1.5 miles" and "at 10.11" are not dates, nor are "24/7" and "9/10 for pain".
NUMERIC = re.compile(
    r"(?<![\d/.-])(\d{1,2})(?:[/.-](\d{1,2})[/.-](\d{4}|\d{2})|/(0?[1-9]|1[0-2])(?<!24/7)(?!\s?(?:times|miles|hours|out of|for\b|of\b)))(?![\d/.-]?\d)"
)
DAY_MONTH = re.compile(
    rf"(?<![\w/])(\d{{1,2}}){_ORDINAL}\s?(?:of\s)?({_MONTH})(?![a-z])(?:,?\s(\d{{4}})\b)?", re.IGNORECASE
)
MONTH_YEAR = re.compile(rf"\b({_MONTH})\s(\d{{4}})\b", re.IGNORECASE)
WEEKDAY = re.compile(
    rf"\b(?:(last|this|on|every|each|next)\s)?({_DAY})s?\b(?:\s(?:night|morning|evening|afternoon))?", re.IGNORECASE
)
RELATIVE = re.compile(
    r"\b(today|yesterday|tonight|last night|this morning|this evening|this afternoon|the day before yesterday)\b",
    re.IGNORECASE,
)
AGO = re.compile(r"\b(\d{1,3}|a|an|one|two|three|four|five|six)\s(day|week|month|year)s?\sago\b", re.IGNORECASE)
OTHER = re.compile(
    rf"\b(?:since|in|from|until|till)\s(?:last\s|this\s)?(?:{_MONTH}|spring|summer|autumn|winter|christmas|easter|new year)\b"
    r"|\b(?:every|each)\s(?:day|night|morning|evening|week|weekend|shift)\b"
    r"|\b(?:last|this|next)\s(?:week|month|year|weekend|spring|summer|autumn|winter)\b"
    r"|\bfor\s(?:\d{1,3}|a|two|three|four|five|six|several|a few)\s(?:hour|day|week|month|year)s?\b"
    r"|(?<![\d:.])(?:[01]?\d|2[0-3]):[0-5]\d(?![\d:])|(?<![\d/])(?:[01]\d|2[0-3])[0-5]\d\s?hrs\b|\b(?:1[0-2]|[1-9])(?:\.[0-5]\d)?\s?(?:am|pm)\b",
    re.IGNORECASE,
)
_ALL = (NUMERIC, DAY_MONTH, MONTH_YEAR, RELATIVE, AGO, OTHER, WEEKDAY)
_NUMBERS = {"a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6}


@Language.component("foursight_times")
def find_times(doc: Doc) -> Doc:
    """Fill ``doc.spans["times"]``. Longest expression first where two begin together; contact points are not times."""
    taken = [(s, e) for s, e, _ in doc.spans["contact_points"].attrs["exact"]] if "contact_points" in doc.spans else []
    found = []
    shouting = not any(c.islower() for c in doc.text)
    for pattern in _ALL:
        for match in pattern.finditer(doc.text):
            if pattern is WEEKDAY and not _is_weekday(match, shouting):
                continue
            if not any(match.start() < e and s < match.end() for s, e in taken):
                found.append((match.start(), match.end(), EntityType.TIME.value))
    add_group(doc, "times", found)
    return doc


def _is_weekday(match: re.Match[str], shouting: bool) -> bool:
    """Tell a day from the verb and the star: a full name, a word such as *last* before it, or one capital letter."""
    name = match[2]
    return (
        bool(match[1])
        or len(name) > 5
        or (name[0].isupper() and not name.isupper())
        or (name.isupper() and not shouting)
    )


def resolve(quote: str, reported: date | None) -> date | None:
    """Return the day that a time expression names, or None where it names no single day or the text cannot settle it.

    A date without a year takes the last such day on or before the day of the report. An impossible date (31 February) gives None.
    """
    if match := NUMERIC.fullmatch(quote):
        year = match[3]
        return _day(
            int(match[1]),
            int(match[2] or match[4]),
            (int(year) + (2000 if len(year) == 2 else 0)) if year else None,
            reported,
        )
    if match := DAY_MONTH.fullmatch(quote):
        return _day(int(match[1]), _month(match[2]), int(match[3]) if match[3] else None, reported)
    if reported is None:
        return None
    if match := RELATIVE.fullmatch(quote):
        word = match[1].lower()
        back = 2 if "before" in word else 1 if word in ("yesterday", "last night") else 0
        return reported - timedelta(days=back)
    if match := AGO.fullmatch(quote):
        count = _NUMBERS.get(match[1].lower()) or int(match[1])
        days = {"day": 1, "week": 7}.get(match[2].lower())
        return reported - timedelta(days=count * days) if days else None
    if match := WEEKDAY.fullmatch(quote):
        if match[1] and match[1].lower() in ("every", "each", "next"):
            return None
        wanted = next(i for i, d in enumerate(_DAYS) if d.startswith(match[2].lower()[:3]))
        back = (reported.weekday() - wanted) % 7
        return reported - timedelta(days=back or (7 if match[1] and match[1].lower() == "last" else 0))
    return None


def _month(name: str) -> int:
    return next(i for i, m in enumerate(_MONTHS, 1) if m.startswith(name.lower()[:3]))


def _day(day: int, month: int, year: int | None, reported: date | None) -> date | None:
    if year is None and reported is None:
        return None
    try:
        if year is not None:
            return date(year, month, day)
        assert reported is not None
        this = date(reported.year, month, day)
        return this if this <= reported else date(reported.year - 1, month, day)
    except ValueError:
        return None
