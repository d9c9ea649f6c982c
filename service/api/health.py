"""GET /healthz: the process answers. GET /readyz: it can do its work."""

from __future__ import annotations

from fastapi import APIRouter, Request
from pydantic import BaseModel

from models.contracts import ModelInfo
from service.access import store_of
from service.problems import Problem
from service.store import StoreError

router = APIRouter(tags=["health"])


class Health(BaseModel):
    status: str


class Ready(BaseModel):
    status: str
    model: ModelInfo


@router.get("/healthz", summary="Is the process alive?")
async def healthz() -> Health:
    return Health(status="ok")


@router.get("/readyz", summary="Can it assess reports and reach its database?")
def readyz(request: Request) -> Ready:
    assessing = request.app.state.assessing
    if assessing is None:
        raise Problem(503, f"not ready: {request.app.state.not_loaded}", {"Retry-After": "10"})
    try:
        store_of(request).check()
    except StoreError as fault:
        raise Problem(503, f"not ready: {fault}", {"Retry-After": "10"}) from None
    return Ready(status="ready", model=assessing.reader.info)
