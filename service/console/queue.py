"""The queue: which reports wait, in which order, and why."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, TypeVar
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from fastapi.responses import Response

from nlp.taxonomy import RecordedOffence, Suggestion
from service.access import settings_of, store_of
from service.console import words
from service.console.templating import render
from service.store.reports import count_recorded_as_stalking, queue_page, waiting

router = APIRouter(include_in_schema=False)
Choice = TypeVar("Choice", bound=StrEnum)


@router.get("/")
def queue(request: Request) -> Response:
    return _page(request, "/", apart=False)


@router.get("/recorded-as-stalking")
def recorded_as_stalking(request: Request) -> Response:
    """Apart from the queue: not a suggestion of misrecording, yet worth a look."""
    return _page(request, "/recorded-as-stalking", apart=True)


def _page(request: Request, path: str, apart: bool) -> Response:
    # All that is apart carries one suggestion and one offence: nothing to filter.
    suggestion = None if apart else _choice(request, "suggestion", Suggestion)
    recorded = None if apart else _choice(request, "recorded", RecordedOffence)
    wanted = request.query_params.get("page", "1")
    number = int(wanted) if wanted.isascii() and wanted.isdigit() and len(wanted) < 8 else 1
    with store_of(request).read() as session:
        page = queue_page(session, number, settings_of(request).page_size, suggestion, recorded, apart)
        stalking = count_recorded_as_stalking(session) if apart else 0
        unread = waiting(session)
    filters = {"suggestion": suggestion, "recorded": recorded}
    return render(
        request,
        "queue.html",
        page=page,
        apart=apart,
        path=path,
        filtered=any(filters.values()),
        suggestions=_options(
            suggestion, {s: label for s, (label, _) in words.SUGGESTION_TAG.items()}, "Any suggestion"
        ),
        offences=_options(recorded, words.RECORDED, "Any offence"),
        stalking=stalking,
        waiting=unread,
        pagination=pagination(path, filters, page.page, page.pages),
        back=_back(path, filters, page.page),
    )


def _back(path: str, filters: Mapping[str, StrEnum | None], page: int) -> str:
    """What a report's address carries, so that its way back leads to this very list; nothing for the plain queue."""
    here = _address(path, filters, page if page > 1 else None)
    return "" if here == "/" else "?" + urlencode({"from": here})


def _address(path: str, filters: Mapping[str, StrEnum | None], page: int | None) -> str:
    chosen = {name: str(value) for name, value in ({**filters, "page": page}).items() if value}
    return f"{path}?{urlencode(chosen)}" if chosen else path


def _choice(request: Request, name: str, kind: type[Choice]) -> Choice | None:
    """A filter from the address. One that does not exist filters nothing: an old bookmark still opens."""
    try:
        return kind(request.query_params.get(name, ""))
    except ValueError:
        return None


def _options(chosen: StrEnum | None, labels: dict[Any, str], everything: str) -> list[dict[str, Any]]:
    first = {"value": "", "text": everything, "selected": chosen is None}
    return [first] + [
        {"value": str(value), "text": text, "selected": value == chosen} for value, text in labels.items()
    ]


def pagination(path: str, filters: Mapping[str, StrEnum | None], page: int, pages: int) -> dict[str, Any]:
    """What the pagination component takes; empty for a single page."""
    if pages == 1:
        return {}

    items: list[dict[str, Any]] = []
    for number in range(1, pages + 1):
        if number in (1, pages) or abs(number - page) <= 1:
            items.append({"number": number, "href": _address(path, filters, number), "current": number == page})
        elif "ellipsis" not in items[-1]:
            items.append({"ellipsis": True})
    found: dict[str, Any] = {"items": items, "landmarkLabel": "Pages of this list"}
    if page > 1:
        found["previous"] = {"href": _address(path, filters, page - 1)}
    if page < pages:
        found["next"] = {"href": _address(path, filters, page + 1)}
    return found
