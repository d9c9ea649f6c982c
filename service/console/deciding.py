"""Deciding on a report: claim it, decide, take it back, and what comes next. Each answer follows its commit."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response
from sqlalchemy import select
from starlette.datastructures import FormData

from models.contracts import Assessment
from service import reviewing
from service.access import check_form, identity_of, settings_of, store_of
from service.console.decision_form import DecisionForm, Fault, decision, kept_fields, new_key, read_draft
from service.console.marking import Mark, number
from service.console.queue import filters_at
from service.console.report import SAMPLES, SUGGESTED, open_report, show, way_back
from service.console.sign_in import FormText, is_text
from service.console.templating import render
from service.decisions import Conflict, NoReport, Refused, Why
from service.problems import Problem
from service.reviewing_queue import held
from service.sampling.reading import tasks
from service.store.reports import FullReport
from service.store.tables import AssessmentRow, SampleItemRow, SampleRow, now

router = APIRouter(include_in_schema=False)
_GONE = "there is no such report; go back to the queue and open it from there."
_CHANGED = "the text changed after the sample was drawn, so this report has left the sample; open Samples and go on from there."


async def posted(request: Request) -> FormData:
    """The form, all of it text: what multipart can carry besides could be neither kept nor shown again."""
    form = await request.form()
    if not all(is_text(name) and (not isinstance(value, str) or is_text(value)) for name, value in form.multi_items()):
        raise Problem(422, "the form holds a NUL character or half of a surrogate pair; remove it and send it again.")
    return form


Posted = Annotated[FormData, Depends(posted)]


@router.post("/reports/{report_id}/decision")
def decide(request: Request, report_id: str, form: Posted) -> Response:
    _check(request, form)
    found = open_report(request, report_id)
    carried = _carried(form, more_rows="more" in form)
    if "more" in form:
        return show(request, found, form=carried)
    item = _own_item(request, found, carried.sample_item) if carried.sample_item else None
    made, faults = decision(carried, found.revision.text, _seen(request, found, carried))
    if made is None:
        return show(request, found, form=replace(carried, faults=faults), status=422)
    try:
        with store_of(request).write() as session:
            row = reviewing.decide(session, found.row.id, identity_of(request), made, now())
            if item is not None and row.revision_id != item.revision_id:
                raise Problem(409, _CHANGED)  # in this very moment; nothing is kept
    except Refused as fault:
        text = str(fault)
        return show(
            request, found, form=replace(carried, faults=[Fault("outcome", text[:1].upper() + text[1:])]), status=422
        )
    except Conflict as fault:
        return _conflict(request, found, fault, carried)
    if item is not None:
        return _after_reading(request, item, carried.back)
    return _onward(request, carried.back, row.id)


@router.post("/reports/{report_id}/draft")
def draft(request: Request, report_id: str, form: Posted) -> Response:
    """The page again with what was typed before a session ended, or before a conflict; nothing is decided."""
    _check(request, form)
    found = open_report(request, report_id)
    # With no form of its own the page takes the report's version of now: it may have moved on meanwhile.
    return show(request, found, typed=read_draft(form), back=_text(form, "from"))


@router.post("/reports/{report_id}/withdraw")
def withdraw(
    request: Request,
    report_id: str,
    form: Posted,
    token: FormText = "",
    version: FormText = "",
    key: FormText = "",
) -> Response:
    check_form(settings_of(request), identity_of(request).session_digest, token)
    expected = int(version) if version.isascii() and version.isdigit() and len(version) < 8 else -1
    try:
        with store_of(request).write() as session:
            reviewing.withdraw(
                session,
                _report_id(report_id),
                identity_of(request),
                expected,
                key if key.isalnum() and key.isascii() and 8 <= len(key) <= 100 else new_key(),
                now(),
            )
            # Who takes a decision back goes on with the report.
            reviewing.claim(session, report_id, identity_of(request), now(), settings_of(request).claim_lasts)
    except NoReport:
        raise Problem(404, _GONE) from None
    except Refused as fault:
        raise Problem(409, str(fault)) from None
    except Conflict as fault:
        return _conflict(request, open_report(request, report_id), fault)
    _give_back(request, _text(form, "left"))
    return _to_report(report_id, _text(form, "from"), undone="1")


@router.post("/reports/{report_id}/claim")
def claim(request: Request, report_id: str, form: Posted) -> Response:
    _check(request, form)
    try:
        with store_of(request).write() as session:
            reviewing.claim(
                session, _report_id(report_id), identity_of(request), now(), settings_of(request).claim_lasts
            )
    except NoReport:
        raise Problem(404, _GONE) from None
    except Conflict as fault:
        return _conflict(request, open_report(request, report_id), fault)
    return _to_report(report_id, _text(form, "from"))


@router.post("/reports/{report_id}/release")
def release(request: Request, report_id: str, form: Posted) -> Response:
    _check(request, form)
    try:
        with store_of(request).write() as session:
            reviewing.release(session, _report_id(report_id), identity_of(request))
    except NoReport:
        raise Problem(404, _GONE) from None
    return RedirectResponse(way_back(_text(form, "from")), 303)


@router.post("/next")
def next_report(request: Request, form: Posted) -> Response:
    """Claim the first report of a list that nobody is at work on, and open it."""
    _check(request, form)
    return _onward(request, way_back(_text(form, "from")))


def _onward(request: Request, back: str, done: str = "") -> Response:
    """To the next report of the list that the person works through; to the list when it holds none."""
    if back == SUGGESTED:  # its order changes with what has been decided
        return RedirectResponse(f"{back}?{urlencode({'done': done})}", 303)
    with store_of(request).write() as session:
        lasts = settings_of(request).claim_lasts
        filters = filters_at(back)
        # What the person has taken already comes before anything new; the report just decided on is theirs no longer.
        mine = session.scalar(held(filters, identity_of(request).account_id, now()).limit(1))
        claimed = None if mine else reviewing.next_report(session, identity_of(request), filters, now(), lasts)
    told = {"done": done} if done else {}
    if opened := mine or (claimed and claimed.report_id):
        return _to_report(opened, back, **told)
    told = told or {"next": "none"}
    return RedirectResponse(f"{back}{'&' if '?' in back else '?'}{urlencode(told)}", 303)


def _give_back(request: Request, report_id: str) -> None:
    """The report that lay open when its reader went back to an earlier one: *next* shall bring it again."""
    with suppress(NoReport), store_of(request).write() as session:
        reviewing.release(session, _report_id(report_id), identity_of(request))


def _own_item(request: Request, found: FullReport, item_id: str) -> SampleItemRow:
    """A reading within a sample is made by its readers, of the report that was drawn."""
    with store_of(request).read() as session:
        item = session.get(SampleItemRow, item_id)
        sample = session.get(SampleRow, item.sample_id) if item and item.report_id == found.row.id else None
    readers = (sample.reader_one, sample.reader_two, sample.reader_three) if sample else ()
    if item is None or identity_of(request).account_id not in readers:
        raise Problem(403, "this reading is not yours to make; open Samples and go on from there.")
    if item.revision_id != found.revision.id:
        raise Problem(409, _CHANGED)
    return item


def _after_reading(request: Request, item: SampleItemRow, back: str) -> Response:
    """To what this person has left to read of the same sample; to the same report, now open, where the queue led to it."""
    if back != SAMPLES:
        return _to_report(item.report_id, back, read="1")
    with store_of(request).read() as session:
        mine = tasks(session, identity_of(request).account_id)
    left = next((task.left for task in mine if task.sample.id == item.sample_id), ())
    return RedirectResponse(f"/reports/{left[0].report_id}?sample_item={left[0].id}" if left else "/samples", 303)


def _to_report(report_id: str, back: str, **told: str) -> Response:
    back = way_back(back)
    query = urlencode(({"from": back} if back != "/" else {}) | told)
    return RedirectResponse(f"/reports/{report_id}?{query}" if query else f"/reports/{report_id}", 303)


def _check(request: Request, form: FormData) -> None:
    check_form(settings_of(request), identity_of(request).session_digest, _text(form, "token"))


def _text(form: FormData, name: str) -> str:
    value = form.get(name, "")
    return value if isinstance(value, str) else ""


def _report_id(given: str) -> str:
    """An address may hold any character, and a database cannot."""
    if not (given.isascii() and given.isalnum() and len(given) <= 64):
        raise NoReport(given)
    return given


def _id(form: FormData, name: str) -> str:
    """An identifier of ours, or nothing: what else came cannot name anything."""
    value = _text(form, name)
    return value if value.isascii() and value.isalnum() and len(value) <= 32 else ""


def _carried(form: FormData, more_rows: bool) -> DecisionForm:
    version = _text(form, "version")
    return DecisionForm(
        draft=read_draft(form, more_rows),
        key=_id(form, "key"),
        version=int(version) if version.isascii() and version.isdigit() and len(version) < 8 else 0,
        assessment_id=_id(form, "assessment"),
        back=way_back(_text(form, "from")),
        sample_item=_id(form, "sample_item"),
    )


def _seen(request: Request, found: FullReport, form: DecisionForm) -> list[Mark]:
    """The marks as the person saw them: of the assessment that the form names, which may have been replaced since."""
    if form.sample_item:
        return []
    with store_of(request).read() as session:
        row = session.scalar(
            select(AssessmentRow).where(
                AssessmentRow.id == form.assessment_id, AssessmentRow.revision_id == found.revision.id
            )
        )
    return number(Assessment.model_validate(row.body).evidence) if row else []


def _conflict(request: Request, found: FullReport, fault: Conflict, form: DecisionForm | None = None) -> Response:
    """Somebody came first: who, when, what they decided, and everything that was typed here, so that nothing is lost."""
    with store_of(request).read() as session:
        standing = reviewing.history(session, found.row.id, looks=0).in_force
    return render(
        request,
        "conflict.html",
        409,
        found=found,
        detail=fault.detail[:1].upper() + fault.detail[1:],
        when=fault.when,
        why=fault.why,
        standing=standing if fault.why in (Why.DECIDED, Why.SECOND_REVIEW) else None,
        draft=form.draft if form else None,
        form=form,
        kept=kept_fields(form) if form else [],
    )
