"""Dates and times as they are written in reports, found by pattern; ``nlp.dates`` says what each means."""

from __future__ import annotations

import re

from spacy.language import Language
from spacy.tokens import Doc

from nlp.calendar import DAY, FESTIVAL, MONTH, MONTH_YEAR, NUMBER, PART_OF_MONTH, SEASON, UNIT
from nlp.spans import add_group, exact_spans
from nlp.stretches import NOT_MORE
from nlp.taxonomy import EntityType

_ORDINAL = r"(?:st|nd|rd|th)?"
_PART = r"(?:night|nite|morning|evening|afternoon|eve)"
_CLOCK = r"(?:(?<![\d:.])(?:[01]?\d|2[0-4]):[0-5]\d(?![\d:])|(?<![\d/])[0-2]\d[0-9]\d\s?(?:hrs?|hours)\b|\b(?:1[0-2]|[1-9])(?:[.:][0-5]\d)?\s?[ap]\.?m\b)"
# Without a year only the slash is read: "3-4 times", "1.5 miles" and "at 10.11" are not dates, nor are "24/7" and "9/10 for pain".
_NUMERIC = (
    r"(?<![\d/.:-])(?:\d{4}([-/.])\d{1,2}\1\d{1,2}|\d{1,2}(?:([/.-])\d{1,2}\2(?:\d{4}|\d{2})"
    r"|/(?:[12]\d|3[01]|0?\d)(?<!24/7)(?!\s?(?:times|miles|hours|out of|for\b|of\b))))(?![\d/.-]?\d)"
)
# A number on the next line is the time of a new entry.
_YEAR = r"(?:,?[^\S\n](?:(?:19|20)\d{2}\b|(?:of\s)?(?:last|this)\syear\b))?"
_DAY_MONTH = (
    rf"(?<![\w/])(?:the\s(?=\d{{1,2}}{_ORDINAL}(?:,|\s(?:and|&)\s)))?(?:\d{{1,2}}{_ORDINAL}\s?(?:,\s?(?:and\s)?|(?:and|&|to|-|–)\s?)(?:the\s)?(?:{DAY},?\s(?:the\s)?)?){{0,6}}"
    rf"\d{{1,2}}{_ORDINAL}\s?(?:of\s)?{MONTH}(?![a-z]){_YEAR}"
)
_NAMED_MONTH = rf"(?<![\w/-])\d{{1,2}}([-/]){MONTH}(?:\1(?:\d{{4}}|\d{{2}}))?(?![\w/-])"
# Dates that share the year of the last.
_ONE_OF_LIST = rf"\d{{1,2}}{_ORDINAL}\s?(?:of\s)?{MONTH}(?![a-z])"
_DATE_LIST = rf"(?<![\w/])(?:the\s)?{_ONE_OF_LIST}(?:(?:,\s?(?:and\s)?|\s(?:and|&)\s)(?:on\s)?(?:the\s)?(?:{DAY},?\s)?{_ONE_OF_LIST}){{1,8}},?\s\d{{4}}\b"
_WEEK_DAYS = rf"{DAY}(?:\s{_PART})?(?:\s?(?:,\s?(?:and\s)?|(?:and|&|\+)\s)(?:on\s)?{DAY}(?:\s{_PART})?){{0,6}}"
_MONTH_DAY = rf"\b{MONTH}\s\d{{1,2}}{_ORDINAL}(?![\d:/])(?:,\s\d{{4}}\b)?"
_WEEKDAY_WORD = rf"\b(?:(?:a week )?(?:last|this|on|every|each|next|most|since|previous)\s)?{DAY}s?\b(?:\s{_PART}s?)?(?:\s(?:before last|just gone|gone))?"
WEEKDAY = re.compile(
    rf"\b((?:a week )?(?:last|this|on|every|each|next|most|since|previous)\s)?({DAY})s?\b(?:\s{_PART}s?)?(?:\s(?:before last|just gone|gone)\b)?",
    re.IGNORECASE,
)
_DATE = rf"(?:{_WEEKDAY_WORD},?\s(?:the\s)?)?(?:{_DAY_MONTH}|{_MONTH_DAY})"
_LENGTH = rf"(?:for|over|in|during)\s(?:the\s)?(?:(?:past|last)\s)?{NUMBER}\s{UNIT}s?"
_SINCE = rf"(?:ever\s)?since\s(?:about\s)?(?:(?:last|this)\s)?(?:the\s)?(?:{_DAY_MONTH}|{PART_OF_MONTH}\s(?:the\s)?{MONTH_YEAR}|{MONTH_YEAR}|{SEASON}|{FESTIVAL}|{DAY}|yesterday|(?:19|20)\d{{2}}|last\s(?:week|month|year))\b"
_EVERY = rf"(?:(?:every|each|most|nearly every|almost every)\s(?:single\s)?(?:day|night|nite|morning|evening|afternoon|week|weekend|month|shift|{DAY})s?|daily|nightly)"
_BETWEEN = rf"(?:between|from)\s(?:the\s)?(?:\d{{1,2}}{_ORDINAL}\s(?:and|to)\s(?:the\s)?)?(?:{_DATE}|{MONTH_YEAR})(?![a-z])\s?(?:(?:and|to|until|till|-|–)\s?(?:the\s)?(?:{_DATE}|{MONTH_YEAR})(?![a-z]))?"
_IN = rf"(?:in|until|till|from|by|during)\s(?:late\s|early\s|mid[ -])?(?:(?:last|this)\s)?(?:{MONTH_YEAR}|{SEASON})\b"
_LATELY = r"(?:last|this|the past)\s(?:week|month|year|weekend|spring|summer|autumn|winter)\b"
_OVER = rf"(?:{_BETWEEN}|{_SINCE}|{_IN}|(?:in\s|over\s|during\s)?{_LATELY}|{_LENGTH})"
_ONE_DAY = rf"(?:on\s)?(?:{_DATE}|{_WEEKDAY_WORD}|yesterday|today|last night|tonight)"
# How often is a time only where it says over how long, or that they were separate.
_OCCASIONS = rf"(?:on\s)?(?:at\sleast\s)?{NUMBER}\s(?:(?:separate|different|distinct)\s)?(?:(?:other|previous|further|more)\s)?occasions\b(?:,?\s(?:{_OVER}|{_ONE_DAY}))?"
_TIMES = (
    rf"(?:at\sleast\s)?{NUMBER}\s(?:(?:separate|different|more|further)\s)?times"
    rf"(?:,?\s{_OVER}|,?\s(?:on|over)\s(?:separate|different)\s(?:days|dates|nights|occasions)\b(?:,?\s{_OVER})?)"
)
_PATTERNS: tuple[str, ...] = (
    rf"\b{_BETWEEN}",
    _DATE,
    _DATE_LIST,
    _NAMED_MONTH,
    rf"{NOT_MORE}\b{_OCCASIONS}",
    rf"{NOT_MORE}\b{_TIMES}",
    # Beside another day even one in small letters is a day: "mon + thurs".
    rf"\b(?:on\s)?{DAY}s?\b(?:\s?(?:,\s?(?:and\s)?|(?:and|&|\+)\s)(?:on\s)?{DAY}s?\b(?!,?\s(?:the\s)?\d)){{1,6}}",
    rf"\b(?:on\s)?{_WEEK_DAYS}\s(?:of\s)?(?:last|this)\sweek\b",
    rf"\b(?:last|this)\sweek,?\s(?:on\s)?{_WEEK_DAYS}\b",
    rf"\b(?:the\s)?{PART_OF_MONTH}\s(?:the\s)?{MONTH_YEAR}",
    r"\b(?:the\s)?(?:following|next)\s(?:day|morning|afternoon|evening|night)\b",
    r"\b(?:exp(?:ir(?:es|y|ing|ed))?|valid\s(?:to|until))\b\.?:?\s(?:date\s)?(?:on\s|in\s)?(?:0?[1-9]|1[0-2])/(?:1[3-9]|[2-9]\d)(?![\d/])",
    rf"\b{MONTH}\s\d{{4}}\b",
    r"\b(?:today|yesterday|tonight|tonite|last (?:night|nite)|this morning|this evening|this afternoon|the day before yesterday|the night before last)\b",
    rf"\b{NUMBER}\s{UNIT}s?\sago\b",
    rf"\b{_EVERY}\b(?:\s{_LENGTH}|\s{_SINCE})?",
    rf"\b(?:{NUMBER}|\d{{1,2}}(?:st|nd|rd|th)|second|third|fourth|fifth|sixth)\s(?:day|night|nite|morning|evening|shift|weekend|week)s?\s(?:running|in a row|straight|on the trot)\b",
    rf"\b{NUMBER}\s(?:separate\s|different\s)?(?:day|night|nite|morning|evening|weekend|{DAY})s(?:\s(?:last|this)\sweek)?\b(?!\s(?:ago|running|later|before|after|off))",
    rf"\b{_SINCE}",
    rf"\b{_IN}",
    rf"\b(?:{FESTIVAL})\b",
    rf"\b{_LATELY}",
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
