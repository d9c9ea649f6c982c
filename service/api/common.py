"""What the API's routers share: the words for each error status in the OpenAPI document, and the model that serves."""

from __future__ import annotations

from typing import Any

from fastapi import Request

from service.assessing import Assessing
from service.problems import MEDIA_TYPE, Problem

PLAIN: dict[int, str] = {
    401: "No valid API key.",
    403: "The key's role may not do this.",
    404: "There is no such report.",
    408: "The body took too long to arrive: send it again, or in smaller parts.",
    409: "Somebody else came first: why, who, when and version say how things stand now.",
    413: "Text, body or batch over its limit.",
    415: "Not a content type that is read here.",
    422: "Not what is read here: the detail names the field and the mend.",
    429: "Too many requests: send it again after Retry-After seconds.",
    500: "A fault of the service.",
    503: "Busy or not ready: send it again after Retry-After seconds.",
}
_SCHEMA = {409: "ConflictProblem"}
REPORT = {"$ref": "#/components/schemas/Report"}


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The OpenAPI responses of these statuses."""
    return {
        status: {
            "description": PLAIN[status],
            "content": {MEDIA_TYPE: {"schema": {"$ref": f"#/components/schemas/{_SCHEMA.get(status, 'Problem')}"}}},
        }
        for status in statuses
    }


def takes(name: str) -> dict[str, Any]:
    """OpenAPI of a route with a key whose body, one JSON object, the handler reads itself."""
    schema = {"$ref": f"#/components/schemas/{name}"}
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}, **KEYED}


KEYED: dict[str, Any] = {"security": [{"key": []}]}


def assessing_of(request: Request) -> Assessing:
    """The model that serves; 503 while there is none."""
    found: Assessing | None = request.app.state.assessing
    if found is None:
        raise Problem(503, f"the model is not loaded: {request.app.state.not_loaded}", {"Retry-After": "10"})
    return found
