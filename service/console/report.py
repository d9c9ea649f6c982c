"""One report: its text with the evidence marked, and everything that speaks for and against the suggestion."""

from __future__ import annotations

import hmac
from dataclasses import replace
from hashlib import sha256

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response
from sqlalchemy import select
from sqlalchemy.orm import Session

from models.contracts import Assessment
from service import audit
from service.access import check_form, identity_of, secure_cookie, settings_of, store_of
from service.auth import Identity
from service.console.decision_form import DecisionForm, Draft, draft_again, first_draft, new_key
from service.console.marking import number
from service.console.report_view import view
from service.console.sign_in import FormText, safe_next
from service.console.standing import current_assessment, done_notice, may_decide, standing
from service.console.templating import render
from service.decisions import WITHDRAWN
from service.problems import Problem
from service.sampling.reading import due
from service.store.reports import FullReport, full_report
from service.store.tables import AssessmentRow, DecisionRow

router = APIRouter(include_in_schema=False)
NOTE_COOKIE = "foursight_note"
SAMPLES, SUGGESTED = "/samples", "/suggested"


@router.get("/reports/{report_id}")
def report(request: Request, report_id: str) -> Response:
    found = open_report(request, report_id, request.query_params.get("revision", ""))
    if not note_read(request):
        here = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        return render(request, "content-note.html", next_page=safe_next(here))
    given = request.query_params
    # The list of samples names the item, so that the way back and the next report are those of the sample.
    return show(request, found, back=given.get("from", SAMPLES if "sample_item" in given else ""))


def show(
    request: Request,
    found: FullReport,
    form: DecisionForm | None = None,
    typed: Draft | None = None,
    back: str = "",
    status: int = 200,
) -> Response:
    """The page. ``form`` is one that came back with faults; ``typed`` is what stood in one that was lost. Neither is kept yet.

    Blind, wherever it was opened from, for a person who has yet to read this report within a sample.
    """
    identity = identity_of(request)
    back = form.back if form else way_back(back)
    unsaved = form is not None or typed is not None
    with store_of(request).write() as session:
        item = None if form else due(session, found.row.id, identity.account_id)
        sample_item = form.sample_item if form else item.id if item else ""
        blind = {"blind": True} if sample_item else {}
        stand = standing(session, found, identity)
        assessment_id = current_assessment(session, found)
        done = done_notice(session, request.query_params.get("done", ""), identity)
        undone = request.query_params.get("undone") == "1" and stand.decision is None
        if undone and not sample_item:
            typed = typed or _taken_back(session, found, identity)
        # On the record before the text leaves.
        audit.append(session, identity.actor, "report.viewed", found.row.id, revision=found.revision.number, **blind)
    if form is None and may_decide(identity, found, stand, bool(sample_item)):
        form = DecisionForm(
            draft=typed or first_draft(None if sample_item else found.assessment),
            key=new_key(),
            version=found.row.version,
            assessment_id=assessment_id,
            back=back,
            sample_item=sample_item,
            again=stand.decision is not None and not sample_item,
        )
    return render(
        request,
        "report.html",
        status,
        found=found,
        back=back,
        stand=stand,
        decide=form,
        errors=[{"text": fault.text, "href": f"#{fault.field}"} for fault in form.faults] if form else [],
        done=done,
        release_key=new_key(),
        read=request.query_params.get("read") == "1",
        undone=undone,
        unsaved=unsaved,
        **view(found, bool(sample_item)),
    )


def _taken_back(session: Session, found: FullReport, identity: Identity) -> Draft | None:
    """What stood in the decision that this person took back last, where nothing has happened since."""
    rows = select(DecisionRow).where(DecisionRow.report_id == found.row.id, DecisionRow.sample_item_id.is_(None))
    last = session.scalar(rows.order_by(DecisionRow.number.desc()).limit(1))
    if last is None or last.outcome != WITHDRAWN or last.account_id != identity.account_id or not last.supersedes:
        return None
    marks = number(found.assessment.evidence) if found.assessment else []
    return draft_again(session.get_one(DecisionRow, last.supersedes), found.revision.text, marks)


@router.post("/content-note")
def read_note(request: Request, token: FormText = "", next: FormText = "") -> Response:
    """The reader knows what a report may hold: no more asked until the next sign-in."""
    check_form(settings_of(request), identity_of(request).session_digest, token)
    response = RedirectResponse(safe_next(next) or "/", 303)
    response.set_cookie(NOTE_COOKIE, _note(request), httponly=True, samesite="lax", secure=secure_cookie(request))
    return response


def note_read(request: Request) -> bool:
    return hmac.compare_digest(request.cookies.get(NOTE_COOKIE, "").encode(), _note(request).encode())


def _note(request: Request) -> str:
    """Bound to this sign-in, so that the next one is asked again."""
    bound = f"note:{identity_of(request).session_digest}".encode()
    return hmac.new(settings_of(request).secret, bound, sha256).hexdigest()[:32]


def open_report(request: Request, report_id: str, revision: str = "") -> FullReport:
    """The report of that id, at its latest wording or at the one of that number. 404 when there is none."""
    with store_of(request).read() as session:
        found = full_report(session, report_id[:64]) if report_id.isalnum() and report_id.isascii() else None
        if found is not None and revision.isascii() and revision.isdigit() and len(revision) < 8:
            found = _earlier(session, found, int(revision))
    if found is None:
        raise Problem(404, "there is no such report; go back to the queue and open it from there.")
    return found


def _earlier(session: Session, found: FullReport, wanted: int) -> FullReport | None:
    if wanted == found.revision.number:
        return found
    revision = next((r for r in found.revisions if r.number == wanted), None)
    if revision is None:
        return None
    kept = session.scalar(select(AssessmentRow).where(AssessmentRow.revision_id == revision.id, AssessmentRow.current))
    assessment = Assessment.model_validate(kept.body) if kept else None
    return replace(found, revision=revision, assessment=assessment, assessed_at=kept.created_at if kept else None)


def way_back(given: str) -> str:
    """The list that the reader came from, filter and page and all: one of ours, or the queue."""
    path = safe_next(given).partition("?")[0]
    return given if path in ("/", "/recorded-as-stalking", SAMPLES, SUGGESTED) else "/"
