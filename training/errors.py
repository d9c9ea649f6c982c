"""The reports that a bundle gets wrong, to be read: error analysis begins with the text, not with a table.

On dev, where the decision model is fitted, each report is judged by a decision fitted without its desk, so that the errors are those a new writer would see.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.table import Table

from models.assessor import Assessor
from models.reading import Reading, sigmoid
from nlp.pipeline import mark
from nlp.taxonomy import FOUR, Label, Suggestion
from training.corpus import Corpus, Record, SplitName
from training.decide import fit_decision


@dataclass(frozen=True)
class Wrong:
    """One wrong answer. ``kind``: ``missed`` (stalking, no change), ``asked`` (clear, answered with a question), ``false review``, ``not asked`` (unclear)."""

    id: str
    kind: str
    probability: float
    suggestion: str
    label: str
    relationship: str
    style: str
    occasions: str | None
    occasions_read: list[float]
    four: dict[str, bool]
    four_read: list[float]
    against: list[str] | None
    pair: str | None
    marked: list[str]
    text: str
    why: str


def wrong_answers(assessor: Assessor, corpus: Corpus, split: SplitName) -> list[Wrong]:
    """Return every wrong answer of ``split``, worst first within its kind."""
    records = corpus.split(split)
    readings = assessor.reader.read_many(mark(r.text for r in records))
    decision = assessor.decision
    if split == "dev":
        decision, chosen = fit_decision(records, readings)
        probabilities = [float(p) for p in chosen.out_of_desk]
    else:
        probabilities = [decision.probability(r) for r in readings]
    found = [
        _describe(record, reading, p, suggestion, kind)
        for record, reading, p in zip(records, readings, probabilities, strict=True)
        if (kind := _kind(record, suggestion := decision.suggestion(p, reading)))
    ]
    return sorted(found, key=lambda w: (w.kind, -abs(w.probability - (w.label == Label.STALKING.value))))


def _kind(record: Record, suggestion: Suggestion) -> str | None:
    if record.label is Label.UNCLEAR:
        return None if suggestion is Suggestion.ASK else "not asked"
    if suggestion is Suggestion.ASK:
        return "asked"
    stalking = record.label is Label.STALKING
    if stalking == (suggestion is Suggestion.REVIEW):
        return None
    return "missed" if stalking else "false review"


def _describe(record: Record, reading: Reading, probability: float, suggestion: Suggestion, kind: str) -> Wrong:
    def shares(name: str) -> list[float]:
        return [round(float(p), 2) for p in sigmoid(reading.document[name])]

    return Wrong(
        id=record.id,
        kind=kind,
        probability=round(probability, 3),
        suggestion=suggestion.value,
        label=record.label.value,
        relationship=record.relationship.value,
        style=record.style.value,
        occasions=record.occasions.value if record.occasions else None,
        occasions_read=shares("occasions"),
        four={name: record.four[name] for name in FOUR},
        four_read=shares("four"),
        against=record.against,
        pair=record.pair,
        marked=[f"{s.code} ({s.status.value}): {record.text[s.start : s.end]}" for s in reading.spans],
        text=record.text,
        why=record.why,
    )


def write_wrong(found: list[Wrong], path: Path) -> None:
    """Write one JSON object a line."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{line}\n" for line in _lines(found)), encoding="utf-8")


def _lines(found: list[Wrong]) -> Iterator[str]:
    for wrong in found:
        yield json.dumps(asdict(wrong), ensure_ascii=False)


def count_causes(path: Path) -> Table:
    """Return how often each cause was found, by kind of error, the commonest first."""
    found = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    kinds = ("false review", "asked", "missed", "not asked")
    counts = Counter((one["cause"], one["kind"]) for one in found)
    table = Table(title=f"{len(found)} wrong answers, each read by one person")
    for column in ("cause", *kinds, "all", "second cause"):
        table.add_column(column, justify="left" if column == "cause" else "right")
    second = Counter(one["second_cause"] for one in found)
    for cause, total in Counter(one["cause"] for one in found).most_common():
        table.add_row(cause.replace("_", " "), *(str(counts[cause, k]) for k in kinds), str(total), str(second[cause]))
    return table
