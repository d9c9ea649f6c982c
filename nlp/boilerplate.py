"""Stock sentences of forms and systems: which parts of a text only say how the report was handled."""

from __future__ import annotations

import json
import re
from functools import lru_cache
from pathlib import Path

_DATA = Path(__file__).resolve().parent / "data" / "boilerplate.json"
_SENTENCE = re.compile(r"[^.!?;\n|]+")
_LETTER = re.compile(r"[^\W\d_]")


@lru_cache(maxsize=1)
def _stock() -> re.Pattern[str]:
    openings: list[str] = json.loads(_DATA.read_text(encoding="utf-8"))["openings"]
    return re.compile(r"[\W\d_]*(?:" + "|".join(openings) + ")", re.IGNORECASE)


def only_boilerplate(text: str) -> bool:
    """Whether every sentence of the text is a stock one. A text without a word is not."""
    sentences = [m[0] for m in _SENTENCE.finditer(text) if _LETTER.search(m[0])]
    return bool(sentences) and all(_stock().match(s) for s in sentences)
