"""The one gate: every request passes ``enforce``, which looks its route up in the policy table and proves the caller."""

from __future__ import annotations

import hmac
import math
import threading
import time
from collections import Counter
from hashlib import sha256
from urllib.parse import quote

from fastapi import Request
from fastapi.responses import Response

from service import audit, auth, sessions
from service.audit import ANONYMOUS
from service.auth import Identity
from service.limits import Limits
from service.policy import POLICY, ROLE_PLAIN, Via
from service.problems import Problem
from service.settings import Settings
from service.store import Store

COOKIE = "foursight_session"
FORM_COOKIE = "foursight_form"
LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})


class Refusals:
    """Refusals that anybody can bring about (a call without a valid key, a sign-in from nobody known), on the record as one entry of a kind a minute: the trail never shrinks.

    Kinds are few: an action, a reason of ours, and a key's id where the key was a real one.
    """

    EVERY_SECONDS = 60.0

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._calls: Counter[tuple[str, str, str]] = Counter()
        self._written = -math.inf

    def add(self, action: str, why: str = "", subject: str = "") -> None:
        with self._lock:
            self._calls[action, subject, why] += 1
            due = time.monotonic() - self._written >= self.EVERY_SECONDS
        if due:
            self.write()

    def write(self) -> None:
        """Write what came since the last time, if anything did."""
        with self._lock:
            calls, self._calls = self._calls, Counter()
            if not calls:
                return
            before, self._written = self._written, time.monotonic()
        try:
            with self._store.write() as session:
                for (action, subject, why), count in sorted(calls.items()):
                    audit.append(session, ANONYMOUS, action, subject, calls=count, **({"why": why} if why else {}))
        except Exception:  # a database that is away: they are counted until it is back
            with self._lock:
                self._calls += calls
                self._written = before
            raise


class SignInNeeded(Exception):
    """A page that needs a sign-in, asked for without one."""

    def __init__(self, next_page: str) -> None:
        super().__init__("sign in first")
        self.next_page = next_page


def store_of(request: Request) -> Store:
    store: Store = request.app.state.store
    return store


def settings_of(request: Request) -> Settings:
    settings: Settings = request.app.state.settings
    return settings


def limits_of(request: Request) -> Limits:
    limits: Limits = request.app.state.limits
    return limits


def refusals_of(request: Request) -> Refusals:
    refusals: Refusals = request.app.state.refusals
    return refusals


def identity_of(request: Request) -> Identity:
    """Who asks. Only for routes that the policy does not leave open."""
    identity: Identity = request.state.identity
    return identity


def enforce(request: Request) -> None:
    """The dependency of the whole application. Runs before the body of any handler."""
    path = request.scope["route"].path
    rule = POLICY.get((request.method, path))
    if rule is None:
        raise Problem(403, "this address is closed: no rule in service/policy.py opens it.")
    request.state.identity = None
    if rule.via is Via.OPEN:
        if path.startswith("/sign-in") and (request.method, path) != ("GET", "/sign-in"):
            try:
                limits_of(request).try_from(_address(request))
            except Problem:
                refusals_of(request).add("sign_in.refused", "too many tries")
                raise
        return
    store = store_of(request)
    if rule.via is Via.KEY:
        key, days = _bearer(request), settings_of(request).oidc_key_days
        identity = auth.by_key(store, key, days)
        if identity is None:
            dead = auth.dead_key(store, key, days)
            why = "revoked, or of an account that is disabled or was long not vouched for" if dead else ""
            refusals_of(request).add("key.refused", why, dead)
            limits_of(request).try_from(_address(request))
            raise Problem(
                401,
                "no valid API key; send the header Authorization: Bearer and a key made with foursight keys add.",
                {"WWW-Authenticate": 'Bearer realm="foursight"'},
            )
    else:
        identity = sessions.by_session(store, settings_of(request), request.cookies.get(COOKIE, ""))
        if identity is None:
            here = quote(request.url.path) + (f"?{request.url.query}" if request.url.query else "")
            raise SignInNeeded(here if request.method == "GET" else "")
    limits_of(request).request_of(identity.actor.name)
    request.state.identity = identity  # before the check: the page that refuses still shows who is signed in
    if identity.role not in rule.roles:
        audit.record(store, identity.actor, "access.refused", route=path, role=identity.role.value)
        raise Problem(
            403,
            f"the role of {ROLE_PLAIN[identity.role].lower()} may not do this; ask an administrator if yours should.",
        )


def _address(request: Request) -> str:
    """Who sent this, as far as the network tells: the server in front says so if it is one of FOURSIGHT_TRUSTED_PROXIES."""
    return request.client.host if request.client else "unknown"


def _bearer(request: Request) -> str:
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    return key.strip() if scheme.lower() == "bearer" else ""


# Cookies and form tokens


def form_token(settings: Settings, bound_to: str) -> str:
    """A token for the forms of one session (or, before sign-in, of one form cookie): nobody else can know it."""
    return hmac.new(settings.secret, f"form:{bound_to}".encode(), sha256).hexdigest()


def check_form(settings: Settings, bound_to: str, token: str) -> None:
    if not bound_to or not hmac.compare_digest(form_token(settings, bound_to).encode(), token.encode()):
        raise Problem(403, "this form is out of date; go back, load the page again and send it once more.")


def secure_cookie(request: Request) -> bool:
    """Cookies travel over HTTPS only, except in plain HTTP on this very machine."""
    return request.url.scheme == "https" or request.url.hostname not in LOCAL


def keep_signed_in(request: Request, response: Response, token: str) -> None:
    """Give the browser the cookie of a session."""
    response.set_cookie(
        COOKIE,
        token,
        max_age=int(settings_of(request).session_hours * 3600),
        httponly=True,
        samesite="lax",
        secure=secure_cookie(request),
    )
