"""Where the charts put things."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.console import charts

DAY = date(2026, 6, 3)


def test_a_timeline_needs_two_days() -> None:
    assert charts.timeline([]) is None
    assert charts.timeline([(1, DAY), (2, DAY)]) is None
    found = charts.timeline([(1, DAY), (2, DAY), (3, DAY + timedelta(9))], DAY + timedelta(12))
    assert found is not None and found.reported == charts.WIDTH - charts.MARGIN and found.left_out == 0
    first, again, last = found.dots
    assert first.x == again.x == charts.MARGIN and first.y > again.y, "one day, one above the other"
    assert last.x > first.x and last.y == first.y


@given(st.lists(st.dates(date(1, 1, 1), date(9999, 12, 31)), min_size=2, max_size=60), st.none() | st.dates())
def test_every_entry_is_inside_and_apart_or_counted(days: list[date], reported: date | None) -> None:
    found = charts.timeline(list(enumerate(days, start=1)), reported)
    if found is None:
        assert len(set(days)) == 1
        return
    assert len(found.dots) + found.left_out == len(days)
    for dot in found.dots:
        assert charts.RADIUS <= dot.x <= charts.WIDTH - charts.RADIUS and charts.RADIUS <= dot.y < found.axis
    places = [(dot.x, dot.y) for dot in found.dots]
    assert len(set(places)) == len(places)
    assert len(found.ticks) <= 12


def test_bins_and_curves_say_what_was_measured() -> None:
    truth, probability = [0, 0, 1, 1], [0.1, 0.2, 0.8, 0.9]
    low, high = charts.bins(truth, probability, count=2)
    assert (low.share, high.share) == (0, 1) and low.given == pytest.approx(0.15)
    assert 0 == low.low < low.high and high.low < high.high == 1
    assert charts.precision_recall(truth, probability)[:2] == [(0.5, 1.0), (1.0, 1.0)]
    tied = charts.precision_recall([1, 0], [0.5, 0.5])
    assert tied == [(1.0, 0.5)], "reports of one probability fall together"
    assert charts.curve([(0, 0), (1, 1)]).line == "44,250 284,10"
