"""Figures for Prometheus: counts and times of routes, of the model and of its swaps. Never a text, a name or a reference.

Each application has a registry of its own, so that two in one process (tests) do not add up.
"""

from __future__ import annotations

from collections.abc import Callable

from fastapi import APIRouter, Request
from fastapi.responses import Response
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.gc_collector import GCCollector
from prometheus_client.process_collector import ProcessCollector

from models.contracts import ModelInfo

router = APIRouter(include_in_schema=False)

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


class Metrics:
    """What is counted. Every label has few values: routes are the patterns of the program, never addresses."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        GCCollector(registry=self.registry)
        self._requests = Counter(
            "foursight_requests",
            "Requests answered.",
            ["method", "route", "status"],
            registry=self.registry,
        )
        self._seconds = Histogram(
            "foursight_request_seconds",
            "Time to answer a request.",
            ["route"],
            buckets=_SECONDS,
            registry=self.registry,
        )
        self._pass_seconds = Histogram(
            "foursight_model_pass_seconds",
            "Time of one pass of the model.",
            buckets=_SECONDS,
            registry=self.registry,
        )
        self._reports = Counter("foursight_reports_read", "Reports that the model has read.", registry=self.registry)
        self._unread = Counter(
            "foursight_reports_not_read", "Reports that the model could not read.", registry=self.registry
        )
        self._waiting = Gauge("foursight_reports_waiting", "Reports that wait for a pass.", registry=self.registry)
        self._model = Info("foursight_model", "The model that serves.", registry=self.registry)
        self._swaps = Counter(
            "foursight_model_swaps",
            "New bundles seen: swapped in, or refused.",
            ["outcome"],
            registry=self.registry,
        )

    def request(self, method: str, route: str, status: int, seconds: float) -> None:
        self._requests.labels(method if method in _METHODS else "other", route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    def model_pass(self, reports: int, failed: int, seconds: float) -> None:
        self._pass_seconds.observe(seconds)
        self._reports.inc(reports - failed)
        self._unread.inc(failed)

    def waiting(self, count: Callable[[], float]) -> None:
        self._waiting.set_function(count)

    def model(self, info: ModelInfo) -> None:
        self._model.info({"name": info.name, "version": info.version, "digest": info.digest[:12]})

    def swap(self, outcome: str) -> None:
        self._swaps.labels(outcome).inc()


@router.get("/metrics")
def metrics(request: Request) -> Response:
    """For a Prometheus server that holds an administrator's key."""
    found: Metrics = request.app.state.metrics
    return Response(generate_latest(found.registry), media_type=CONTENT_TYPE_LATEST)
