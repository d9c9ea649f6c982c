"""Signing in and out."""

from __future__ import annotations

import secrets
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import AfterValidator

from service import auth, sessions
from service.access import (
    COOKIE,
    FORM_COOKIE,
    check_form,
    form_token,
    identity_of,
    keep_signed_in,
    refusals_of,
    secure_cookie,
    settings_of,
    store_of,
)
from service.console import drafts
from service.console.templating import render
from service.policy import home
from service.problems import Problem

router = APIRouter(include_in_schema=False)


def is_text(value: str) -> bool:
    """Multipart can carry a NUL or half a surrogate pair, and a database cannot."""
    return "\0" not in value and not any("\ud800" <= character <= "\udfff" for character in value)


def _must_be_text(value: str) -> str:
    if not is_text(value):
        raise ValueError("not text")
    return value


FormText = Annotated[str, Form(), AfterValidator(_must_be_text)]


def safe_next(address: str) -> str:
    """Only a path of our own: an address elsewhere would make the sign-in page a springboard."""
    own = address.startswith("/") and not address.startswith("//") and "\\" not in address and len(address) < 2000
    return address if own and address.isprintable() else ""


def _form(
    request: Request, next_page: str, name: str = "", problem: str = "", status: int = 200, draft: str = ""
) -> Response:
    """The form, bound to a cookie of its own: without it another site could sign a person in as somebody else."""
    bound_to = request.cookies.get(FORM_COOKIE, "")
    fresh = not 20 <= len(bound_to) <= 60
    bound_to = secrets.token_urlsafe(24) if fresh else bound_to
    more = f"?{urlencode({'next': next_page})}" if next_page else ""
    provider = f"/sign-in/oidc{more}" if settings_of(request).oidc_issuer else ""
    response = render(
        request,
        "sign-in.html",
        status,
        form_token=form_token(settings_of(request), bound_to),
        next_page=next_page,
        name=name,
        problem=problem,
        draft=draft,
        passwords=settings_of(request).passwords,
        provider=provider,
    )
    if fresh:
        response.set_cookie(
            FORM_COOKIE, bound_to, httponly=True, samesite="lax", secure=secure_cookie(request), path="/sign-in"
        )
    return response


@router.get("/sign-in")
def sign_in_page(request: Request, next: str = "") -> Response:
    identity = sessions.by_session(store_of(request), settings_of(request), request.cookies.get(COOKIE, ""))
    if identity is not None:
        return RedirectResponse(safe_next(next) or home(identity.role), 303)
    return _form(request, safe_next(next))


async def ask_again(request: Request) -> Response | None:
    """The sign-in page for a decision sent after its session had ended, with all that was typed; None for any other request."""
    page = drafts.report_of(request.url.path.removesuffix("/decision"))
    if request.method != "POST" or not page or request.url.path == page:
        return None
    kept = drafts.pack(await request.form())
    if not kept:
        return None
    problem = "Your session has ended. Sign in again: what you typed is kept, and nothing has been decided yet."
    return _form(request, page, problem=problem, status=401, draft=kept)


def _signed_in_again(request: Request, next_page: str, fields: list[tuple[str, str]], session_token: str) -> Response:
    token = form_token(settings_of(request), auth.digest(session_token))
    return render(request, "draft.html", next_page=next_page, fields=fields, form_token=token)


@router.post("/sign-in")
def sign_in(
    request: Request,
    name: FormText = "",
    password: FormText = "",
    token: FormText = "",
    next: FormText = "",
    draft: FormText = "",
) -> Response:
    settings, next_page = settings_of(request), safe_next(next)
    if not settings.passwords:
        raise Problem(403, "passwords are not used here; sign in with your organisation's account.")
    try:
        check_form(settings, request.cookies.get(FORM_COOKIE, ""), token)
    except Problem:
        refusals_of(request).add("sign_in.refused", "form token")
        raise
    if not name.strip() or not password:
        return _form(request, next_page, name, "Enter your name and your password.", 422, draft)
    outcome = sessions.sign_in(store_of(request), settings, name, password)
    if outcome.role is None:
        return _form(request, next_page, name, outcome.problem, 401, draft)
    response: Response = RedirectResponse(next_page or home(outcome.role), 303)
    fields = drafts.unpack(draft)
    if fields and drafts.report_of(next_page):
        response = _signed_in_again(request, next_page, fields, outcome.token)
    keep_signed_in(request, response, outcome.token)
    response.delete_cookie(FORM_COOKIE, path="/sign-in")
    return response


@router.post("/sign-in/go-on")
def go_on(request: Request, token: FormText = "", next: FormText = "", draft: FormText = "") -> Response:
    """Back on the page that kept a decision, after signing in through the organisation in another tab."""
    settings, next_page = settings_of(request), safe_next(next)
    check_form(settings, request.cookies.get(FORM_COOKIE, ""), token)
    session_token = request.cookies.get(COOKIE, "")
    fields = drafts.unpack(draft)
    if sessions.by_session(store_of(request), settings, session_token) is None:
        return _form(
            request, next_page, problem="You are not signed in yet. What you typed is kept.", status=401, draft=draft
        )
    if not fields or not drafts.report_of(next_page):
        raise Problem(422, "nothing was kept to go on with; open the report from the queue.")
    return _signed_in_again(request, next_page, fields, session_token)


@router.post("/sign-out")
def sign_out(request: Request, token: FormText = "") -> Response:
    identity = identity_of(request)
    check_form(settings_of(request), identity.session_digest, token)
    sessions.sign_out(store_of(request), identity)
    response = RedirectResponse("/sign-in", 303)
    response.delete_cookie(COOKIE)
    return response
