"""The time of day as reports write it: 19:44, 7.30pm, 1944 hrs, noon."""

from __future__ import annotations

import re

from nlp.calendar import YEAR

_CLOCK = re.compile(
    r"(?<![\d:./])(?:(\d{1,2})[:.](\d{2})(?:\s?([ap])\.?m\b\.?)?(?![\d:./])|(\d{4})\s?(?:hrs?|hours)\b|(\d{1,2})\s?([ap])\.?m\b\.?|(\d{4})(?![\d/]))",
    re.IGNORECASE,
)
_WORDS = {"noon": "12:00", "midday": "12:00", "midnight": "00:00"}


def as_clock(bare: str) -> str:
    """Write 1930 as 19:30; what is no time of day, such as 1984, as it is."""
    return f"{bare[:2]}:{bare[2:]}" if int(bare[2:]) < 60 and int(bare[:2]) < 24 else bare


def clock(quote: str) -> tuple[str | None, bool]:
    """Return the time of day as HH:MM or None, and whether what is written as one is impossible. A bare 1944 is a year here: ``dates`` knows what stands around it."""
    for match in _CLOCK.finditer(quote):
        hours, minutes, half, with_unit, hour_only, its_half, bare = match.groups()
        if bare and (YEAR.fullmatch(bare) or int(bare[:2]) > 23 or int(bare[2:]) > 59):
            continue
        if digits := with_unit or bare:
            hours, minutes = digits[:2], digits[2:]
        elif hour_only:
            hours, minutes, half = hour_only, "0", its_half
        hour, minute = int(hours), int(minutes)
        if half:
            if not 1 <= hour <= 12:
                return None, True
            hour = hour % 12 + (12 if half.lower() == "p" else 0)
        if hour > 24 or minute > 59 or (hour == 24 and minute):
            return None, "." not in match[0]
        return f"{hour % 24:02d}:{minute:02d}", False
    return _WORDS.get(quote.strip().lower().removeprefix("at ").strip()), False
