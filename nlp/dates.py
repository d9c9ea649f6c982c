"""What a phrase means as a time, put together from the days it names, how often and how long, and the time of day.

Day comes before month, as in England and Wales. Relative days are read against the day of the report; without that day they stay open. A date
without a year is the last such day on or before the report. Nothing is guessed: a month-first date, an impossible day, a weekday that does not
match its date and a day after the report are said to be so. (General parsers such as dateparser try other orders until one fits and say nothing of it.)
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from itertools import pairwise

from nlp.calendar import DAY
from nlp.clock import clock
from nlp.days import Found, days
from nlp.stretches import EVERY, RUNNING, SINCE, lasting, recurring, running, separate_days
from nlp.when import DateFault, Days, When

LONGEST = 120  # Characters of a time expression: a longer stretch is none.
_RECKONED = range(
    1000, 9999
)  # Years of a report from which days can be counted back and forth; reports dated otherwise leave relative days open.
_RANGE = re.compile(r"\b(?:between|from)\b", re.IGNORECASE)
_UNTIL = re.compile(r"\b(?:to|until|till|through)\b|[-–]", re.IGNORECASE)
_BOTH = re.compile(rf"\s*(?:the\s|both\s)*(two|both)\s({DAY})s\b", re.IGNORECASE)


def read_when(quote: str, reported: date | None) -> When:
    """Return what ``quote`` means against the day of the report; a When with nothing filled in where it names no day."""
    if len(quote) > LONGEST:
        return When()
    if reported is not None and reported.year not in _RECKONED:
        reported = None
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
        when = _over(when, _stretch(quote, spans, reported) or lasting(quote, reported))
        if every:
            return replace(when, recurring=True, days=recurring(every, quote, spans, reported))
        return replace(when, days=many_days or 1)
    keys = tuple(dict.fromkeys(f.key for f in found if f.key))
    listed = _listed(quote, found)
    if not spans:
        if not found and (span := lasting(quote, reported)):
            return _over(when, span)
        return replace(when, days=2 if _BOTH.match(quote) else len(keys) if listed and keys else 1, keys=keys)
    start, end = _ends(spans)
    if (
        SINCE.search(quote)
        and len(spans) == 1
        and reported
        and start <= reported
        and not quote.strip().lower().startswith("between")
    ):
        return _over(when, (start, reported))
    late = reported is not None and start > reported
    return replace(
        _over(when, (start, end)),
        days=len(spans) if listed else 1,
        keys=keys if start == end or listed else (),
        fault=fault or (DateFault.FUTURE if late else None),
    )


def names_days(quote: str, when: When) -> bool:
    """Whether an expression says anything of days, relative ones among them; a time of day alone, or a stray number, does not."""
    return replace(when, clock=None) != When() or bool(days(quote, None))


def _over(when: When, span: Days | None) -> When:
    return replace(when, start=span[0], end=span[1]) if span else when


def _ends(spans: Sequence[Days]) -> Days:
    return min(s for s, _ in spans), max(e for _, e in spans)


def _stretch(quote: str, spans: Sequence[Days], reported: date | None) -> Days | None:
    """Return the days in which something recurs: those named, and up to the report where it is "since" then."""
    if not spans:
        return None
    start, end = _ends(spans)
    return (start, reported) if SINCE.search(quote) and reported and start <= reported else (start, end)


def _listed(quote: str, found: Sequence[Found]) -> bool:
    """Whether several days are a list ("3 and 19 May") and not the two ends of a stretch ("between 3 and 19 May")."""
    if len(found) < 2 or _RANGE.search(quote):
        return False
    return not any(_UNTIL.search(quote[a.stop : b.at]) for a, b in pairwise(found))
