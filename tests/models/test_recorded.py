"""A record of one day over a text of many is said, and so are days outside the record; a record without both ends says nothing."""

from datetime import UTC, datetime

import pytest

from models.contracts import OccasionCount, Report, TimelineEntry
from models.recorded import recorded_notes


def moment(day: str | None) -> datetime | None:
    return datetime.fromisoformat(day).replace(hour=12, tzinfo=UTC) if day else None


def codes(first: str | None, last: str | None, at_least: int = 3, *told: str) -> list[str]:
    report = Report(reference="r", text="He came.", occurred_from=moment(first), occurred_to=moment(last))
    timeline = [TimelineEntry(start=0, end=7, quote="He came", date=day, acts=["approach"]) for day in told]
    return [n.code for n in recorded_notes(report, OccasionCount(at_least=at_least, timeline=timeline))]


def test_one_recorded_day_over_several_occasions_is_said() -> None:
    assert codes("2026-03-03", "2026-03-03") == ["recorded_as_one_day"]
    assert codes("2026-03-03", "2026-03-03", 1) == []
    assert codes("2026-03-03", "2026-03-09") == []


@pytest.mark.parametrize(("first", "last"), [(None, None), ("2026-03-03", None), (None, "2026-03-03")])
def test_half_a_record_says_nothing(first: str | None, last: str | None) -> None:
    assert codes(first, last, 3, "2025-01-01") == []


def test_conduct_outside_the_recorded_days_is_shown_with_its_words() -> None:
    assert codes("2026-03-03", "2026-03-09", 2, "2026-03-04", "2026-03-09") == []
    assert codes("2026-03-03", "2026-03-09", 2, "2026-03-02") == ["outside_recorded_days"]
    assert codes("2026-03-03", "2026-03-09", 2, "2026-03-10") == ["outside_recorded_days"]


def test_a_record_that_ends_before_it_begins_is_said_and_not_used() -> None:
    assert codes("2026-03-09", "2026-03-03", 3, "2020-01-01") == ["recorded_backwards"]
