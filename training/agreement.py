"""How far a second annotator, who saw only the texts and the guide, agrees with the gold labels: kappa, span F1, occasions, by desk."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError
from sklearn.metrics import cohen_kappa_score

from nlp.taxonomy import Label, Occasions, Offence, Relationship, Status
from training.corpus import DATASETS, CorpusError, GoldSpan, Record


class SecondLabel(BaseModel):
    """One report as the second annotator labelled it."""

    model_config = ConfigDict(extra="forbid")
    id: str
    label: Label
    missing: str | None = None
    offence: Offence
    relationship: Relationship
    four: dict[str, bool]
    occasions: Occasions
    against: list[str]
    spans: list[GoldSpan]


@dataclass(frozen=True)
class Agreement:
    """Agreement on some reports: ``kappa`` on the three labels, ``kappa_clear`` where both are clear, ``span_f1`` by overlap and code."""

    reports: int
    kappa: float
    same_label: float
    kappa_clear: float
    span_f1: float
    status: float
    occasions: float
    relationship: float


def load_second_labels(folder: Path = DATASETS / "second_labels") -> dict[str, SecondLabel]:
    """Read every second label, by report; raises CorpusError naming file and line."""
    found: dict[str, SecondLabel] = {}
    problems: list[str] = []
    for path in sorted(folder.glob("*.jsonl")):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            try:
                label = SecondLabel.model_validate_json(line)
            except ValidationError as error:
                problems.append(
                    f"{path.name}:{number}: {error.errors(include_url=False, include_input=False)[0]['msg']}"
                )
                continue
            found[label.id] = label
    if problems:
        raise CorpusError(problems)
    return found


def written_labels(path: Path = DATASETS / "adjudications.jsonl") -> dict[str, dict[str, str]]:
    """Return what the writer had put, for the reports whose label a third annotator then decided.

    Agreement is measured with these: against the adjudicated labels it would flatter.
    """
    rows = (json.loads(line) for line in path.read_text(encoding="utf-8").splitlines())
    return {row["id"]: row for row in rows}


def compare(
    records: Sequence[Record], second: dict[str, SecondLabel], written: dict[str, dict[str, str]]
) -> Agreement | None:
    """Return the agreement on those of ``records`` that have a second label; None where there are none."""
    pairs = [(r, second[r.id]) for r in records if r.id in second]
    if not pairs:
        return None
    gold = [written[r.id]["written"] if r.id in written else r.label.value for r, _ in pairs]
    other = [s.label.value for _, s in pairs]
    clear = [(g, o) for g, o in zip(gold, other, strict=True) if Label.UNCLEAR.value not in (g, o)]
    right = total = same = matched = 0
    for record, label in pairs:
        for a, b in ((record.spans, label.spans), (label.spans, record.spans)):
            for span in (s for s in a if s.status is Status.ASSERTED):
                total += 1
                right += any(o.code == span.code and o.start < span.end and span.start < o.end for o in b)
        for span in record.spans:
            for o in label.spans:
                if o.code == span.code and o.start < span.end and span.start < o.end:
                    matched += 1
                    same += o.status is span.status
                    break
    exact = [
        (written[r.id]["written_occasions"] if r.id in written else r.occasions) == s.occasions
        for r, s in pairs
        if r.occasions is not None
    ]
    return Agreement(
        len(pairs),
        _kappa(gold, other),
        sum(g == o for g, o in zip(gold, other, strict=True)) / len(pairs),
        _kappa([g for g, _ in clear], [o for _, o in clear]),
        right / max(total, 1),
        same / max(matched, 1),
        sum(exact) / max(len(exact), 1),
        sum(r.relationship is s.relationship for r, s in pairs) / len(pairs),
    )


def _kappa(a: list[str], b: list[str]) -> float:
    return 1.0 if a == b else float(cohen_kappa_score(a, b))
