"""How much de-identification finds, measured on the corpus's entity layer (which marks every mention, naming or not).

A word of a marked person or place counts as identifying when it has a capital, is no word of ``words.toml`` and is nowhere in the corpus written
small. That rule is blind to names written small and to those that are also words (Rose, Reading): both are outside the figures. Of handles, phones, vehicles
and references the whole mention counts. There is no report with real data here: measure on your own before relying on it.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nlp.taxonomy import EntityType
from service.deidentify.engine import NO_NAMES, Deidentifier, Found

Mentions = Callable[[str], Iterable[tuple[int, int, EntityType]]]
_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
_WHOLE = ("handle", "phone", "email", "vehicle", "reference")


@dataclass
class Recall:
    """Counts by entity type: identifying stretches, those replaced; and words replaced that no mention covers."""

    reports: int = 0
    identifying: Counter[str] = field(default_factory=Counter)
    found: Counter[str] = field(default_factory=Counter)
    missed: dict[str, list[str]] = field(default_factory=dict)
    replaced_elsewhere: int = 0
    words: int = 0


def load(folder: Path, split: str) -> tuple[list[dict[str, Any]], frozenset[str]]:
    """Return the reports of a split that have the entity layer, and every word that the whole corpus writes small."""
    splits = json.loads((folder / "splits.json").read_text(encoding="utf-8"))["desks"]
    chosen, small = [], set()
    for path in sorted((folder / "reports").glob("*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            record = json.loads(line)
            small |= {w for w in _WORD.findall(record["text"]) if w.islower()}
            if record.get("entities") is not None and splits[record["id"].rpartition("-")[0]] == split:
                chosen.append(record)
    return chosen, frozenset(small)


def measure(records: Sequence[dict[str, Any]], small: frozenset[str], tool: Deidentifier, mentions: Mentions) -> Recall:
    """Find in every report, and compare with what its entity layer marks."""
    recall = Recall(reports=len(records))
    for record in records:
        text, marked = record["text"], record["entities"]
        found = tool.find(text, mentions(text))
        recall.words += len(text.split())
        for f in found:
            recall.replaced_elsewhere += not any(m["start"] < f.end and f.start < m["end"] for m in marked)
        for mention in marked:
            for start, end in identifying(text, mention, small):
                recall.identifying[mention["type"]] += 1
                if _covered(found, start, end):
                    recall.found[mention["type"]] += 1
                else:
                    recall.missed.setdefault(mention["type"], []).append(f"{record['id']}: {text[start:end]}")
    return recall


def identifying(text: str, mention: dict[str, Any], small: frozenset[str]) -> list[tuple[int, int]]:
    """Return the stretches of a mention that identify."""
    start, end = mention["start"], mention["end"]
    if mention["type"] in _WHOLE:
        return [(start, end)]
    if mention["type"] not in ("person", "place"):
        return []
    stretches = []
    for word in _WORD.finditer(text, start, end):
        stem = re.sub(r"['’]s$", "", word[0], flags=re.IGNORECASE).lower()
        if word[0][0].isupper() and len(stem) > 1 and stem not in NO_NAMES and stem not in small:
            stretches.append((word.start(), word.start() + len(stem)))
    return stretches


def _covered(found: Sequence[Found], start: int, end: int) -> bool:
    """Whether every character but blanks is replaced; stretches found side by side count together."""
    return all(any(f.start <= i < f.end for f in found) for i in (start, end - 1))
