"""The application: routers, the one gate before them, error answers, and the model that lives as long as it does."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from urllib.parse import urlencode

from fastapi import Depends, FastAPI, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.exceptions import RequestValidationError
from fastapi.responses import RedirectResponse, Response
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException
from starlette.routing import compile_path

from models.contracts import ModelInfo
from service import metrics, oidc
from service.access import Refusals, SignInNeeded, enforce
from service.api import assess, documentation, health, model, reports, review
from service.assessing import Assessing, Reader
from service.console import account, deciding, export, guide, queue, report, samples, science, sign_in, suggested, trail
from service.console.templating import STATIC, render
from service.limits import Limits
from service.middleware import BodyLimit, Recover, Surround
from service.policy import POLICY
from service.problems import Problem
from service.settings import Settings
from service.store import Store
from service.swap import ModelWatch
from service.swap import load_reader as load_reader

log = logging.getLogger("foursight")

_HEADINGS = {
    401: "Sign in first",
    403: "You may not open this",
    404: "Page not found",
    413: "Too much was sent",
    429: "Too many requests",
    503: "Try again in a moment",
}


def create_app(
    settings: Settings | None = None, reader: Reader | None = None, store: Store | None = None, watch: bool = False
) -> FastAPI:
    """Build the application. Without ``reader`` the bundle loads at start; if it cannot, ``/readyz`` says why.

    ``watch``: swap the model when the bundle changes (always so when it is loaded here).
    """
    settings = settings or Settings()
    app = FastAPI(
        title="Foursight",
        version=_version(),
        description="Reads harassment reports and shows, with reasons, which describe stalking. It suggests; a person decides.",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        dependencies=[Depends(enforce)],
        lifespan=_lifespan,
        redirect_slashes=False,
    )
    app.state.settings = settings
    app.state.store = store or Store(settings.url)
    app.state.given_reader = reader
    app.state.refusals = Refusals(app.state.store)
    app.state.limits = Limits(settings)
    app.state.metrics = metrics.Metrics()
    app.state.actions_seen = (0, frozenset())  # what /audit found last: service/console/trail.py
    app.state.watch = watch or reader is None
    app.state.model_watch = ModelWatch(settings, app.state.metrics, partial(_serving, app), partial(_install, app))
    app.state.assessing = None
    app.state.not_loaded = "the model is loading."
    for module in (
        assess,
        reports,
        review,
        model,
        health,
        metrics,
        documentation,
        sign_in,
        oidc,
        account,
        queue,
        report,
        deciding,
        export,
        guide,
        samples,
        science,
        suggested,
        trail,
    ):
        app.include_router(module.router)
    documentation.install(app)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")

    app.add_exception_handler(Problem, _on_problem)
    app.add_exception_handler(SignInNeeded, _on_sign_in_needed)
    app.add_exception_handler(HTTPException, _on_http_exception)
    app.add_exception_handler(RequestValidationError, _on_validation_error)
    app.add_middleware(Recover, answer=answer)
    app.add_middleware(BodyLimit, settings=settings)
    app.add_middleware(Surround)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    store: Store = app.state.store
    await run_in_threadpool(store.upgrade)
    reader: Reader | None = app.state.given_reader
    if reader is None:
        from models.bundle import BundleError

        try:
            reader = await run_in_threadpool(load_reader, app.state.settings)
        except BundleError as fault:
            app.state.not_loaded = str(fault)
            log.error("bundle_not_loaded", extra={"fields": {"why": str(fault)}})
    if reader is not None:
        _install(app, reader)
        log.info("ready", extra={"fields": {"model": reader.info.version, "database": store.where}})
    tasks = [asyncio.create_task(_write_refusals(app.state.refusals))]
    if app.state.watch:
        tasks.append(asyncio.create_task(app.state.model_watch.run()))
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        try:
            await run_in_threadpool(app.state.refusals.write)
        finally:
            # Whatever the database says to that: the model and the connections are let go.
            assessing: Assessing | None = app.state.assessing
            app.state.assessing, app.state.not_loaded = None, "the service is stopping."
            try:
                if assessing:
                    await assessing.stop()
            finally:
                store.close()


def _serving(app: FastAPI) -> ModelInfo | None:
    return app.state.assessing.reader.info if app.state.assessing else None


def _install(app: FastAPI, reader: Reader) -> None:
    """The first model, or another in its place."""
    if app.state.assessing:
        app.state.assessing.swap(reader)
        return
    assessing = Assessing(reader, app.state.settings, app.state.metrics)
    assessing.start()
    app.state.assessing = assessing


async def _write_refusals(refused: Refusals) -> None:
    while True:
        await asyncio.sleep(refused.EVERY_SECONDS)
        try:
            await run_in_threadpool(refused.write)
        except Exception as fault:  # a database that is away for a while must not end this for good
            log.error("refusals_not_written", extra={"fields": {"kind": type(fault).__name__}})


def answer(request: Request, problem: Problem) -> Response:
    """The problem as a page for a browser on a page, as JSON for everything else."""
    request_id = getattr(request.state, "request_id", "")
    api = request.url.path.startswith("/v1/") or request.url.path in {
        "/healthz",
        "/readyz",
        "/openapi.json",
        "/metrics",
    }
    if api or "text/html" not in request.headers.get("accept", ""):
        return problem.response(request_id)
    heading = _HEADINGS.get(problem.status, "Something went wrong" if problem.status >= 500 else "This cannot be done")
    detail = problem.detail[:1].upper() + problem.detail[1:]
    page = render(request, "problem.html", problem.status, heading=heading, detail=detail, request_id=request_id)
    page.headers.update(problem.headers)
    return page


async def _on_problem(request: Request, fault: Exception) -> Response:
    assert isinstance(fault, Problem)
    return answer(request, fault)


async def _on_sign_in_needed(request: Request, fault: Exception) -> Response:
    assert isinstance(fault, SignInNeeded)
    again = await sign_in.ask_again(request)
    if again is not None:
        return again
    plain = fault.next_page in ("", "/")
    return RedirectResponse("/sign-in" if plain else f"/sign-in?{urlencode({'next': fault.next_page})}", 303)


async def _on_http_exception(request: Request, fault: Exception) -> Response:
    assert isinstance(fault, HTTPException)
    # The framework's own detail may quote the request, so the wording here is ours.
    plain = {
        404: "there is nothing at this address; check it.",
        405: "this address does not take that method; see /docs.",
    }
    detail = plain.get(fault.status_code, "the request cannot be read; check its headers and body.")
    headers = dict(fault.headers or {})
    if fault.status_code == 405:  # the framework names the methods of one route, and an address may have several
        here = request.url.path
        exact = {method for method, path in POLICY if path == here}
        headers["Allow"] = ", ".join(sorted(exact or {m for m, path in POLICY if compile_path(path)[0].match(here)}))
    return answer(request, Problem(fault.status_code, detail, headers))


async def _on_validation_error(request: Request, fault: Exception) -> Response:
    assert isinstance(fault, RequestValidationError)
    # Its errors hold ``input``: the field names are safe (they are ours), the values are not.
    places = sorted(
        {str(error["loc"][-1]) for error in fault.errors() if error["loc"] and error["type"] != "extra_forbidden"}
    )
    return answer(
        request,
        Problem(422, f"these fields cannot be read: {', '.join(places) or 'the body'}; correct them and send again."),
    )


def _version() -> str:
    try:
        return version("foursight")
    except PackageNotFoundError:
        return "0.0.0"
