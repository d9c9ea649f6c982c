"""Dates and times as they are written in reports, found by pattern; ``nlp.dates`` says what each means."""

from __future__ import annotations

import re

from spacy.language import Language
from spacy.tokens import Doc

from nlp.calendar import DAY, FESTIVAL, MONTH, NUMBER, SEASON, UNIT
from nlp.spans import add_group, exact_spans
from nlp.taxonomy import EntityType

_ORDINAL = r"(?:st|nd|rd|th)?"
_PART = r"(?:night|nite|morning|evening|afternoon|eve)"
_CLOCK = r"(?:(?<![\d:.])(?:[01]?\d|2[0-4]):[0-5]\d(?![\d:])|(?<![\d/])[0-2]\d[0-9]\d\s?(?:hrs?|hours)\b|\b(?:1[0-2]|[1-9])(?:[.:][0-5]\d)?\s?[ap]\.?m\b)"
# Without a year only the slash is read: "3-4 times", "1.5 miles" and "at 10.11" are not dates, nor are "24/7" and "9/10 for pain".
_NUMERIC = (
    r"(?<![\d/.:-])(?:\d{4}-\d{2}-\d{2}|\d{1,2}(?:([/.-])\d{1,2}\1(?:\d{4}|\d{2})"
    r"|/(?:[12]\d|3[01]|0?\d)(?<!24/7)(?!\s?(?:times|miles|hours|out of|for\b|of\b))))(?![\d/.-]?\d)"
)
_DAY_MONTH = rf"(?<![\w/])(?:\d{{1,2}}{_ORDINAL}\s?(?:,\s?|(?:and|&|to|-|–)\s?(?:the\s)?)){{0,4}}\d{{1,2}}{_ORDINAL}\s?(?:of\s)?{MONTH}(?![a-z])(?:,?\s\d{{4}}\b)?"
_MONTH_DAY = rf"\b{MONTH}\s\d{{1,2}}{_ORDINAL}(?![\d:/])(?:,\s\d{{4}}\b)?"
_WEEKDAY_WORD = rf"\b(?:(?:a week )?(?:last|this|on|every|each|next|most|since|previous)\s)?{DAY}s?\b(?:\s{_PART}s?)?(?:\s(?:before last|just gone|gone))?"
WEEKDAY = re.compile(
    rf"\b((?:a week )?(?:last|this|on|every|each|next|most|since|previous)\s)?({DAY})s?\b(?:\s{_PART}s?)?(?:\s(?:before last|just gone|gone)\b)?",
    re.IGNORECASE,
)
_DATE = rf"(?:{_WEEKDAY_WORD},?\s(?:the\s)?)?(?:{_DAY_MONTH}|{_MONTH_DAY})"
_LENGTH = rf"(?:for|over|in|during)\s(?:the\s)?(?:(?:past|last)\s)?{NUMBER}\s{UNIT}s?"
_SINCE = rf"(?:ever\s)?since\s(?:about\s)?(?:(?:last|this)\s)?(?:{_DAY_MONTH}|{MONTH}\b(?:\s\d{{4}})?|{SEASON}|{FESTIVAL}|{DAY}|yesterday|(?:19|20)\d{{2}}|last\s(?:week|month|year))\b"
_EVERY = rf"(?:(?:every|each|most|nearly every|almost every)\s(?:single\s)?(?:day|night|nite|morning|evening|afternoon|week|weekend|month|shift|{DAY})s?|daily|nightly)"
_PATTERNS: tuple[str, ...] = (
    rf"\b(?:between|from)\s(?:the\s)?(?:\d{{1,2}}{_ORDINAL}\s(?:and|to)\s(?:the\s)?)?(?:{_DATE}|{MONTH})(?![a-z])\s?(?:(?:and|to|until|till|-|–)\s?(?:the\s)?(?:{_DATE}|{MONTH})(?![a-z]))?",
    _DATE,
    rf"\b{MONTH}\s\d{{4}}\b",
    r"\b(?:today|yesterday|tonight|tonite|last (?:night|nite)|this morning|this evening|this afternoon|the day before yesterday|the night before last)\b",
    rf"\b{NUMBER}\s{UNIT}s?\sago\b",
    rf"\b{_EVERY}\b(?:\s{_LENGTH}|\s{_SINCE})?",
    rf"\b(?:{NUMBER}|\d{{1,2}}(?:st|nd|rd|th)|second|third|fourth|fifth|sixth)\s(?:day|night|nite|morning|evening|shift|weekend|week)s?\s(?:running|in a row|straight|on the trot)\b",
    rf"\b{NUMBER}\s(?:separate\s|different\s)?(?:day|night|nite|morning|evening|weekend|{DAY})s(?:\s(?:last|this)\sweek)?\b(?!\s(?:ago|running|later|before|after|off))",
    rf"\b{_SINCE}",
    rf"\b(?:in|until|till|from|by|during)\s(?:late\s|early\s|mid[ -])?(?:(?:last|this)\s)?(?:{MONTH}|{SEASON})\b",
    rf"\b(?:{FESTIVAL})\b",
    r"\b(?:last|this|the past)\s(?:week|month|year|weekend|spring|summer|autumn|winter)\b",
    rf"\b{_LENGTH}\b",
    r"\bthe\s\d{1,2}(?:st|nd|rd|th)\b(?!\s(?:floor|time|day|night|of))",
    _CLOCK,
)
_ALL = (re.compile(_NUMERIC), *(re.compile(p, re.IGNORECASE) for p in _PATTERNS), WEEKDAY)


@Language.component("foursight_times")
def find_times(doc: Doc) -> Doc:
    """Fill ``doc.spans["times"]``. Longest expression first where two begin together; contact points are not times."""
    text = doc.text
    taken = bytearray(len(text))
    for start, end, _ in exact_spans(doc, "contact_points"):
        taken[start:end] = b"\1" * (end - start)
    shouting = not any(c.islower() for c in text)
    found = [
        (*match.span(), EntityType.TIME.value)
        for pattern in _ALL
        for match in pattern.finditer(text)
        if not any(taken[match.start() : match.end()]) and (pattern is not WEEKDAY or _is_weekday(match, shouting))
    ]
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
