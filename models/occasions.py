"""How many separate occasions the text shows at least, and when: acts joined to the dates that stand by them.

A course of conduct needs conduct on at least two occasions (PHA 1997 s.7(3)). Many messages in one sitting are one occasion, messages on two days are
two (labelling guide, section 2). So occasions are counted by separate days: an act takes the date of its own entry or sentence, the nearest before others.
The reader's own estimate of the number stands beside the count. It is of the text as a whole and knows nothing of whose acts they are, so it is
believed only as far as the acts that count allow. Dates do not lower it: holding it to the days named where every act is dated was right in 4 of 20 reports of dev.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from models.contracts import OccasionCount, TimelineEntry
from nlp.calendar import DAY
from nlp.dates import names_days
from nlp.when import DateFault, When

Stretch = tuple[int, int]
RECURRING = 3
# What stands before a time that is not when something happened: "until the 24th", "due on Monday", "expires on 3 May"; and before a day of habit: "his Tuesday bus".
_AHEAD = re.compile(
    r"\b(?:un)?til+\s(?:the\s)?$|\bdue\s(?:on|in|back|at)?\s?$|\b(?:exp|expir(?:es|y|ing)|valid\s(?:until|to))[.:]?\s(?:on\s)?(?:the\s)?$",
    re.IGNORECASE,
)
_HABIT = re.compile(r"\b(?:his|her|my|their|our|your)\s$", re.IGNORECASE)
_DAY = re.compile(DAY, re.IGNORECASE)

_UNIT = re.compile(r"\b(?:week|month|year)\b", re.IGNORECASE)
_RANGE = re.compile(r"\b(?:since|between|from|to|until|till|through)\b|[-–]", re.IGNORECASE)


@dataclass(frozen=True)
class Act:
    """An act that counts: where it stands and its code."""

    start: int
    end: int
    code: str


@dataclass(frozen=True)
class Timed:
    """A time expression and what it means."""

    start: int
    end: int
    when: When


def occasions(
    text: str,
    acts: Sequence[Act],
    times: Sequence[Timed],
    entries: Sequence[Stretch],
    estimate: int,
    some_own: bool = False,
) -> OccasionCount:
    """Return the lower bound and the timeline.

    ``acts``: those that count, of another person and said to have happened. ``estimate``: the reader's number, 0 to 3 (three or more). ``some_own``: acts
    of the injured party were left out of ``acts``.
    """
    times = [t for t in times if names_days(text[t.start : t.end], t.when)]
    when_done = [i for i, t in enumerate(times) if not _otherwise(text, t)]
    joined = {when_done[i]: a for i, a in _join(acts, [times[i] for i in when_done], entries).items()}
    days = _separate_days([times[i].when for i, found in joined.items() if found])
    if some_own:
        estimate = min(estimate, len(acts))
    # Chosen on dev: as often exact as the estimate alone, and closer where it is wrong. Without conduct there is no occasion, whatever dates stand there.
    at_least = max(estimate, days) if estimate and acts else 0
    numbers = _numbers([(i, times[i].when) for i, found in joined.items() if found])
    timeline = [
        TimelineEntry(
            start=t.start,
            end=t.end,
            quote=text[t.start : t.end],
            date=t.when.start.isoformat() if t.when.start and t.when.end else None,
            until=t.when.end.isoformat() if t.when.end and t.when.end != t.when.start else None,
            acts=list(dict.fromkeys(a.code for a in joined.get(i, []))),
            occasion=numbers.get(i),
        )
        for i, t in enumerate(times)
    ]
    dated = [times[i].when for i, found in joined.items() if found and _bounds(text, times[i])]
    first = min((w.start for w in dated if w.start), default=None)
    last = max((w.end for w in dated if w.end), default=None)
    return OccasionCount(at_least=at_least, timeline=timeline, summary=_summary(at_least, first, last))


def _otherwise(text: str, time: Timed) -> bool:
    """Whether a time is not when something happened."""
    left = max(0, time.start - 12)
    if time.when.fault is DateFault.FUTURE or _AHEAD.search(text, left, time.start):
        return True
    return bool(_DAY.match(text, time.start) and _HABIT.search(text, left, time.start))


def _bounds(text: str, time: Timed) -> bool:
    """Whether a time says from when or until when something went on. "In June" or "last year" does not: it happened at some time then."""
    when = time.when
    if when.start is None or when.end is None or when.fault is not None:
        return False
    # On a Monday "this week" is one day, and as vague as on any other.
    vague = (
        when.days == 1
        and not when.recurring
        and (when.start != when.end or bool(_UNIT.search(text, time.start, time.end)))
    )
    return not vague or bool(_RANGE.search(text, time.start, time.end))


def _join(acts: Sequence[Act], times: Sequence[Timed], entries: Sequence[Stretch]) -> dict[int, list[Act]]:
    """Give each act the time expression that it most likely belongs to: inside its entry, the nearest; else the last dated one before the entry."""
    joined: dict[int, list[Act]] = {}
    for act in acts:
        start, end = next(((s, e) for s, e in entries if s <= act.start < e), (act.start, act.end))
        here = [i for i, t in enumerate(times) if start <= t.start < end or (act.start <= t.start < act.end)]
        dated = [i for i in here if times[i].when.dated or times[i].when.start]
        if dated:
            # A list of days belongs to an act as a whole; otherwise the nearest one, what stands before counting as nearer.
            nearest = min(dated, key=lambda i: _distance(times[i], act))
            joined.setdefault(nearest, []).append(act)
            for i in dated:
                if i != nearest and act.start <= times[i].start < act.end:
                    joined.setdefault(i, []).append(act)
            continue
        before = [i for i, t in enumerate(times) if t.end <= start and t.when.dated]
        if before:
            joined.setdefault(before[-1], []).append(act)
    return joined


def day_at(at: Stretch, times: Sequence[Timed], entries: Sequence[Stretch]) -> date | None:
    """Return the day that the entry of a stretch of text names, the nearest to it, or None."""
    start, end = next(((s, e) for s, e in entries if s <= at[0] < e), at)
    here = [(abs(t.start - at[0]), t.when.day) for t in times if start <= t.start < end and t.when.day]
    return min(here)[1] if here else None


def _distance(time: Timed, act: Act) -> int:
    if act.start <= time.start < act.end:
        return 0
    return act.start - time.end if time.end <= act.start else 2 * (time.start - act.end)


def _separate_days(whens: Sequence[When]) -> int:
    """Return how many separate days are named at least. Names of different kinds ("Monday", "12 March") may be the same day."""
    kinds: dict[str, set[str]] = {}
    seen: dict[str, str] = {}
    most = 0
    for when in whens:
        # "Every evening since March" is how people speak: it shows three or more, not the 239 that its calendar holds.
        most = max(most, min(when.days, RECURRING) if when.recurring else when.days)
        if when.day:
            # "Last Tuesday" and then "that Tuesday" may be one day, whatever day the report was made.
            weekday = next((k for k in when.keys if k.isalpha()), "")
            day = when.day.isoformat()
            kinds.setdefault("day", set()).add(seen.setdefault(weekday, day) if weekday else day)
        for key in when.keys:
            kind = (
                "weekday" if key.isalpha() else "date" if "-" in key and key[-1].isdigit() and len(key) > 3 else "other"
            )
            kinds.setdefault(kind, set()).add(key)
        if when.start and when.start != when.end and when.end and when.days == 1:
            kinds.setdefault("month", set()).add(f"{when.start}/{when.end}")
    return max([most, *(len(v) for k, v in kinds.items() if k != "month")])


def _numbers(whens: Sequence[tuple[int, When]]) -> dict[int, int]:
    """Number the dated entries in time: those of one day share a number."""
    order = sorted({w.start for _, w in whens if w.start and w.dated and w.days == 1})
    return {i: order.index(w.start) + 1 for i, w in whens if w.start and w.dated and w.days == 1}


def _summary(at_least: int, first: date | None, last: date | None) -> str:
    if at_least == 0:
        return "The text shows no occasion."
    many = "at least 1 occasion" if at_least == 1 else f"at least {at_least} occasions"
    if first is None or last is None:
        return f"The text describes {many}."
    if first == last:
        return f"The text describes {many}; the date named is {written(first)}."
    return f"The text describes {many} between {written(first)} and {written(last)}."


def written(day: date) -> str:
    """Return a day as people write it: 3 March 2026."""
    return f"{day.day} {day:%B %Y}"
