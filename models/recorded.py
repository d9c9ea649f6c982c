"""What the record says beside what its text says: a report filed as one day whose text tells of several, or of days outside the recorded ones.

Stalking is missed where each report is recorded as one incident (HMICFRS and HMCPSI, "Living in fear", 2017), so a record of one day over a text of many is worth a look.
"""

from __future__ import annotations

from datetime import date

from models.contracts import Note, OccasionCount, Report, Span, day_of
from models.occasions import written

MOST = 10


def recorded_notes(report: Report, count: OccasionCount) -> list[Note]:
    """Return the notes on where the recorded days and the text part; none where either end of the recorded stretch is missing. They decide nothing."""
    first, last = day_of(report.occurred_from), day_of(report.occurred_to)
    if first is None or last is None:
        return []
    if last < first:
        return [Note(code="recorded_backwards", text="The recorded end lies before the recorded beginning.")]
    days = f"one day, {written(first)}" if first == last else f"{written(first)} to {written(last)}"
    found = []
    if first == last and count.at_least > 1:
        words = f"The record gives {days}; the text shows at least {count.at_least} occasions."
        found.append(Note(code="recorded_as_one_day", text=words))
    outside = [
        t for t in count.timeline if t.acts and t.date and (_day(t.until or t.date) < first or _day(t.date) > last)
    ]
    if outside:
        evidence = [Span(start=t.start, end=t.end, quote=t.quote) for t in outside[:MOST]]
        found.append(
            Note(
                code="outside_recorded_days",
                text=f"The text puts conduct outside the recorded days ({days}).",
                evidence=evidence,
            )
        )
    return found


def _day(written_day: str) -> date:
    return date.fromisoformat(written_day)
