"""Running the model beside the event loop: bounded, micro-batched, and honest when full.

One model pass over sixteen reports costs little more than one over four, so single requests that arrive together
share a pass. What may wait is bounded: beyond it the caller is told to come back (503), never kept in a growing queue.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Protocol

from models.contracts import Assessment, ModelInfo, Report
from service.metrics import Metrics
from service.problems import Problem
from service.settings import Settings

log = logging.getLogger("foursight.assessing")


class Reader(Protocol):
    """What the service needs of models.assessor.Assessor."""

    info: ModelInfo

    def assess_many(self, reports: Sequence[Report]) -> list[Assessment]: ...


class AssessFailed(Exception):
    """The model could not read one report. What was wrong is in the log, by the kind of error, not here."""


class Assessing:
    """Feeds one model from many requests. One pass runs at a time: it uses all its threads itself."""

    def __init__(self, reader: Reader, settings: Settings, metrics: Metrics | None = None) -> None:
        self.reader = reader
        self._metrics = metrics or Metrics()
        self._metrics.waiting(lambda: len(self._waiting))
        self._metrics.model(reader.info)
        self._size = settings.micro_batch
        self._wait = settings.micro_wait_ms / 1000
        self._limit = settings.queue_limit
        self._batch_limit = settings.batch_limit
        self._waiting: deque[tuple[Report, asyncio.Future[Assessment]]] = deque()
        self._batches = 0
        self._pass = asyncio.Lock()
        self._arrived = asyncio.Event()
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="assess")
        self._worker: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._worker = asyncio.create_task(self._work(), name="assessing")

    def swap(self, reader: Reader) -> None:
        """Read with another model from the next pass on; the pass under way ends with the one it began with."""
        self.reader = reader
        self._metrics.model(reader.info)

    async def stop(self) -> None:
        if self._worker:
            self._worker.cancel()
            await asyncio.gather(self._worker, return_exceptions=True)
        self._pool.shutdown(wait=True, cancel_futures=True)

    async def one(self, report: Report) -> Assessment:
        """Assess one report, in a pass shared with others that wait."""
        if len(self._waiting) >= self._limit:
            raise busy()
        future: asyncio.Future[Assessment] = asyncio.get_running_loop().create_future()
        self._waiting.append((report, future))
        self._arrived.set()
        return await future

    @asynccontextmanager
    async def batch(self) -> AsyncIterator[Assessing]:
        """A place for one batch; inside it, ``many`` may be called as often as needed."""
        if self._batches >= self._batch_limit:
            raise busy()
        self._batches += 1
        try:
            yield self
        finally:
            self._batches -= 1

    async def many(self, reports: Sequence[Report]) -> list[Assessment | AssessFailed]:
        """Assess some reports of a batch. The lock is fair, so single requests take turns with batches."""
        async with self._pass:
            return await self._run(reports)

    async def _work(self) -> None:
        while True:
            await self._arrived.wait()
            if len(self._waiting) < self._size and self._wait:
                await asyncio.sleep(self._wait)
            async with self._pass:
                taken = [self._waiting.popleft() for _ in range(min(self._size, len(self._waiting)))]
                if not self._waiting:
                    self._arrived.clear()
                # A caller that went away is not worth a pass.
                taken = [(report, future) for report, future in taken if not future.done()]
                if not taken:
                    continue
                results = await self._run([report for report, _ in taken])
            for (_, future), result in zip(taken, results, strict=True):
                if future.done():
                    continue
                if isinstance(result, AssessFailed):
                    future.set_exception(result)
                else:
                    future.set_result(result)

    async def _run(self, reports: Sequence[Report]) -> list[Assessment | AssessFailed]:
        return await asyncio.get_running_loop().run_in_executor(self._pool, self._timed, reports)

    def _timed(self, reports: Sequence[Report]) -> list[Assessment | AssessFailed]:
        began = time.perf_counter()
        found = self._read(self.reader, reports)
        failed = sum(isinstance(result, AssessFailed) for result in found)
        self._metrics.model_pass(len(reports), failed, time.perf_counter() - began)
        return found

    def _read(self, reader: Reader, reports: Sequence[Report]) -> list[Assessment | AssessFailed]:
        try:
            return list(reader.assess_many(reports))
        except Exception as fault:
            log.error("assess_failed", extra={"fields": {"kind": type(fault).__name__, "reports": len(reports)}})
            if len(reports) == 1:
                return [AssessFailed()]
            # One report that the model cannot read must not take its neighbours with it.
            return [result for report in reports for result in self._read(reader, [report])]


def busy() -> Problem:
    return Problem(
        503, "the service is reading as many reports as it can; send this again after a second.", {"Retry-After": "1"}
    )
