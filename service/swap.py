"""Changing the model while the service runs: the new one is checked, loaded and tried beside the old, then takes its place.

``FOURSIGHT_BUNDLE`` names a bundle folder, a link to one, or a file whose only line is the path of one (relative to that
file). Whatever changes there is seen within seconds, or at once on SIGHUP or ``POST /v1/model/reload``. A pass under way
ends with the model it began with; the next one uses the new. A bundle that is not whole is refused and the old one stays.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from enum import StrEnum
from pathlib import Path

from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel

from models.bundle import DEFAULT_BUNDLE, BundleError, open_bundle, pointed_at
from models.contracts import ModelInfo, Report
from service.assessing import Reader
from service.metrics import Metrics
from service.settings import Settings

log = logging.getLogger("foursight.model")

_TRIAL = Report(reference="trial", text="He waited outside my house again last night. I have told him to stop.")

Fingerprint = tuple[object, ...]


class Outcome(StrEnum):
    UNCHANGED = "unchanged"
    SWAPPED = "swapped"
    REFUSED = "refused"


class Look(BaseModel):
    """What a look at the bundle found. ``model`` is the one that serves afterwards."""

    outcome: Outcome
    why: str = ""
    model: ModelInfo | None = None


def bundle_folder(settings: Settings) -> Path:
    """The folder that the setting names now, whether directly, by a link, or by a file that holds its path."""
    return pointed_at(settings.bundle or DEFAULT_BUNDLE)


def load_reader(settings: Settings) -> Reader:
    """The model of the bundle. Raises models.bundle.BundleError with a message that names the file and the mend."""
    return _load(bundle_folder(settings), settings)


def _load(folder: Path, settings: Settings) -> Reader:
    from models.assessor import Assessor  # here: loading it takes seconds, and most commands need no model

    return Assessor.load(folder, threads=settings.threads)


class ModelWatch:
    """Keeps the serving model the one that the setting names. ``serving`` tells it, ``install`` puts a new one in its place."""

    def __init__(
        self,
        settings: Settings,
        metrics: Metrics,
        serving: Callable[[], ModelInfo | None],
        install: Callable[[Reader], None],
    ) -> None:
        self._settings, self._metrics = settings, metrics
        self._serving, self._install = serving, install
        self._lock = asyncio.Lock()
        self._asked = asyncio.Event()
        self._seen: Fingerprint | None = None
        self._last: Fingerprint | None = None

    def ask(self) -> None:
        """Look at once. For a signal handler on the event loop."""
        self._asked.set()

    async def run(self) -> None:
        """Look every few seconds and whenever asked, until cancelled."""
        wait = self._settings.bundle_watch_seconds or None
        while True:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._asked.wait(), wait)
            asked = self._asked.is_set()
            self._asked.clear()
            try:
                await self.look(asked)
            except Exception as fault:  # whatever it is, the model that serves goes on, and so does the watch
                log.error("model_watch_failed", extra={"fields": {"kind": type(fault).__name__}})

    async def look(self, asked: bool = False) -> Look:
        """Swap the model if the bundle is another one than serves. Unasked, a bundle that is still being written is left for the next look."""
        async with self._lock:
            try:
                folder = await run_in_threadpool(bundle_folder, self._settings)
            except BundleError as fault:
                return self._refused((str(fault),), str(fault))
            mark = await run_in_threadpool(_fingerprint, folder)
            settled, self._last = mark == self._last, mark
            if not asked and (mark == self._seen or not settled):
                return Look(outcome=Outcome.UNCHANGED, model=self._serving())
            try:
                manifest = await run_in_threadpool(open_bundle, folder)
                serving = self._serving()
                if serving is not None and manifest.digest == serving.digest:
                    self._seen = mark
                    return Look(outcome=Outcome.UNCHANGED, model=serving)
                reader = await run_in_threadpool(_load, folder, self._settings)
                await run_in_threadpool(reader.assess_many, [_TRIAL])
            except BundleError as fault:
                return self._refused(mark, str(fault))
            except Exception as fault:  # a graph that does not run, memory that is not there
                return self._refused(mark, f"{folder} does not run ({type(fault).__name__}).")
            self._seen = mark
            self._install(reader)
            self._metrics.swap(Outcome.SWAPPED)
            log.info("model_swapped", extra={"fields": {"model": reader.info.version, "digest": reader.info.digest}})
            return Look(outcome=Outcome.SWAPPED, model=reader.info)

    def _refused(self, mark: Fingerprint, why: str) -> Look:
        if mark != self._seen:  # say it once, not every few seconds
            self._metrics.swap(Outcome.REFUSED)
            log.error("model_refused", extra={"fields": {"why": why}})
        self._seen = mark
        return Look(outcome=Outcome.REFUSED, why=why, model=self._serving())


def _fingerprint(folder: Path) -> Fingerprint:
    """Changes whenever a file of the folder does: cheap enough for every few seconds, unlike the digests."""
    try:
        found = [(path.name, path.stat()) for path in folder.iterdir()]
    except OSError as fault:
        return (str(folder), fault.errno)
    return (str(folder), *sorted((name, stat.st_size, stat.st_mtime_ns, stat.st_ino) for name, stat in found))
