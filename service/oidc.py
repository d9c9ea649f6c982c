"""Signing in through an organisation's own provider (OpenID Connect: authorisation code with PKCE, state and nonce).

Authlib does the protocol: discovery, keys, and the checks of the ID token (signature, issuer, audience, times, nonce). Here is
what is ours: the state that waits in a signed cookie, and which claim makes a person and a role.
"""

from __future__ import annotations

import hashlib
from typing import Any

import httpx2
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.starlette_client import OAuth
from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import RedirectResponse, Response
from itsdangerous import BadSignature, URLSafeTimedSerializer
from joserfc.errors import JoseError

from service import sessions
from service.access import keep_signed_in, refusals_of, secure_cookie, settings_of, store_of
from service.console.sign_in import safe_next
from service.policy import AccountRole, home
from service.problems import Problem
from service.settings import Settings

router = APIRouter(include_in_schema=False)

STATE_COOKIE = "foursight_oidc"
STATE_SECONDS = 600
PATH = "/sign-in/oidc"


def _client(request: Request) -> Any:
    """The provider's client, made once an application; it keeps what it discovered."""
    settings = settings_of(request)
    if not settings.oidc_issuer:
        raise Problem(404, "there is nothing at this address; check it.")
    found = getattr(request.app.state, "oidc", None)
    if found is None:
        found = OAuth().register(
            "foursight",
            client_id=settings.oidc_client_id,
            client_secret=settings.oidc_client_secret.get_secret_value() if settings.oidc_client_secret else None,
            server_metadata_url=settings.oidc_issuer.rstrip("/") + "/.well-known/openid-configuration",
            client_kwargs={"scope": settings.oidc_scope, "code_challenge_method": "S256", "timeout": 10.0},
        )
        request.app.state.oidc = found
    return found


def _signer(settings: Settings) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(settings.secret, salt="oidc")


@router.get(PATH)
async def leave(request: Request, next: str = "") -> Response:
    """Off to the provider. What must come back with the person waits in a signed cookie, for ten minutes."""
    client, settings = _client(request), settings_of(request)
    waiting: dict[str, Any] = {}
    request.scope["session"] = waiting
    try:
        answer: Response = await client.authorize_redirect(request, _callback(request))
    except (httpx2.HTTPError, AuthlibBaseError, RuntimeError, ValueError):
        raise _away() from None
    value = _signer(settings).dumps({"session": waiting, "next": safe_next(next)})
    answer.set_cookie(
        STATE_COOKIE,
        value,
        max_age=STATE_SECONDS,
        httponly=True,
        samesite="lax",
        secure=secure_cookie(request),
        path=PATH,
    )
    return answer


@router.get(PATH + "/callback")
async def come_back(request: Request) -> Response:
    """Back from the provider: the code becomes an ID token, its claims a person with a role, and that a session here."""
    client, settings = _client(request), settings_of(request)
    stale = Problem(403, "this sign-in is out of date or was begun elsewhere; go to the sign-in page and begin again.")
    try:
        return await _enter(request, client, settings, stale)
    except Problem as problem:
        if problem is stale:
            await run_in_threadpool(refusals_of(request).add, "sign_in.refused", "not vouched for by the provider")
        raise


async def _enter(request: Request, client: Any, settings: Settings, stale: Problem) -> Response:
    try:
        kept = _signer(settings).loads(request.cookies.get(STATE_COOKIE, ""), max_age=STATE_SECONDS)
    except BadSignature:
        raise stale from None
    request.scope["session"] = kept["session"]
    try:
        issuer = str((await client.load_server_metadata())["issuer"])
        if issuer.rstrip("/") != settings.oidc_issuer.rstrip("/"):
            raise stale
        must = {"iss": {"essential": True, "value": issuer}, "aud": {"essential": True, "value": client.client_id}}
        token = await client.authorize_access_token(request, claims_options=must)
        claims = dict(token.get("userinfo") or {})
        if claims.get("iss") and not _named(claims, settings.oidc_roles_claim):
            # Some providers tell roles only here. The subject must be the same (OpenID Connect Core, 5.3.2).
            more = dict(await client.userinfo(token=token))
            claims = {**more, **claims} if more.get("sub") == claims.get("sub") else claims
    except httpx2.HTTPError:
        raise _away() from None
    except (AuthlibBaseError, JoseError, RuntimeError, ValueError, KeyError):
        raise stale from None
    subject = claims.get("sub")
    if not isinstance(subject, str) or not subject or not claims.get("iss"):
        raise stale
    outcome = await run_in_threadpool(
        sessions.sign_in_external,
        store_of(request),
        settings,
        hashlib.sha256(f"{claims['iss']}\n{subject}".encode()).hexdigest(),
        str(_named(claims, settings.oidc_name_claim) or claims.get("email") or subject),
        role_of(settings, claims),
    )
    if outcome.role is None:
        raise Problem(403, outcome.problem)
    answer = RedirectResponse(safe_next(str(kept["next"])) or home(outcome.role), 303)
    keep_signed_in(request, answer, outcome.token)
    answer.delete_cookie(STATE_COOKIE, path=PATH)
    return answer


def role_of(settings: Settings, claims: dict[str, Any]) -> AccountRole | None:
    """The role of the first group in FOURSIGHT_OIDC_ROLES that the person is in; None when in none of them."""
    found = _named(claims, settings.oidc_roles_claim)
    groups = (
        {found} if isinstance(found, str) else {str(group) for group in found} if isinstance(found, list) else set()
    )
    return next((role for group, role in settings.oidc_roles.items() if group in groups), None)


def _named(claims: dict[str, Any], name: str) -> Any:
    """A claim by its name; where there is none of that name, dots lead into objects (``realm_access.roles``)."""
    if name in claims:
        return claims[name]
    found: Any = claims
    for part in name.split("."):
        found = found.get(part) if isinstance(found, dict) else None
    return found


def _callback(request: Request) -> str:
    base = settings_of(request).oidc_public_url.rstrip("/") or f"{request.url.scheme}://{request.url.netloc}"
    return f"{base}{PATH}/callback"


def _away() -> Problem:
    return Problem(
        503, "the organisation's sign-in service does not answer; try again in a minute.", {"Retry-After": "30"}
    )
