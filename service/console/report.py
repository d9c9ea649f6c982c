"""One report: its text with the evidence marked, and everything that speaks for and against the suggestion."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response

from models.contracts import Assessment, Entity, FourLetter, Point, Span
from nlp.taxonomy import BY_CODE, CODES, FOUR, FOUR_PLAIN, Code, EntityType, Role
from service import audit
from service.access import identity_of, store_of
from service.console import words
from service.console.marking import Mark, number, pieces
from service.console.sign_in import safe_next
from service.console.templating import render
from service.problems import Problem
from service.store.reports import FullReport, full_report
from service.store.tables import AuditRow

router = APIRouter(include_in_schema=False)
MAX_ENTITIES = 40


@router.get("/reports/{report_id}")
def report(request: Request, report_id: str) -> Response:
    store = store_of(request)
    with store.read() as session:
        found = full_report(session, report_id[:64]) if report_id.isalnum() and report_id.isascii() else None
    if found is None:
        raise Problem(404, "there is no such report; go back to the queue and open it from there.")
    with store.write() as session:
        looks = audit.entries_for(session, found.row.id)
        # On the record before the text leaves.
        audit.append(session, identity_of(request).actor, "report.viewed", found.row.id, revision=found.revision.number)
    back = _way_back(request.query_params.get("from", ""))
    return render(
        request, "report.html", found=found, back=back, looks=[_Look.of(entry) for entry in looks], **_view(found)
    )


def _way_back(given: str) -> str:
    """The list that the reader came from, filter and page and all: one of ours, or the queue."""
    path = safe_next(given).partition("?")[0]
    return given if path in ("/", "/recorded-as-stalking") else "/"


@dataclass(frozen=True)
class _Look:
    who: str
    at: str
    what: str

    @classmethod
    def of(cls, entry: AuditRow) -> _Look:
        kind, _, name = entry.actor.partition(":")
        plain = {"report.viewed": "Opened this report"}.get(entry.action, entry.action)
        return cls(name or kind, words.day_and_time(entry.at), plain)


@dataclass(frozen=True)
class _Letter:
    """One line of FOUR."""

    name: str
    plain: str
    letter: FourLetter
    evidence: Sequence[_Link]


@dataclass(frozen=True)
class _Link:
    """A quotation, and the mark in the text that it is (0 when no single mark is)."""

    quote: str
    number: int


@dataclass(frozen=True)
class _Reason:
    text: str
    evidence: Sequence[_Link]


@dataclass(frozen=True)
class _Legend:
    code: Code
    asserted: int
    other: int


@dataclass(frozen=True)
class _Party:
    kind: str
    role: str
    values: Sequence[str]


def _view(found: FullReport) -> dict[str, Any]:
    assessment = found.assessment
    if assessment is None:
        return {"assessment": None, "pieces": pieces(found.revision.text, []), "legend": []}
    marks = number(assessment.evidence)
    label, colour = tag = words.tag(assessment.suggestion, found.row.recorded_offence)
    return {
        "assessment": assessment,
        "pieces": pieces(found.revision.text, marks),
        "marks": marks,
        "legend": _legend(marks),
        "tag": {"text": label, "classes": colour},
        "already": tag == words.ALREADY,
        "headline": words.headline(assessment.suggestion, found.row.recorded_offence),
        "four": _four(assessment, marks),
        "points_for": _reasons(assessment.points_for, marks),
        "points_against": _reasons(assessment.points_against, marks),
        "parties": _parties(assessment.entities),
        "codes": BY_CODE,
    }


def _legend(marks: Sequence[Mark]) -> list[_Legend]:
    """The codes that this text holds, in the order of the taxonomy."""
    counts: dict[str, list[int]] = {}
    for mark in marks:
        counts.setdefault(mark.evidence.code, [0, 0])[0 if mark.asserted else 1] += 1
    return [_Legend(code, *counts[code.code]) for code in CODES if code.code in counts]


def _links(spans: Sequence[Span], marks: Sequence[Mark], code: str = "", most: int = 4) -> list[_Link]:
    """The first few quotations, each with the mark that it is: of ``code`` before others, the very words before what only touches them."""
    found = []
    for span in spans[:most]:
        touching = [m for m in marks if m.evidence.start < span.end and span.start < m.evidence.end]
        nearest = min(
            touching,
            key=lambda m: (m.evidence.code != code, (m.evidence.start, m.evidence.end) != (span.start, span.end)),
            default=None,
        )
        found.append(_Link(_shorten(span.quote), nearest.number if nearest else 0))
    return found


def _shorten(quote: str, most: int = 140) -> str:
    flat = " ".join(quote.split())
    return flat if len(flat) <= most else flat[: most - 1].rstrip() + "…"


def _four(assessment: Assessment, marks: Sequence[Mark]) -> list[_Letter]:
    letters: list[FourLetter] = [getattr(assessment.four, name) for name in FOUR]
    return [
        _Letter(name.capitalize(), FOUR_PLAIN[name], letter, _links(letter.evidence, marks, most=3))
        for name, letter in zip(FOUR, letters, strict=True)
    ]


def _reasons(points: Sequence[Point], marks: Sequence[Mark]) -> list[_Reason]:
    return [_Reason(point.text, _links(point.evidence, marks, point.code)) for point in points]


def _parties(entities: Sequence[Entity]) -> list[_Party]:
    """People and contact points, each kind and role once with its different values. Times are in the timeline."""
    grouped: dict[tuple[EntityType, Role], list[str]] = {}
    for entity in entities:
        if entity.type is EntityType.TIME:
            continue
        values = grouped.setdefault((entity.type, entity.role), [])
        value = _shorten(entity.value, 80)
        if value not in values and len(values) < MAX_ENTITIES:
            values.append(value)
    return [_Party(kind.value.capitalize(), words.ROLE[role], values) for (kind, role), values in grouped.items()]
