"""A person's own page: who they are here, where they are signed in, and a new password."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from service import auth, sessions
from service.access import check_form, identity_of, keep_signed_in, settings_of, store_of
from service.console.sign_in import FormText
from service.console.templating import render
from service.policy import POLICY

router = APIRouter(include_in_schema=False)


@router.get("/account")
def account(request: Request) -> Response:
    given = request.query_params
    return _page(request, changed=given.get("changed") == "1", ended=given.get("ended") == "1")


def _page(request: Request, status: int = 200, **more: object) -> Response:
    identity = identity_of(request)
    pages = [path for (method, path), rule in POLICY.items() if method == "GET" and identity.role in rule.roles]
    return render(
        request,
        "account.html",
        status,
        reads_reports="/" in pages,
        least=auth.MIN_PASSWORD,
        sessions=sessions.open_sessions(store_of(request), identity),
        **more,
    )


@router.post("/account/password")
def change_password(
    request: Request, token: FormText = "", current: FormText = "", fresh: FormText = "", again: FormText = ""
) -> Response:
    """Set one's own password. The current one is checked as a sign-in is: the same count of failures, lock and record."""
    identity, store, settings = identity_of(request), store_of(request), settings_of(request)
    check_form(settings, identity.session_digest, token)
    faults = []
    if not current:
        faults.append(("current", "Enter your current password"))
    try:
        auth.check_password(fresh, identity.name)
    except auth.AuthError as fault:
        faults.append(("fresh", str(fault)[:1].upper() + str(fault)[1:]))
    if fresh != again:
        faults.append(("again", "The two new passwords are not the same"))
    elif fresh and fresh == current:
        faults.append(("fresh", "The new password is the current one; choose another"))
    outcome = sessions.SignIn() if faults else sessions.change_password(store, settings, identity, current, fresh)
    if not faults and outcome.role is None:
        faults.append(("current", "The current password is not right, or your account is locked for a while"))
    if faults:
        return _page(request, 422, faults=faults)
    response = RedirectResponse("/account?changed=1", 303)
    keep_signed_in(request, response, outcome.token)
    return response


@router.post("/account/sessions")
def end_other_sessions(request: Request, token: FormText = "") -> Response:
    """Sign out everywhere but here."""
    identity = identity_of(request)
    check_form(settings_of(request), identity.session_digest, token)
    sessions.end_others(store_of(request), identity)
    return RedirectResponse("/account?ended=1", 303)
