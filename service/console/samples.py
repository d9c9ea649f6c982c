"""Samples: what a person has to read of them; for quality-assurance leads the plans, the draws and what they come to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import ValidationError
from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.datastructures import FormData, ImmutableMultiDict

from service import audit
from service.access import check_form, identity_of, settings_of, store_of
from service.console.deciding import Posted
from service.console.samples_words import ATTRIBUTE, CHOICES, MEASURE, group_words, label_words
from service.console.templating import render
from service.policy import AccountRole
from service.problems import Problem
from service.sampling.csv_table import as_csv
from service.sampling.frame import MAY_READ, draw, propose
from service.sampling.plans import FEWEST, Plan, SamplingError
from service.sampling.reading import tasks
from service.sampling.results import results
from service.store.tables import AccountRow, SampleRow

router = APIRouter(include_in_schema=False)
_SINGLE = ("name", "measure", "within", "flag", "since", "until", "size", "seed")
_MANY = ("by", "bands", "recorded", "relationships")
READERS = ("reader_one", "reader_two", "reader_three")


@router.get("/samples")
def mine(request: Request) -> Response:
    """What this person has to read; all samples too, for a quality-assurance lead."""
    identity = identity_of(request)
    with store_of(request).read() as session:
        found = tasks(session, identity.account_id)
        lead = identity.role is AccountRole.QA_LEAD
        samples = session.scalars(select(SampleRow).order_by(SampleRow.drawn_at.desc())).all() if lead else []
    return render(request, "samples/list.html", tasks=found, samples=samples, lead=lead)


@router.get("/samples/new")
def new(request: Request) -> Response:
    """The form of a plan; once filled in, what it comes to, before anything is drawn."""
    given = request.query_params
    plan, faults = _plan(given) if given else (None, {})
    return _form(request, given, plan, faults)


@router.post("/samples")
def make(request: Request, form: Posted) -> Response:
    """Draw the sample of a plan."""
    token = form.get("token", "")
    check_form(settings_of(request), identity_of(request).session_digest, token if isinstance(token, str) else "")
    plan, faults = _plan(form)
    if plan is None:
        return _form(request, form, None, faults, 422)
    try:
        with store_of(request).snapshot() as session:
            proposal = propose(session, plan)
        readers = [str(form.get(name, "")) for name in READERS]
        with store_of(request).write() as session:
            sample = draw(session, plan, readers, identity_of(request).actor, proposal)
    except SamplingError as fault:
        return _form(request, form, plan, {"reader_one": _sentence(str(fault))}, 422)
    return RedirectResponse(f"/samples/{sample.id}", 303)


@router.get("/samples/{sample_id}")
def one(request: Request, sample_id: str) -> Response:
    return _results(request, sample_id, "samples/results.html", "sample.viewed")


@router.get("/samples/{sample_id}/summary")
def summary(request: Request, sample_id: str) -> Response:
    """One page to print or hand over, with the method in words and no report in it."""
    return _results(request, sample_id, "samples/summary.html", "sample.viewed")


@router.get("/samples/{sample_id}/estimates.csv")
def estimates(request: Request, sample_id: str) -> Response:
    # Worked out first: estimating takes longer than anybody who decides should wait for the write lock.
    with store_of(request).snapshot() as session:
        sample = _sample(session, sample_id)
        found = results(session, sample, _corrected(request))
    audit.record(store_of(request), identity_of(request).actor, "sample.exported", sample.id)
    return Response(
        as_csv(found),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="sample-{sample.id[:8]}.csv"'},
    )


def _results(request: Request, sample_id: str, template: str, action: str) -> Response:
    with store_of(request).snapshot() as session:
        sample = _sample(session, sample_id)
        found = results(session, sample, _corrected(request))
        readers = [session.get_one(AccountRow, getattr(sample, name)).name for name in READERS]
    audit.record(store_of(request), identity_of(request).actor, action, sample.id)
    return render(
        request, template, **view(found, readers), corrected=found.errors is not None, wanted=_corrected(request)
    )


def view(found: Any, readers: Sequence[str]) -> dict[str, Any]:
    """What the templates of results take, here and on the command line."""
    return {
        "found": found,
        "readers": readers,
        "measures": MEASURE,
        "attributes": ATTRIBUTE,
        "group_words": group_words,
        "label_words": label_words,
    }


def _sample(session: Session, sample_id: str) -> SampleRow:
    sample = session.get(SampleRow, sample_id[:64]) if sample_id.isalnum() and sample_id.isascii() else None
    if sample is None:
        raise Problem(404, "there is no such sample; go back to the samples and open it from there.")
    return sample


def _corrected(request: Request) -> bool:
    return request.query_params.get("correct", "") == "1"


def _form(
    request: Request,
    given: ImmutableMultiDict[str, Any] | FormData,
    plan: Plan | None,
    faults: Mapping[str, str],
    status: int = 200,
) -> Response:
    proposal = None
    with store_of(request).read() as session:
        if plan is not None:
            try:
                proposal = propose(session, plan)
            except SamplingError as fault:
                faults = {**faults, "since": _sentence(str(fault))}
        people = session.scalars(
            select(AccountRow.name)
            .where(AccountRow.disabled_at.is_(None), AccountRow.role.in_(MAY_READ))
            .order_by(AccountRow.name)
        ).all()
    return render(
        request,
        "samples/new.html",
        status,
        given={name: str(given.get(name, "")) for name in (*_SINGLE, "sampling", *READERS)},
        many={name: [str(v) for v in given.getlist(name)] for name in _MANY},
        choices=CHOICES,
        measures=MEASURE,
        label_words=label_words,
        proposal=proposal,
        fewest=FEWEST,
        people=people,
        faults=faults,
        errors=[{"text": text, "href": f"#{name}"} for name, text in faults.items()],
    )


def _plan(given: ImmutableMultiDict[str, Any] | FormData) -> tuple[Plan | None, dict[str, str]]:
    """The plan that a form describes, or what is wrong with it by field."""
    values: dict[str, Any] = {name: str(given.get(name, "")).strip() for name in _SINGLE}
    values = {name: value for name, value in values.items() if value}
    values |= {name: [str(v) for v in given.getlist(name)] for name in _MANY}
    values["stratified"] = given.get("sampling", "stratified") != "simple"
    if not values["stratified"]:
        values["by"] = []
    try:
        return Plan.model_validate(values), {}
    except ValidationError as fault:
        faults: dict[str, str] = {}
        for error in fault.errors(include_input=False, include_url=False):
            field = str(error["loc"][0]) if error["loc"] else "since"
            faults[field] = _FAULTS.get(field, _sentence(error["msg"].removeprefix("Value error, ")))
        return None, faults


_FAULTS = {
    "name": "Give the sample a name of up to 100 characters, on one line",
    "size": "The number to read is a whole number from 2 to 20,000",
    "seed": "The seed is a whole number from 0 to 2,147,483,647",
    "until": "Write the last day as a date",
}


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]
