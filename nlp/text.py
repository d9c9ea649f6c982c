"""What counts as a readable text: the limits every door into Foursight checks, in one place."""

from __future__ import annotations

import re

MAX_CHARACTERS = 50_000
_SURROGATE = re.compile("[\ud800-\udfff]")


class TextError(ValueError):
    """A text that cannot be read; the message says why and what to do, and never repeats the text."""


class TextTooLong(TextError):
    """Over the length limit (HTTP 413; other faults are 422)."""


def check_text(text: str) -> str:
    """Return ``text`` unchanged if it can be read, else raise TextError.

    Refused: blank, over MAX_CHARACTERS, a NUL character (PostgreSQL cannot store it), and lone surrogates
    (they are not text in any encoding). Every other character, control characters and markup included, is kept as
    sent so that offsets stay exact; pages escape what they show.
    """
    if len(text) > MAX_CHARACTERS:
        raise TextTooLong(
            f"text has {len(text):,} characters; the limit is {MAX_CHARACTERS:,}. Send the narrative only, or split it."
        )
    if not text.strip():
        raise TextError("text is empty or blank; send the narrative of the report.")
    if "\0" in text:
        raise TextError(f"text holds a NUL character at offset {text.index(chr(0))}; remove it.")
    if half := _SURROGATE.search(text):
        raise TextError(f"text holds half of a surrogate pair at offset {half.start()}; send valid UTF-8.")
    return text


def check_name(value: str, field: str) -> str:
    """Return a reference or another short name unchanged, if every database can store it. Raises TextError."""
    if "\0" in value or _SURROGATE.search(value):
        raise TextError(f"{field} holds a NUL character or half of a surrogate pair; remove it.")
    return value
