"""Rendering pages: one Jinja environment, escaping on, GOV.UK's macros beside our own templates."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import ChoiceLoader, Environment, FileSystemLoader, PackageLoader, PrefixLoader

from service.access import form_token, settings_of
from service.auth import Identity
from service.console import marking, words
from service.policy import POLICY, ROLE_PLAIN, home

_TEMPLATES = Path(__file__).parent / "templates"
STATIC = Path(__file__).parent / "static"

_PAGES = (
    ("/", "Queue"),
    ("/recorded-as-stalking", "Recorded as stalking"),
    ("/suggested", "Most worth reading"),
    ("/samples", "Samples"),
    ("/models", "Models"),
    ("/guide", "Guide"),
    ("/audit", "Audit trail"),
    ("/account", "Your account"),
)


@lru_cache(maxsize=1)
def environment() -> Environment:
    loader = ChoiceLoader(
        [FileSystemLoader(_TEMPLATES), PrefixLoader({"govuk_frontend_jinja": PackageLoader("govuk_frontend_jinja")})]
    )
    # GOV.UK's macros lean on undefined values, so the strict kind is not for them; our pages are covered by tests.
    found = Environment(loader=loader, autoescape=True, trim_blocks=True, lstrip_blocks=True)
    found.globals["words"] = words
    found.filters.update(
        percent=words.percent,
        clock=words.clock,
        day=words.day,
        day_and_time=words.day_and_time,
        written=words.written,
        recorded=words.recorded,
        shown=marking.shown,
        plain=marking.plain,
    )
    return found


def render(request: Request, template: str, status: int = 200, **context: Any) -> HTMLResponse:
    identity: Identity | None = getattr(request.state, "identity", None)
    context.setdefault("form_token", form_token(settings_of(request), identity.session_digest) if identity else "")
    page = environment().get_template(template)
    html = page.render(
        identity=identity,
        role_plain=ROLE_PLAIN[identity.role] if identity else "",
        home=home(identity.role) if identity else "/sign-in",
        navigation=_navigation(request, identity),
        **context,
    )
    return HTMLResponse(html, status)


def _navigation(request: Request, identity: Identity | None) -> list[dict[str, Any]]:
    """The pages this person may open, by the same table that guards them."""
    if identity is None:
        return []
    here = request.url.path
    return [
        {"href": path, "text": title, "current": path == here}
        for path, title in _PAGES
        if (rule := POLICY.get(("GET", path))) and identity.role in rule.roles
    ]
