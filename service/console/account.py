"""A person's own page: who they are here, and a new password."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from service import auth
from service.access import COOKIE, check_form, identity_of, secure_cookie, settings_of, store_of
from service.console.sign_in import FormText
from service.console.templating import render
from service.policy import POLICY

router = APIRouter(include_in_schema=False)


@router.get("/account")
def account(request: Request) -> Response:
    return _page(request, changed=request.query_params.get("changed") == "1")


def _page(request: Request, status: int = 200, **more: object) -> Response:
    identity = identity_of(request)
    pages = [path for (method, path), rule in POLICY.items() if method == "GET" and identity.role in rule.roles]
    return render(request, "account.html", status, reads_reports="/" in pages, least=auth.MIN_PASSWORD, **more)


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
        auth.check_password(fresh)
    except auth.AuthError as fault:
        faults.append(("fresh", str(fault)[:1].upper() + str(fault)[1:]))
    if fresh != again:
        faults.append(("again", "The two new passwords are not the same"))
    elif fresh and fresh == current:
        faults.append(("fresh", "The new password is the current one; choose another"))
    if not faults and auth.sign_in(store, settings, identity.name, current).role is None:
        faults.append(("current", "The current password is not right, or your account is locked for a while"))
    if faults:
        return _page(request, 422, faults=faults)
    # Setting it ends every session of the account, here and elsewhere; this person goes on with a new one.
    with store.write() as session:
        auth.set_password(session, identity.name, fresh, identity.actor)
    outcome = auth.sign_in(store, settings, identity.name, fresh)
    response = RedirectResponse("/account?changed=1" if outcome.role else "/sign-in", 303)
    if outcome.role:
        response.set_cookie(
            COOKIE,
            outcome.token,
            max_age=int(settings.session_hours * 3600),
            httponly=True,
            samesite="lax",
            secure=secure_cookie(request),
        )
    return response
