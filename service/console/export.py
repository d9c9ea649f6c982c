"""Taking one report out of the console, on purpose: with a reason, on the record, as a page that prints."""

from __future__ import annotations

from enum import StrEnum

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from service import audit
from service.access import check_form, identity_of, settings_of, store_of
from service.console.report import note_read, open_report
from service.console.report_view import view
from service.console.sign_in import FormText
from service.console.standing import standing
from service.console.templating import render
from service.problems import Problem
from service.sampling.reading import due
from service.store.reports import FullReport
from service.store.tables import now

router = APIRouter(include_in_schema=False)


class Purpose(StrEnum):
    """Why a report leaves the console: a code, because the audit trail holds no free text."""

    CASE_FILE = "case_file"
    SUPERVISION = "supervision"
    INSPECTION = "inspection"
    DISCLOSURE = "disclosure"


PURPOSE: dict[Purpose, str] = {
    Purpose.CASE_FILE: "For the case file",
    Purpose.SUPERVISION: "For a supervisor or a review meeting",
    Purpose.INSPECTION: "For an inspection or audit",
    Purpose.DISCLOSURE: "For disclosure or a subject access request",
}


@router.get("/reports/{report_id}/export")
def ask(request: Request, report_id: str) -> Response:
    found = open_report(request, report_id)
    if not note_read(request) or _to_read_blind(request, found):
        return RedirectResponse(f"/reports/{found.row.id}", 303)
    return _ask(request, report_id)


def _to_read_blind(request: Request, found: FullReport) -> bool:
    """An export shows the suggestion: it waits until this person has read the report within a sample."""
    with store_of(request).read() as session:
        return due(session, found.row.id, identity_of(request).account_id) is not None


def _ask(request: Request, report_id: str, problem: str = "", status: int = 200) -> Response:
    found = open_report(request, report_id)
    items = [{"value": purpose.value, "text": text} for purpose, text in PURPOSE.items()]
    return render(request, "export-ask.html", status, found=found, items=items, problem=problem)


@router.post("/reports/{report_id}/export")
def export(request: Request, report_id: str, token: FormText = "", purpose: FormText = "") -> Response:
    identity = identity_of(request)
    check_form(settings_of(request), identity.session_digest, token)
    if purpose not in set(Purpose):
        return _ask(request, report_id, "Choose what the export is for", 422)
    found = open_report(request, report_id)
    if _to_read_blind(request, found):
        raise Problem(409, "you have this report to read blind within a sample; do that first, then export it.")
    with store_of(request).write() as session:
        stand = standing(session, found, identity)
        audit.append(
            session, identity.actor, "report.exported", found.row.id, revision=found.revision.number, purpose=purpose
        )
    return render(
        request,
        "export.html",
        found=found,
        stand=stand,
        purpose=PURPOSE[Purpose(purpose)],
        exported_at=now(),
        **view(found),
    )
