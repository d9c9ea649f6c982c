"""GET /v1/model: which model serves. POST /v1/model/reload: look at the bundle now rather than in a few seconds."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool

from models.contracts import ModelInfo
from service import audit
from service.access import identity_of, store_of
from service.api.common import KEYED, assessing_of, problems
from service.problems import Problem
from service.swap import Look, ModelWatch, Outcome

router = APIRouter(prefix="/v1/model", tags=["model"])


def _refused() -> dict[int | str, dict[str, Any]]:
    found = problems(409)
    found[409]["description"] = "The bundle is refused: the detail says why. The model in use stays."
    return found


@router.get("", summary="Which model serves?", responses=problems(401, 403, 429, 500, 503), openapi_extra=KEYED)
def model(request: Request) -> ModelInfo:
    return assessing_of(request).reader.info


@router.post(
    "/reload",
    summary="Look at the bundle now, and swap the model if it is another one",
    responses={**problems(401, 403, 429, 500, 503), **_refused()},
    openapi_extra=KEYED,
)
async def reload(request: Request) -> Look:
    """No request is dropped. A bundle that is not whole is refused (409) and the old model goes on serving."""
    watch: ModelWatch = request.app.state.model_watch
    found = await watch.look(asked=True)
    await run_in_threadpool(
        audit.record,
        store_of(request),
        identity_of(request).actor,
        "model.reloaded",
        outcome=found.outcome.value,
        model=found.model.version if found.model else None,
    )
    if found.outcome is Outcome.REFUSED:
        raise Problem(409, f"the bundle is refused and the model in use stays: {found.why}")
    return found
