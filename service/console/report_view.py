"""What the report page shows of an assessment, in the order and grouping that a reader needs. No database, no request."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from models.contracts import Assessment, Entity, FourLetter, Point, Span, day_of
from nlp.taxonomy import BY_CODE, CODES, FOUR, FOUR_PLAIN, Code, EntityType, Role
from service.console import charts, words
from service.console.marking import Mark, number, pieces
from service.store.reports import FullReport

MAX_ENTITIES = 40
# Rows of the table of marks beyond these stand in a second, closed part: a long table slows every browser.
MAX_ROWS = 100


@dataclass(frozen=True)
class Link:
    """A quotation, and the mark in the text that it is (0 when no single mark is)."""

    quote: str
    number: int


@dataclass(frozen=True)
class Letter:
    """One line of FOUR."""

    name: str
    plain: str
    letter: FourLetter
    evidence: Sequence[Link]
    more: int


@dataclass(frozen=True)
class Reason:
    text: str
    evidence: Sequence[Link]
    more: int


@dataclass(frozen=True)
class Legend:
    code: Code
    asserted: int
    other: int


@dataclass(frozen=True)
class Party:
    """People of one part in the report, or contact points of one kind."""

    kind: str
    values: Sequence[str]
    left_out: int


@dataclass(frozen=True)
class Entry:
    """One dated expression. ``number`` is its place in the list and in the chart; ``day`` where it names a day."""

    number: int
    start: int
    quote: str
    written: str
    day: date | None
    acts: str
    occasion: int | None


def view(found: FullReport, blind: bool = False) -> dict[str, Any]:
    """The template's values. ``blind`` leaves out all that the model says."""
    text, assessment = found.revision.text, found.assessment
    if assessment is None or blind:
        return {"assessment": None, "pieces": pieces(text, []), "legend": [], "marks": [], "blind": blind}
    marks = number(assessment.evidence)
    entries = _entries(assessment)
    label, colour = tag = words.tag(assessment.suggestion, found.row.recorded_offence)
    dated = [(entry.number, entry.day) for entry in entries if entry.day]
    reported = day_of(found.row.reported_at)
    return {
        "assessment": assessment,
        "blind": False,
        "pieces": pieces(text, marks, {entry.number: entry.start for entry in entries}),
        "marks": marks,
        "max_rows": MAX_ROWS,
        "legend": _legend(marks),
        "tag": {"text": label, "classes": colour},
        "already": tag == words.ALREADY,
        "headline": words.headline(assessment.suggestion, found.row.recorded_offence, assessment.probability),
        "four": _four(assessment, marks),
        "points_for": _reasons(assessment.points_for, marks),
        # The page shows FOUR on its own, with what each letter rests on; the export only among the points.
        "acts_for": _reasons([point for point in assessment.points_for if point.code not in FOUR], marks),
        "shows_four": any(point.code in FOUR for point in assessment.points_for),
        "points_against": _reasons(assessment.points_against, marks),
        "entries": entries,
        "chart": charts.timeline(dated, reported),
        "people": _parties(assessment.entities, people=True),
        "contact_points": _parties(assessment.entities, people=False),
        "notes": [Reason(n.text, links(n.evidence, marks), max(0, len(n.evidence) - 4)) for n in assessment.notes],
        "rules": [(rule, links(rule.evidence, marks), max(0, len(rule.evidence) - 4)) for rule in assessment.rules],
        "codes": BY_CODE,
        "strongest": max((abs(mark.evidence.weight) for mark in marks), default=0.0),
    }


def _entries(assessment: Assessment) -> list[Entry]:
    found = []
    for n, entry in enumerate(assessment.occasions.timeline, start=1):
        try:
            day = date.fromisoformat(entry.date) if entry.date else None
        except ValueError:  # a month or a year alone
            day = None
        written = words.written(entry.date)
        if entry.until and entry.until != entry.date:
            written = f"{written} to {words.written(entry.until)}"
        acts = ", ".join(BY_CODE[code].title.lower() for code in entry.acts if code in BY_CODE)
        found.append(Entry(n, entry.start, shorten(entry.quote), written, day, acts, entry.occasion))
    return found


def _legend(marks: Sequence[Mark]) -> list[Legend]:
    """The codes that this text holds, in the order of the taxonomy."""
    counts: dict[str, list[int]] = {}
    for mark in marks:
        counts.setdefault(mark.evidence.code, [0, 0])[0 if mark.asserted else 1] += 1
    return [Legend(code, *counts[code.code]) for code in CODES if code.code in counts]


def links(spans: Sequence[Span], marks: Sequence[Mark], code: str = "", most: int = 4) -> list[Link]:
    """The first few quotations, each with the mark that it is: of ``code`` before others, the very words before what only touches them."""
    found = []
    for span in spans[:most]:
        touching = [m for m in marks if m.evidence.start < span.end and span.start < m.evidence.end]
        nearest = min(
            touching,
            key=lambda m: (m.evidence.code != code, (m.evidence.start, m.evidence.end) != (span.start, span.end)),
            default=None,
        )
        found.append(Link(shorten(span.quote), nearest.number if nearest else 0))
    return found


def shorten(quote: str, most: int = 140) -> str:
    flat = " ".join(quote.split())
    return flat if len(flat) <= most else flat[: most - 1].rstrip() + "…"


def _four(assessment: Assessment, marks: Sequence[Mark], most: int = 3) -> list[Letter]:
    letters: list[FourLetter] = [getattr(assessment.four, name) for name in FOUR]
    return [
        Letter(
            name.capitalize(),
            FOUR_PLAIN[name],
            letter,
            links(letter.evidence, marks, most=most),
            max(0, len(letter.evidence) - most),
        )
        for name, letter in zip(FOUR, letters, strict=True)
    ]


def _reasons(points: Sequence[Point], marks: Sequence[Mark], most: int = 4) -> list[Reason]:
    return [
        Reason(point.text, links(point.evidence, marks, point.code, most), max(0, len(point.evidence) - most))
        for point in points
    ]


def _parties(entities: Sequence[Entity], people: bool) -> list[Party]:
    """People by their part, or contact points by their kind, each value once. Times are in the timeline."""
    grouped: dict[str, list[str]] = {}
    for entity in entities:
        if entity.type is EntityType.TIME or (entity.type is EntityType.PERSON) is not people:
            continue
        kind = (words.ROLE[entity.role] or "Part not clear") if people else words.KIND[entity.type]
        values = grouped.setdefault(kind, [])
        value = shorten(entity.value, 80)
        if value not in values:
            values.append(value)
    order = [*(words.ROLE[role] for role in Role), *words.KIND.values()]
    kinds = sorted(grouped, key=lambda kind: order.index(kind) if kind in order else len(order))
    return [Party(k, grouped[k][:MAX_ENTITIES], max(0, len(grouped[k]) - MAX_ENTITIES)) for k in kinds]
