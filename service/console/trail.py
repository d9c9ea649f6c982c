"""The audit trail, for administrators: the latest entries, and whether the chain is whole."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import Response
from sqlalchemy import func, select

from service import audit
from service.access import settings_of, store_of
from service.console.queue import pagination
from service.console.templating import render
from service.store.tables import AuditRow

router = APIRouter(include_in_schema=False)


@router.get("/audit")
def trail(request: Request) -> Response:
    size = settings_of(request).page_size
    wanted = request.query_params.get("page", "1")
    page = int(wanted) if wanted.isascii() and wanted.isdigit() and len(wanted) < 8 else 1
    # Walking a long trail takes a while, so only when asked.
    verdict = audit.verify(store_of(request)) if request.query_params.get("verify") == "1" else None
    with store_of(request).read() as session:
        total = session.scalar(select(func.count()).select_from(AuditRow)) or 0
        pages = max(1, -(-total // size))
        page = min(max(1, page), pages)
        entries = session.scalars(
            select(AuditRow).order_by(AuditRow.seq.desc()).limit(size).offset((page - 1) * size)
        ).all()
    return render(
        request,
        "audit.html",
        verdict=verdict,
        entries=entries,
        total=total,
        pagination=pagination("/audit", {}, page, pages),
    )
