"""The queue: which reports wait, in which order, and why."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from typing import Any, TypeVar
from urllib.parse import parse_qsl, urlencode

from fastapi import APIRouter, Request
from fastapi.responses import Response

from nlp.taxonomy import RecordedOffence, Relationship, Suggestion
from service.access import identity_of, settings_of, store_of
from service.console import words
from service.console.standing import done_notice
from service.console.templating import render
from service.decisions import ReviewStatus
from service.reviewing_queue import BAND_FROM, Assigned, Band, Filters, QueuePage, Sort
from service.reviewing_queue import queue as queue_page
from service.sampling.reading import due_reports
from service.store.reports import count_recorded_as_stalking
from service.store.tables import now

router = APIRouter(include_in_schema=False)
Choice = TypeVar("Choice", bound=StrEnum)
ANY = "any"
APART = "/recorded-as-stalking"


@router.get("/")
def queue(request: Request) -> Response:
    return _page(request, "/")


@router.get(APART)
def recorded_as_stalking(request: Request) -> Response:
    """Apart from the queue: not a suggestion of misrecording, yet worth a look."""
    return _page(request, APART)


def _page(request: Request, path: str) -> Response:
    filters = filters_of(path, request.query_params)
    wanted = request.query_params.get("page", "1")
    number = int(wanted) if wanted.isascii() and wanted.isdigit() and len(wanted) < 8 else 1
    with store_of(request).read() as session:
        account = identity_of(request).account_id
        page = queue_page(session, filters, number, settings_of(request).page_size, account, now())
        stalking = count_recorded_as_stalking(session) if filters.apart else 0
        done = done_notice(session, request.query_params.get("done", ""), identity_of(request))
        blind = due_reports(session, account)
    chosen = parameters(filters)
    here = address(path, chosen, page.page)
    return render(
        request,
        "queue.html",
        page=page,
        blind=blind,
        apart=filters.apart,
        path=path,
        filters=filters,
        filtered=bool(set(chosen) - {"status", "sort"}),
        tab=chosen.get("status", ""),
        tabs=[] if filters.apart else _tabs(path, chosen),
        bands=_bands(path, chosen, page),
        selects=_selects(filters),
        more=bool(filters.relationship or filters.reported_from or filters.reported_to or filters.reference),
        clear=address(path, {name: chosen[name] for name in ("status", "sort") if name in chosen}),
        here=here,
        done=done,
        none_next=request.query_params.get("next") == "none",
        stalking=stalking,
        pagination=pagination(path, chosen, page.page, page.pages),
        back="" if here == "/" else "?" + urlencode({"from": here}),
    )


def filters_of(path: str, given: Mapping[str, str]) -> Filters:
    """The filters of a list's address. One that does not exist filters nothing: an old bookmark still opens."""
    apart = path == APART
    status = given.get("status", "")
    return Filters(
        # All that is apart carries one suggestion and one offence: nothing to filter.
        suggestion=None if apart else _choice(given, "suggestion", Suggestion),
        recorded=None if apart else _choice(given, "recorded", RecordedOffence),
        relationship=_choice(given, "relationship", Relationship),
        band=_choice(given, "band", Band),
        assigned=_choice(given, "assigned", Assigned),
        status=None if apart or status == ANY else _choice(given, "status", ReviewStatus) or ReviewStatus.WAITING,
        reported_from=_day(given.get("from_day", "")),
        reported_to=_day(given.get("to_day", "")),
        reference=given.get("reference", "").strip().replace("\0", "")[:200],
        sort=_choice(given, "sort", Sort) or Sort.PRIORITY,
        apart=apart,
        unread=not apart and given.get("unread", "") == "1",
    )


def filters_at(here: str) -> Filters:
    """The filters of one of our lists, from its whole address."""
    path, _, query = here.partition("?")
    return filters_of(path, dict(parse_qsl(query)))


