"""Geometry of the charts. Python places, a template draws as SVG with classes only: the content policy allows no inline style.

Every chart stands beside the same figures as text, so the drawing itself is hidden from screen readers.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from models.intervals import wilson

# The timeline, in units of its view box.
WIDTH, MARGIN, LANE, RADIUS, MOST_LANES = 640, 30, 24, 10, 6
# The plots of /models: a square and its margins.
SIDE, LEFT, BELOW = 240, 44, 40


@dataclass(frozen=True)
class Dot:
    x: float
    y: float
    number: int


@dataclass(frozen=True)
class Tick:
    x: float
    label: str
    anchor: str = "middle"


@dataclass(frozen=True)
class Timeline:
    """Entries of one text on the days that they name. ``left_out`` did not fit; ``reported`` is the day of the report."""

    width: int
    height: float
    axis: float
    dots: Sequence[Dot]
    ticks: Sequence[Tick]
    reported: float | None
    left_out: int


def timeline(dated: Sequence[tuple[int, date]], reported: date | None = None) -> Timeline | None:
    """Place numbered entries on a line of days; None without two different days, which a list says as well."""
    days = sorted({day for _, day in dated})
    if len(days) < 2:
        return None
    ends = [*days, reported] if reported else days
    first, last = min(ends), max(ends)
    # Numbers and labels are centred on their place: the margin keeps them inside.
    scale = (WIDTH - 2 * MARGIN) / max(1, (last - first).days)

    def at(day: date) -> float:
        return round(MARGIN + (day - first).days * scale, 1)

    lanes: list[float] = []
    placed: list[tuple[float, int, int]] = []
    for number, day in sorted(dated, key=lambda entry: (entry[1], entry[0])):
        x = at(day)
        lane = next((n for n, taken in enumerate(lanes) if x - taken >= 2 * RADIUS + 2), len(lanes))
        if lane == MOST_LANES:
            continue
        lanes[lane : lane + 1] = [x]
        placed.append((x, lane, number))
    axis = len(lanes) * LANE + 22.0
    dots = [Dot(x, axis - 14 - lane * LANE, number) for x, lane, number in placed]
    ticks = [Tick(at(day), label) for day, label in _ticks(first, last)]
    return Timeline(WIDTH, axis + 26, axis, dots, ticks, at(reported) if reported else None, len(dated) - len(dots))


def _ticks(first: date, last: date, most: int = 7) -> list[tuple[date, str]]:
    """Round days, months or years from ``first`` to ``last``, as many as fit."""
    span = (last - first).days
    for step in (1, 2, 7, 14):
        if span / step < most:
            days = [first + timedelta(n) for n in range(0, span + 1, step)]
            return [(day, f"{day.day} {day:%b}") for day in days]
    months = (
        [(year, month) for year in range(first.year, last.year + 1) for month in range(1, 13)] if span < 4000 else []
    )
    for step in (1, 2, 3, 6):
        starts = [date(y, m, 1) for y, m in months if (m - 1) % step == 0]
        starts = [day for day in starts if first <= day <= last]
        if 2 <= len(starts) <= most:
            return [(day, f"{day:%b} {day.year}") for day in starts]
    years = max(1, 10 ** math.floor(math.log10(max(1, span / 365))))
    step = next(s for s in (years, 2 * years, 5 * years, 10 * years) if (last.year - first.year) / s <= most)
    found = [y for y in range(first.year, last.year + 1) if y % step == 0 and date(max(y, 1), 1, 1) >= first]
    return [(date(y, 1, 1), str(y)) for y in found if y >= 1]


@dataclass(frozen=True)
class Plot:
    """Points in a unit square, as ``points`` of an SVG polyline, with what hangs on each."""

    line: str
    dots: Sequence[tuple[float, float]]
    bars: Sequence[tuple[float, float, float]]


def place(x: float, y: float) -> tuple[float, float]:
    """A point of the unit square in the plot's own units: y upward becomes y downward."""
    return round(LEFT + x * SIDE, 1), round(10 + (1 - y) * SIDE, 1)


def _line(points: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{x},{y}" for x, y in (place(*point) for point in points))


@dataclass(frozen=True)
class Bin:
    """Reports of similar probability: their mean, the share that describes stalking, its 95% interval (Wilson), how many."""

    given: float
    share: float
    low: float
    high: float
    reports: int


def bins(truth: Sequence[bool | int], probability: Sequence[float], count: int = 10) -> list[Bin]:
    """Cut into ``count`` groups of equal size by probability."""
    pairs = sorted(zip(probability, (bool(t) for t in truth), strict=True))
    found = []
    for n in range(count):
        part = pairs[len(pairs) * n // count : len(pairs) * (n + 1) // count]
        if part:
            low, high = wilson(sum(t for _, t in part), len(part))
            share = sum(t for _, t in part) / len(part)
            found.append(Bin(sum(p for p, _ in part) / len(part), share, low, high, len(part)))
    return found


def reliability(groups: Sequence[Bin]) -> Plot:
    points = [(group.given, group.share) for group in groups]
    bars = [(place(g.given, 0)[0], place(0, g.low)[1], place(0, g.high)[1]) for g in groups]
    return Plot(_line(points), [place(*point) for point in points], bars)


def precision_recall(truth: Sequence[bool | int], probability: Sequence[float]) -> list[tuple[float, float]]:
    """Recall and precision at every threshold, from the highest down; reports of one probability fall together."""
    positives, found, points = sum(bool(t) for t in truth), 0, []
    ranked = sorted(zip(probability, (bool(t) for t in truth), strict=True), key=lambda pair: -pair[0])
    for n, (p, positive) in enumerate(ranked, start=1):
        found += positive
        if positives and (n == len(ranked) or ranked[n][0] != p):
            points.append((found / positives, found / n))
    return points


def curve(points: Sequence[tuple[float, float]]) -> Plot:
    return Plot(_line(points), [], [])
