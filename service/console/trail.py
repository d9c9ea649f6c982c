"""The audit trail, for administrators: the latest entries or those looked for, and whether the chain is whole."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta

from fastapi import APIRouter, Request
from fastapi.responses import Response
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models.contracts import CLOCK
from service import audit
from service.access import settings_of, store_of
from service.console import words
from service.console.queue import address, pagination
from service.console.templating import render
from service.store.tables import AuditRow, ReportRow

router = APIRouter(include_in_schema=False)
FIELDS = ("who", "what", "about", "from_day", "to_day")


@router.get("/audit")
def trail(request: Request) -> Response:
    size = settings_of(request).page_size
    wanted = request.query_params.get("page", "1")
    page = int(wanted) if wanted.isascii() and wanted.isdigit() and len(wanted) < 8 else 1
    # Walking a long trail takes a while, so only when asked.
    verdict = audit.verify(store_of(request)) if request.query_params.get("verify") == "1" else None
    given = {name: request.query_params.get(name, "").replace("\0", "").strip()[:200] for name in FIELDS}
    with store_of(request).read() as session:
        query = _search(session, given).select()
        total = session.scalar(select(func.count()).select_from(query.subquery())) or 0
        actions = _actions(request, session)
        pages = max(1, -(-total // size))
        page = min(max(1, page), pages)
        entries = session.scalars(query.order_by(AuditRow.seq.desc()).limit(size).offset((page - 1) * size)).all()
    chosen = {name: value for name, value in given.items() if value}
    return render(
        request,
        "audit.html",
        verdict=verdict,
        entries=entries,
        total=total,
        given=given,
        searched=bool(chosen),
        whats=[{"value": "", "text": "Anything", "selected": not given["what"]}]
        + [{"value": a, "text": words.action(a), "selected": a == given["what"]} for a in actions],
        pagination=pagination("/audit", chosen, page, pages),
        verify=address("/audit", {"verify": "1"}),
    )


def _actions(request: Request, session: Session) -> list[str]:
    """Every action of the trail. It only grows, so each look reads what came since the one before."""
    seen, actions = request.app.state.actions_seen
    last = session.scalar(select(func.max(AuditRow.seq))) or 0
    newer = session.scalars(select(AuditRow.action).where(AuditRow.seq > seen, AuditRow.seq <= last).distinct())
    request.app.state.actions_seen = (last, actions := actions.union(newer))
    return sorted(actions)


def _search(session: Session, given: Mapping[str, str]) -> audit.Search:
    """What was asked for. A name without a kind is a person's; ``about`` is an id of the trail or a report's reference."""
    who = given["who"]
    about = given["about"]
    if about:
        about = session.scalar(select(ReportRow.id).where(ReportRow.reference == about)) or about
    until = _day(given["to_day"])
    return audit.Search(
        actor=who if not who or ":" in who or who in ("command line", "anonymous") else f"account:{who.lower()}",
        action=given["what"],
        subject=about,
        since=_day(given["from_day"]),
        until=until + timedelta(days=1) if until else None,
    )


def _day(given: str) -> datetime | None:
    """The start of a day in the United Kingdom."""
    try:
        return datetime.combine(date.fromisoformat(given), time.min, CLOCK)
    except ValueError:
        return None
