"""How often one caller may ask. Counted in this process: two servers allow twice as much together.

The window slides (the last minute, weighed), so that nobody gets a double share around the turn of a minute.
"""

from __future__ import annotations

import math
import time

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import SlidingWindowCounterRateLimiter

from service.problems import Problem
from service.settings import Settings


class Limits:
    """Two limits: requests of a caller who is known, and tries (sign-ins, wrong keys) of an address that is not."""

    def __init__(self, settings: Settings) -> None:
        self._window = SlidingWindowCounterRateLimiter(MemoryStorage())
        self._requests = RateLimitItemPerMinute(settings.rate_limit) if settings.rate_limit else None
        self._tries = RateLimitItemPerMinute(settings.sign_in_limit) if settings.sign_in_limit else None

    def request_of(self, caller: str) -> None:
        """Count a request of ``caller`` (an actor's name). Raises Problem 429 when it is one too many."""
        self._count(self._requests, "caller", caller)

    def try_from(self, address: str) -> None:
        """Count a sign-in or a wrong key from a network address. Raises Problem 429 when it is one too many."""
        self._count(self._tries, "address", address)

    def _count(self, limit: RateLimitItemPerMinute | None, kind: str, who: str) -> None:
        if limit is None or self._window.hit(limit, kind, who):
            return
        reset = self._window.get_window_stats(limit, kind, who).reset_time
        seconds = min(60, max(1, math.ceil(reset - time.time())))
        raise Problem(
            429,
            f"too many requests: {limit.amount:,} a minute are allowed; send this again after {seconds} s.",
            {"Retry-After": str(seconds)},
        )
