"""What a phrase means as a time, put together from the days it names, how often and how long, and the time of day.

Day comes before month, as in England and Wales. Relative days are read against the day of the report; without that day they stay open. A date
without a year is the last such day on or before the report. Nothing is guessed: a month-first date, an impossible day, a weekday that does not
match its date and a day after the report are said to be so. (General parsers such as dateparser try other orders until one fits and say nothing of
it.) ``read_when`` reads one phrase, ``read_times`` those of a text together.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise

from nlp.calendar import DAY, DAY_NUMBERS, MONTH, YEAR, months_back
from nlp.clock import as_clock, clock
from nlp.days import FOLLOWING, Found, days, either_way
from nlp.entries import TIMED, clock_at
from nlp.spans import Marked
from nlp.stretches import (
    EVERY,
    RUNNING,
    SINCE,
    TIMES,
    lasting,
    length,
    occasions_told,
    recurring,
    running,
    separate_days,
)
from nlp.when import DateFault, Days, When

Stretch = tuple[int, int]
LONGEST = 120  # Characters of a time expression: a longer stretch is none.
_RECKONED = range(
    1000, 9999
)  # Years of a report from which days can be counted back and forth; reports dated otherwise leave relative days open.
_YEAR_OF_KEY = re.compile(r"^\d{4}(?=-\d\d-\d\d$)")  # "3 May" and "3 May 2026" may be one day.
_RANGE = re.compile(r"\b(?:between|from)\b", re.IGNORECASE)
_UNTIL = re.compile(r"\b(?:to|until|till|through)\b|[-–]", re.IGNORECASE)
_SOME_DAY = date(2025, 12, 31)  # Stands in for an unknown day of the report where only a length is asked.
_SINCE_THEN = 28  # Days that "since March" lasts where the day of the report is not known.
# "at 1930", and what shows a year in a log of times: "since 2020", "March 2024".
_AT = re.compile(
    r"(?<!since )(?<!in )(?<!from )(?:\bat|@|\bapprox\.?|\babt\.?|\baround|\babout)\s?$|(?<![\d/])\d{1,2}/\d{1,2}\s$",
    re.IGNORECASE,
)
_OF_YEAR = re.compile(
    rf"(?:\b(?:born|dob|in|since|of|from|during|by|until|till|before|after|early|late|mid|year|spring|summer|autumn|winter|{MONTH}),?\s(?:about\s|around\s)?|[-./])$",
    re.IGNORECASE,
)
_OLDEST = 1940  # A year before this one is none that a log tells of.
_FAR = 120  # Characters between two that belong together in a sentence.
_STOP = re.compile(r"[.;!?\n]")
_BARE = re.compile(rf"{YEAR.pattern}(?![-.]\d|s\b)", re.IGNORECASE)
# What has not happened yet, up to its day: "he is coming for me on Christmas Day".
_YET_TO_COME = re.compile(
    r"(?:\b(?-i:will)|\b(?:s?he|they|i|we|you)['’]ll|(?:\b(?:is|are|am)|['’](?:s|re|m)) (?:going to|coming|planning)|\bgonna|\bplans to)\b[^.,;!?\n]{0,60}$",
    re.IGNORECASE,
)
# A day of the month that something lasts to, and no stretch begun before it: "I am away till the 24th", "he was there from the 3rd to the 24th".
_LASTS_TO = re.compile(r"(?<!\dst )(?<!\dnd )(?<!\drd )(?<!\dth )\b(?:un)?till?\s$", re.IGNORECASE)
_DAY_OF_MONTH = re.compile(r"the\s\d{1,2}(?:st|nd|rd|th)", re.IGNORECASE)
_PAST = re.compile(rf"{YEAR.pattern}|\b(?:last|yesterday|ago|gone|previous|before)\b", re.IGNORECASE)
_BOTH = re.compile(rf"\s*(?:the\s|both\s)*(two|both)\s({DAY})s\b", re.IGNORECASE)


def read_when(quote: str, reported: date | None) -> When:
    """Return what ``quote`` means against the day of the report; a When with nothing filled in where it names no day."""
    if len(quote) > LONGEST:
        return When()
    if reported is not None and reported.year not in _RECKONED:
        reported = None
    quote = _times_at(quote)
    found = days(quote, reported)
    spans = [f.span for f in found if f.span]
    time, bad_time = clock(quote)
    fault = next((f.fault for f in found if f.fault), DateFault.IMPOSSIBLE if bad_time else None)
    when = When(clock=time, fault=fault)
    if match := RUNNING.search(quote):
        span, many = running(match, reported)
        return _over(replace(when, days=many), span)
    every, many_days = EVERY.search(quote), separate_days(quote)
    if every or many_days:
        when = _over(when, _stretch(quote, found, reported) or lasting(quote, reported))
        if every:
            return replace(when, recurring=True, days=recurring(every, quote, spans, reported))
        return replace(when, days=many_days or 1)
    told = occasions_told(quote, _told_over(quote, reported))
    if told:
        many, vague = told
        span = _stretch(quote, found, reported) or lasting(quote, reported)
        keys = tuple(_YEAR_OF_KEY.sub("", f.key) for f in found if f.key) if many == 1 else ()
        return replace(_over(when, span), days=many, recurring=vague, keys=keys)
    keys = tuple(dict.fromkeys(_YEAR_OF_KEY.sub("", f.key) for f in found if f.key))
    listed = _listed(quote, found)
    if not spans:
        if not found and (span := lasting(quote, reported)):
            return _over(when, span)
        return replace(when, days=2 if _BOTH.match(quote) else len(keys) if listed and keys else 1, keys=keys)
    if _is_range(quote, found) and len(spans) == 2:
        ordered = _in_order(quote, found)
        if ordered is None:
            return replace(when, fault=fault or DateFault.CONTRADICTION)
        start, end = ordered
    else:
        start, end = _ends(spans)
    if (
        SINCE.search(quote)
        and len(spans) == 1
        and reported
        and start <= reported
        and not quote.strip().lower().startswith("between")
    ):
        return _over(when, (start, reported))
    late = reported is not None and start > reported and not any(f.expiry for f in found)
    return replace(
        _over(when, (start, end)),
        days=len(spans) if listed and not late else 1,
        keys=keys if (start == end or listed) and not late else (),
        fault=fault or (DateFault.FUTURE if late else None),
    )


def names_days(quote: str, when: When) -> bool:
    """Whether an expression says anything of days, relative ones among them; a time of day alone, or a stray number, does not."""
    if when.clock:
        quote = quote.replace(when.clock.replace(":", ""), when.clock)  # 1930, read as a time, is no year.
    return replace(when, clock=None) != When() or bool(days(quote, None))


def _times_at(quote: str) -> str:
    """Write "at 1930" with its colon, so that it is no year."""
    return _BARE.sub(lambda m: as_clock(m[1]) if _AT.search(quote[: m.start()]) else m[0], quote)


def _over(when: When, span: Days | None) -> When:
    return replace(when, start=span[0], end=span[1]) if span else when


def _ends(spans: Sequence[Days]) -> Days:
    return min(s for s, _ in spans), max(e for _, e in spans)


def _stretch(quote: str, found: Sequence[Found], reported: date | None) -> Days | None:
    """Return the days in which something recurs: those named, and up to the report where it is "since" then."""
    spans = [f.span for f in found if f.span]
    if not spans:
        return None
    if _is_range(quote, found) and len(spans) == 2:
        return _in_order(quote, found)
    start, end = _ends(spans)
    return (start, reported) if SINCE.search(quote) and reported and start <= reported else (start, end)


def _told_over(quote: str, reported: date | None) -> int | None:
    """Return the length in days of the stretch that "nine times since March" speaks of, None where it names none."""
    span = _stretch(quote, days(quote, reported or _SOME_DAY), reported or _SOME_DAY)
    if span is None:
        return length(quote) or None
    held = (span[1] - span[0]).days + 1
    return min(held, _SINCE_THEN) if reported is None and SINCE.search(quote) else held


def _is_range(quote: str, found: Sequence[Found]) -> bool:
    """Whether two days are the ends of a stretch ("between 3 and 19 May")."""
    return len(found) == 2 and (bool(_RANGE.search(quote)) or bool(_UNTIL.search(quote[found[0].stop : found[1].at])))


def _in_order(quote: str, found: Sequence[Found]) -> Days | None:
    """Return the two ends, the first in the week or year before where it would otherwise come last; None where they contradict each other."""
    first, last = found
    if first.span is None or last.span is None:
        return None
    start, end = first.span[0], last.span[1]
    if start > end and first.key in DAY_NUMBERS:
        start -= timedelta(days=7)
    elif start > end:
        written = YEAR.search(quote[first.at : first.stop]) or first.key[:1].isdigit()
        back = None if written or start.month == end.month else months_back(start, 12)
        if back is None:
            return None
        start = back
    return (start, end) if start <= end else None


def _listed(quote: str, found: Sequence[Found]) -> bool:
    """Whether several days are a list ("3 and 19 May") and not the two ends of a stretch ("between 3 and 19 May")."""
    if len(found) < 2 or _RANGE.search(quote):
        return False
    return not any(_UNTIL.search(quote[a.stop : b.at]) for a, b in pairwise(found))


def read_times(marked: Marked, stretches: Sequence[Stretch], reported: date | None) -> list[When]:
    """Return what each expression of a text means, in the order given, with what the words around it and the other dates of the text say.

    ``stretches``: where they stand. Beyond ``read_when``: whether 1930 is a time or a year, which day "the following day" is, how often something is
    told of in the sentence, what has not happened yet, and whether the text writes the month first.
    """
    text = marked.text
    entries = marked.spans("entries")
    heads = {clock_at(text, start) for start, _, label in entries if label == TIMED}
    whens: list[When] = []
    for start, end in stretches:
        quote = text[start:end]
        for match in _BARE.finditer(text[start:end]):
            if _is_clock(text, start + match.start(), int(match[1]), heads, reported):
                quote = quote.replace(match[0], as_clock(match[0]))
        when = read_when(quote, reported)
        if FOLLOWING.search(quote) and "+1" in when.keys:
            before = next((w for w in reversed(whens) if w.dated), None)
            when = _day_after(when, before, reported)
        elif (
            when.dated
            and not when.recurring
            and not _PAST.search(quote)
            and (
                _YET_TO_COME.search(text, max(0, start - 100), start)
                or _still_to_last(text, start, quote, when, reported)
            )
        ):
            when = When(clock=when.clock, fault=when.fault)
        whens.append(when)
    if any(w.fault is DateFault.FOREIGN for w in whens):
        whens = [
            When(clock=w.clock, fault=DateFault.FOREIGN) if either_way(text[s:e]) else w
            for w, (s, e) in zip(whens, stretches, strict=True)
        ]
    return _told_beside(text, stretches, whens, reported)


def _still_to_last(text: str, start: int, quote: str, when: When, reported: date | None) -> bool:
    """Whether "till the 24th" in a report of the 22nd is of this month, not of the last."""
    if not (
        reported and when.day and _DAY_OF_MONTH.fullmatch(quote) and _LASTS_TO.search(text[max(0, start - 12) : start])
    ):
        return False
    return (when.day.year, when.day.month) < (reported.year, reported.month)


def _is_clock(text: str, at: int, written: int, heads: set[int | None], reported: date | None) -> bool:
    """Whether a bare number such as 1930 is a time: it opens an entry of a log or follows "at"; or it stands in a log, or is after the report, and not as in "since 2020"."""
    before = text[max(0, at - 24) : at]
    if at in heads or _AT.search(before):
        return True
    if reported and written > reported.year:
        return not _OF_YEAR.search(before)
    a_year = _OLDEST <= written <= (reported.year if reported else written)
    return bool(heads) and not (a_year and _OF_YEAR.search(before))


def _day_after(when: When, before: When | None, reported: date | None) -> When:
    """Return "the following day" after a date; open, but told apart from others, where that date is not known."""
    if before is None or before.days > 1:
        return when
    if before.day and before.day < date.max:
        day = before.day + timedelta(days=1)
        return replace(when, start=day, end=day, keys=()) if reported is None or day <= reported else when
    key = next(iter(before.keys), "")
    if key in DAY_NUMBERS:
        names = list(DAY_NUMBERS)
        return replace(when, keys=(names[(DAY_NUMBERS[key] + 1) % 7],))
    if re.fullmatch(r"-\d\d-\d\d", key):
        next_day = date.fromisoformat(f"2024{key}") + timedelta(days=1)
        return replace(when, keys=(f"-{next_day:%m-%d}",))
    return when


def _told_beside(text: str, stretches: Sequence[Stretch], whens: Sequence[When], reported: date | None) -> list[When]:
    """Give a stretch the number of times told elsewhere in its sentence ("since May he has written 40 times"), and take "on three occasions" on one day for one."""
    counted = list(whens)
    for match in TIMES.finditer(text):
        near = [i for i in _near(text, match.span(), stretches) if replace(whens[i], clock=None) != When()]
        inside = any(stretches[i][0] < match.end() and match.start() < stretches[i][1] for i in near)
        if len(near) != 1 or inside or whens[near[0]].dated:
            continue
        start, end = stretches[near[0]]
        quote = text[start:end]
        # "In March he rang eleven times" may tell of one evening in March; and "finished six times, back since May" counts something else.
        if not (_RANGE.search(quote) or SINCE.search(quote)) or (
            match.end() < start and "," in text[match.end() : start]
        ):
            continue
        if told := occasions_told(match[0], _told_over(quote, reported)):
            counted[near[0]] = replace(whens[near[0]], days=told[0], recurring=told[1])
    for i, place in enumerate(stretches):
        told = occasions_told(text[place[0] : place[1]], 1)
        if not told or told[0] > 1 or whens[i].days == 1:
            continue
        if any(j != i and whens[j].dated and whens[j].days == 1 for j in _near(text, place, stretches)):
            counted[i] = replace(whens[i], days=1)
    return counted


def _near(text: str, place: Stretch, stretches: Sequence[Stretch]) -> list[int]:
    """Return which of ``stretches``, in the order of the text, stand in the same sentence as ``place`` and not far from it."""
    first = bisect_left(stretches, place[0] - _FAR, key=lambda s: s[1])
    stop = bisect_left(stretches, place[1] + _FAR, key=lambda s: s[0])
    return [
        i
        for i in range(first, stop)
        if not _STOP.search(text, min(place[1], stretches[i][1]), max(place[0], stretches[i][0]))
    ]