def parameters(filters: Filters) -> dict[str, str]:
    """What an address carries for these filters; what is usual is left out."""
    status = ANY if filters.status is None and not filters.apart else filters.status
    found = {
        "status": "" if status is ReviewStatus.WAITING else status,
        "suggestion": filters.suggestion,
        "recorded": filters.recorded,
        "relationship": filters.relationship,
        "band": "" if filters.unread else filters.band,
        "unread": "1" if filters.unread else "",
        "assigned": filters.assigned,
        "from_day": filters.reported_from,
        "to_day": filters.reported_to,
        "reference": filters.reference,
        "sort": "" if filters.sort is Sort.PRIORITY else filters.sort,
    }
    return {name: str(value) for name, value in found.items() if value}


def address(path: str, chosen: Mapping[str, str], page: int = 1) -> str:
    query = urlencode({**chosen, "page": str(page)} if page > 1 else chosen)
    return f"{path}?{query}" if query else path


def _choice(given: Mapping[str, str], name: str, kind: type[Choice]) -> Choice | None:
    try:
        return kind(given.get(name, ""))
    except ValueError:
        return None


def _day(given: str) -> date | None:
    try:
        return date.fromisoformat(given)
    except ValueError:
        return None


def _tabs(path: str, chosen: Mapping[str, str]) -> list[dict[str, Any]]:
    current = chosen.get("status", "")
    kept = {name: value for name, value in chosen.items() if name != "status"}
    return [
        {
            "text": text,
            "href": address(path, {**kept, "status": value} if value else kept),
            "current": value == current,
        }
        for value, text in [("", "To review"), *words.QUEUE_TABS.items(), (ANY, "All")]
    ]


def _bands(path: str, chosen: Mapping[str, str], page: QueuePage) -> list[dict[str, Any]]:
    """A link for each band, with its count, and for what is in none; the chosen one leads back to all."""
    found = []
    kept = {name: value for name, value in chosen.items() if name not in ("band", "unread")}
    links = [("band", band.value, words.BAND[band], page.bands[band]) for band in BAND_FROM]
    if page.unread or "unread" in chosen:
        links.append(("unread", "1", "Not assessed", page.unread))
    for name, value, text, count in links:
        current = chosen.get(name) == value
        href = address(path, kept if current else {**kept, name: value})
        found.append({"text": text, "count": count, "href": href, "current": current})
    return found


def _selects(filters: Filters) -> dict[str, list[dict[str, Any]]]:
    suggestions = {suggestion: label for suggestion, (label, _) in words.SUGGESTION_TAG.items()}
    return {
        "suggestion": _options(filters.suggestion, suggestions, "Any suggestion"),
        "recorded": _options(filters.recorded, words.RECORDED, "Any offence"),
        "relationship": _options(filters.relationship, words.RELATIONSHIP, "Any relationship"),
        "assigned": _options(filters.assigned, words.ASSIGNED, "Anyone or nobody"),
        "sort": _options(filters.sort, words.SORT),
    }


def _options(chosen: StrEnum | None, labels: Mapping[Any, str], everything: str = "") -> list[dict[str, Any]]:
    first = [{"value": "", "text": everything, "selected": chosen is None}] if everything else []
    return first + [{"value": str(value), "text": text, "selected": value == chosen} for value, text in labels.items()]


def pagination(path: str, chosen: Mapping[str, str], page: int, pages: int) -> dict[str, Any]:
    """What the pagination component takes; empty for a single page."""
    if pages == 1:
        return {}
    items: list[dict[str, Any]] = []
    for number in range(1, pages + 1):
        if number in (1, pages) or abs(number - page) <= 1:
            items.append({"number": number, "href": address(path, chosen, number), "current": number == page})
        elif "ellipsis" not in items[-1]:
            items.append({"ellipsis": True})
    found: dict[str, Any] = {"items": items, "landmarkLabel": "Pages of this list"}
    if page > 1:
        found["previous"] = {"href": address(path, chosen, page - 1)}
    if page < pages:
        found["next"] = {"href": address(path, chosen, page + 1)}
    return found
