"""The OpenAPI document, and a page that shows it from files of our own (no other host, nothing inline)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from fastapi import APIRouter, FastAPI, Request
from fastapi.openapi.utils import get_openapi
from fastapi.responses import HTMLResponse, JSONResponse
from pydantic import BaseModel, Field
from pydantic.json_schema import models_json_schema

from models.contracts import Report
from nlp.text import MAX_CHARACTERS
from service.api.assess import BatchAnswer
from service.api.reports import KeptBatch
from service.api.review_contracts import Withdrawal
from service.decisions import REASONS, DecisionIn, Outcome, Why

router = APIRouter()


class Problem(BaseModel):
    """RFC 9457 problem details."""

    type: str
    title: str
    status: int
    detail: str = Field(description="One sentence: the place and the mend.")
    request_id: str = ""


class ConflictProblem(Problem):
    """Somebody else came first, or the report is no longer as it was read. Nothing was kept."""

    why: Why
    who: str | None = Field(description="The name of who came first, where somebody did.")
    when: datetime | None = Field(description="When that was; for a claim, until when it holds.")
    version: int | None = Field(description="The report's version now.")


@router.get("/openapi.json", include_in_schema=False)
def openapi_json(request: Request) -> JSONResponse:
    return JSONResponse(request.app.openapi())


@router.get("/docs", include_in_schema=False)
def docs() -> HTMLResponse:
    return HTMLResponse(
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>Foursight API</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<link rel="stylesheet" href="/static/swagger/swagger-ui.css"><link rel="stylesheet" href="/static/docs.css"><link rel="icon" href="/static/icon.svg"></head>'
        '<body><div id="swagger-ui"><h1>Foursight API</h1><p>The OpenAPI document is at <a href="/openapi.json">/openapi.json</a>.</p></div>'
        '<script src="/static/swagger/swagger-ui-bundle.js"></script><script src="/static/docs.js"></script></body></html>'
    )


def _say_more_of_reports(report: dict[str, Any]) -> None:
    """What the contract checks in code, so that a program that reads the document knows it too."""
    readable = r"^[^\u0000]*[^\s\u0000][^\u0000]*$"
    report["text"] |= {"minLength": 1, "maxLength": MAX_CHARACTERS, "pattern": readable}
    report["reference"] |= {"pattern": readable}
    for name in ("source", "victim_ref", "suspect_ref"):
        report[name]["anyOf"][0] |= {"pattern": r"^[^\u0000]*$"}
    for name in ("reported_at", "occurred_from", "occurred_to"):
        report[name]["anyOf"][0] |= {"pattern": "^(19|2[0-9])[0-9]{2}-"}
        report[name]["anyOf"].insert(0, {"type": "string", "format": "date", "pattern": "^(19|2[0-9])[0-9]{2}-"})


def _say_more_of_decisions(decision: dict[str, Any]) -> None:
    """Say which reason, offence, note and question go with which outcome."""
    words = {"type": "string", "minLength": 1, "maxLength": 2000, "pattern": r"^[^\u0000]*[^\s\u0000][^\u0000]*$"}
    common = decision.pop("properties")
    common["sample_item_id"] = {"type": "null", "description": "Readings within samples are made in the console."}
    required = decision.pop("required")
    kinds = []
    for outcome, reasons in REASONS.items():
        own: dict[str, Any] = {"outcome": {"const": outcome.value}}
        own["offence"] = {"enum": ["s2A", "s4A"]} if outcome is Outcome.RECORD else {"type": "null"}
        own["question"] = words if outcome is Outcome.ASK else {"const": ""}
        needed = required + ["offence"] * (outcome is Outcome.RECORD) + ["question"] * (outcome is Outcome.ASK)
        listed = own | {"reason": {"enum": [r for r in reasons if r != "other"]}}
        noted = own | {"reason": {"const": "other"}, "note": words}
        for more, properties in ((needed, listed), ([*needed, "note"], noted)):
            kinds.append(
                {"type": "object", "properties": common | properties, "required": more, "additionalProperties": False}
            )
    decision.pop("additionalProperties")
    decision["anyOf"] = kinds


def install(app: FastAPI) -> None:
    """Give ``app.openapi`` the contracts whose bodies the handlers read themselves, and the way keys are sent."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            document = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
            _, models = models_json_schema(
                [
                    (Report, "validation"),
                    (DecisionIn, "validation"),
                    (Withdrawal, "validation"),
                    (BatchAnswer, "serialization"),
                    (KeptBatch, "serialization"),
                    (Problem, "serialization"),
                    (ConflictProblem, "serialization"),
                ],
                ref_template="#/components/schemas/{model}",
            )
            components = document.setdefault("components", {})
            components["schemas"] = {**models["$defs"], **components.get("schemas", {})}
            _say_more_of_reports(components["schemas"]["Report"]["properties"])
            _say_more_of_decisions(components["schemas"]["DecisionIn"])
            components["securitySchemes"] = {
                "key": {"type": "http", "scheme": "bearer", "description": "A key made with foursight keys add."}
            }
            app.openapi_schema = document
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]
