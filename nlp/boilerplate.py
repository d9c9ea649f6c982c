"""Stock sentences of forms and systems: which parts of a text only say how the report was handled."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

_DATA = Path(__file__).resolve().parent / "data" / "boilerplate.json"
# A question and its answer of a word are one: "Has he followed you? No" is of following.
_SENTENCE = re.compile(r"[^.!?;\n|]+(?:\?\s*(?:yes|no|none|n/?k|unknown)\b[^.!?;\n|]*)?", re.IGNORECASE)
MOST_AFTER_HEAD = 8  # words
_LETTER = re.compile(r"[^\W\d_]")


@lru_cache(maxsize=1)
def _stock() -> re.Pattern[str]:
    """Return what a stock sentence matches: an opening or a head with nothing telling of conduct after it, or nothing but a stock phrase."""
    data: dict[str, list[str]] = json.loads(_DATA.read_text(encoding="utf-8"))
    openings, heads, whole, telling = ("|".join(data[name]) for name in ("openings", "heads", "whole", "telling"))
    short = rf"(?:\W+\w+){{0,{MOST_AFTER_HEAD}}}\W*\Z"
    return re.compile(
        rf"[\W\d_]*(?:the |there (?:is|are|was|were) )?(?:(?:{openings}|(?:{heads})(?={short}))(?!.*\b(?:{telling})\b)|(?:{whole})[\W\d_]*\Z)",
        re.IGNORECASE | re.DOTALL,
    )


def stock_sentences(text: str) -> Iterator[tuple[int, int, bool]]:
    """Yield start, end and whether it is a stock one, of every sentence with a letter in it."""
    for found in _SENTENCE.finditer(text):
        if _LETTER.search(found[0]):
            yield found.start(), found.end(), _stock().match(found[0]) is not None


def only_boilerplate(text: str) -> bool:
    """Whether every sentence of the text is a stock one. A text without a word is not."""
    stock = (is_stock for _, _, is_stock in stock_sentences(text))
    return next(stock, False) and all(stock)
