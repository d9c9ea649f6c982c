"""What to read next for the model's sake: the waiting reports that it is least sure of, unlike one another."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import Response

from service.access import identity_of, settings_of, store_of
from service.console.standing import done_notice
from service.console.templating import render
from service.sampling.reading import due_reports
from service.suggesting import candidates, suggest

router = APIRouter(include_in_schema=False)
CONSIDERED = 500  # Texts read for a page; ``foursight suggest``, for which nobody waits at a screen, reads more.


@router.get("/suggested")
def suggested(request: Request) -> Response:
    """One page of them, the most worth reading first. References only: opening a report is what counts as a look."""
    with store_of(request).read() as session:
        # What the person has yet to read blind is left out: the list shows the probability.
        blind = due_reports(session, identity_of(request).account_id)
        chosen = suggest(candidates(session, CONSIDERED, without=blind), settings_of(request).page_size)
        done = done_notice(session, request.query_params.get("done", ""), identity_of(request))
    return render(request, "suggested.html", chosen=chosen, done=done)
