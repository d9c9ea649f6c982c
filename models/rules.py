"""Rules of law and recording, and the questions that would settle a report: wording as data, conditions as small functions.

The wording and citations are in ``models/data/rules.json`` and ``questions.json``. A condition only reads what the reading found; each rule says
why it applies or which fact is missing.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from models.contracts import Rule
from models.reading import Reading, relationship_probabilities, sigmoid
from nlp.taxonomy import BEHAVIOURS, BY_CODE, FOUR, Status

DATA = Path(__file__).resolve().parent / "data"


@dataclass(frozen=True)
class Facts:
    """What the rules look at."""

    occasions: int
    codes: frozenset[str]
    relationship: str
    four: dict[str, bool]
    serious: bool


def facts(reading: Reading, serious: bool) -> Facts:
    """Read the facts once. ``serious``: the reader finds the fear or distress of s.4A."""
    relationships = relationship_probabilities(reading)
    return Facts(
        occasions=int((sigmoid(reading.document["occasions"]) >= 0.5).sum()),
        codes=frozenset(s.code for s in reading.spans if s.status is Status.ASSERTED),
        relationship=max(relationships, key=lambda name: relationships[name]),
        four={n: bool(p >= 0.5) for n, p in zip(FOUR, sigmoid(reading.document["four"]), strict=True)},
        serious=serious,
    )


ACTS = tuple(c.code for c in BEHAVIOURS if c.paragraph)
CONDITIONS: dict[str, Callable[[Facts], bool]] = {
    "course_of_conduct": lambda f: f.occasions >= 2,
    "acts": lambda f: any(code in f.codes for code in ACTS),
    "fear_or_distress": lambda f: f.serious and "impact" in f.codes and f.occasions >= 2,
    "former_partner": lambda f: f.relationship == "former_partner" and f.occasions >= 2,
    "breach": lambda f: "breach" in f.codes,
}


@lru_cache(maxsize=1)
def _wording() -> list[dict[str, str]]:
    rules: list[dict[str, str]] = json.loads((DATA / "rules.json").read_text(encoding="utf-8"))
    return rules


@lru_cache(maxsize=1)
def _questions() -> dict[str, str]:
    questions: dict[str, str] = json.loads((DATA / "questions.json").read_text(encoding="utf-8"))
    return questions


def rules(found: Facts) -> list[Rule]:
    """Return every rule, whether it applies, and why or what is missing."""
    named = sorted(f"{BY_CODE[c].title.lower()} {BY_CODE[c].paragraph}" for c in found.codes if c in ACTS)
    fill = {"occasions": str(found.occasions), "acts": ", ".join(named) or "none"}
    result = []
    for rule in _wording():
        applies = CONDITIONS[rule["id"]](found)
        why = rule["applies" if applies else "missing"].format(**fill)
        result.append(Rule(name=rule["name"], citation=rule["citation"], applies=applies, why=why))
    return result


def questions(reading: Reading, found: Facts, most: int = 2) -> list[str]:
    """Return the facts that would settle the report, the most uncertain first."""
    occasions = sigmoid(reading.document["occasions"])
    unwanted = float(sigmoid(reading.document["four"])[FOUR.index("unwanted")])
    fixated = float(sigmoid(reading.document["four"])[FOUR.index("fixated")])
    doubts = {
        "occasions": _doubt(float(occasions[1])),
        "unwanted": _doubt(unwanted),
        "dispute": _doubt(fixated),
        "who": 0.9 if found.relationship == "unknown" else 0.0,
        "acts": 0.8 if not any(code in found.codes for code in ACTS) else 0.0,
        "earlier": 0.5 if found.occasions == 1 and "history" not in found.codes else 0.0,
    }
    ranked = sorted((d, name) for name, d in doubts.items() if d > 0.25)
    return [_questions()[name] for _, name in reversed(ranked)][:most] or [_questions()["earlier"]]


def _doubt(p: float) -> float:
    """1 where a probability is a half, 0 where it is certain."""
    return 1.0 - abs(2.0 * p - 1.0)
