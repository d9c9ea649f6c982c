"""What a time expression can mean: the days it spans, how many separate days it names at least, and what is wrong with it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

Days = tuple[date, date]


class DateFault(StrEnum):
    """What is wrong with a date as written."""

    IMPOSSIBLE = "impossible"
    FOREIGN = "foreign"
    CONTRADICTION = "contradiction"
    FUTURE = "future"


@dataclass(frozen=True)
class When:
    """The meaning of one expression.

    ``start`` and ``end``: first and last day, both included, None where open. ``days``: a lower bound of the separate days it names ("3rd night
    running" names three). ``keys``: names of those days that can be told apart even without a date ("mon", "03-19"). ``clock``: HH:MM.
    """

    start: date | None = None
    end: date | None = None
    days: int = 1
    keys: tuple[str, ...] = ()
    clock: str | None = None
    recurring: bool = False
    fault: DateFault | None = None

    @property
    def day(self) -> date | None:
        """The single day it names, if it names one that can have been."""
        return self.start if self.start == self.end and self.fault is not DateFault.FUTURE else None

    @property
    def dated(self) -> bool:
        """Whether it names days that can be told apart from others."""
        return bool(self.keys) or self.day is not None or self.days > 1

    @property
    def iso(self) -> str | None:
        """ISO 8601: a day, an interval, or a time of day."""
        if self.start is None or self.end is None:
            return self.clock
        return self.start.isoformat() if self.start == self.end else f"{self.start.isoformat()}/{self.end.isoformat()}"
