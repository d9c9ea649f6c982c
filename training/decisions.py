"""Exported decisions as records to train on, mixed with the corpus under a weight.

The export (``foursight decisions export``) is de-identified. A reviewer decides the label, the offence and, by correcting it, the evidence; FOUR and relationship are
those that the reviewer saw and let stand, so they come from the model and teach little that is new. Occasions and reasons against stay unlabelled, but where the
reason for keeping a record is one of the taxonomy's points against.
"""

from __future__ import annotations

import hashlib
import json
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from nlp.taxonomy import AGAINST, BEHAVIOUR_NAMES, FOUR, Label, Offence, RecordedOffence, Relationship, Status, Style
from training.corpus import DECISIONS_DESK, Corpus, CorpusError, Record

LABELS = {"record_as_stalking": Label.STALKING, "keep": Label.NOT_STALKING, "ask_officer": Label.UNCLEAR}


class _Line(BaseModel):
    model_config = ConfigDict(extra="ignore")


class ExportedSpan(_Line):
    """A span after the reviewer's corrections."""

    code: str
    status: Status
    start: int
    end: int
    quote: str


class ExportedModel(_Line):
    """The model whose assessment the reviewer saw."""

    name: str
    version: str
    digest: str


class ExportedAssessment(_Line):
    """What the reviewer saw."""

    suggestion: str
    probability: float
    relationship: Relationship
    four: dict[str, bool]
    occasions: int
    model: ExportedModel


class ExportedDecision(_Line):
    """One line of an export. Fields that are not known here are left aside."""

    reference: str = Field(min_length=1)
    revision: int
    text: str = Field(min_length=1)
    recorded_offence: RecordedOffence | None
    reported_at: datetime | None
    outcome: str
    offence: Offence | None
    reason: str
    question: str = ""
    reviewer: str
    decided_at: AwareDatetime
    blind: bool = False
    evidence: list[ExportedSpan]
    corrections: int = 0
    assessment: ExportedAssessment | None


@dataclass(frozen=True)
class Decisions:
    """What an export, or several one after another, gives to train on. ``left_out`` counts why lines give no record."""

    records: tuple[Record, ...]
    left_out: Counter[str]
    digest: str


def read_decisions(path: Path) -> Decisions:
    """Read an export; raises OSError, and CorpusError that names each faulty line (never its text)."""
    raw = path.read_bytes()
    latest: dict[str, tuple[ExportedDecision, Record | str]] = {}
    problems: list[str] = []
    left_out: Counter[str] = Counter()
    for number, content in enumerate(raw.splitlines(), 1):
        if not content.strip():
            continue
        try:
            line = ExportedDecision.model_validate_json(content)
            before = latest.get(line.reference)
            if before is not None:
                left_out["decided again later"] += 1
            if before is None or line.decided_at >= before[0].decided_at:
                latest[line.reference] = line, reason_to_leave_out(line) or to_record(line)
        except ValidationError as error:
            detail = error.errors(include_url=False, include_input=False)[0]
            problems.append(f"{path.name}:{number}: {'.'.join(map(str, detail['loc']))}: {detail['msg']}")
    if problems:
        raise CorpusError(problems)
    left_out.update(found for _, found in latest.values() if isinstance(found, str))
    records = [found for _, found in latest.values() if isinstance(found, Record)]
    return Decisions(tuple(records), left_out, hashlib.sha256(raw).hexdigest())


def reason_to_leave_out(line: ExportedDecision) -> str | None:
    """Say why a decision is no example, or None."""
    if line.outcome not in LABELS:
        return "nobody is sure yet"
    if line.assessment is None:
        return "no assessment was seen"
    if line.outcome == "record_as_stalking" and not any(_asserted(s) for s in line.evidence):
        return "recorded as stalking without a marked act"
    return None


def _asserted(span: ExportedSpan) -> bool:
    return span.code in BEHAVIOUR_NAMES and span.status is Status.ASSERTED


def to_record(line: ExportedDecision) -> Record:
    """Return a decision as a record of the corpus; raises ValidationError where a span does not match its quote."""
    assert line.assessment is not None
    label = LABELS[line.outcome]
    fields: dict[str, Any] = {
        "id": f"{DECISIONS_DESK}-{line.reference}",
        "text": line.text,
        "style": Style.CRIME_REPORT,
        "recorded_offence": line.recorded_offence or RecordedOffence.OTHER,
        "label": label,
        "missing": (line.question or line.reason) if label is Label.UNCLEAR else None,
        "offence": line.offence or Offence.NONE,
        "relationship": line.assessment.relationship,
        # Every stalking report of the corpus but a few has all four: the guide asks for them.
        "four": {n: label is Label.STALKING or line.assessment.four.get(n, False) for n in FOUR},
        "against": [line.reason] if line.reason in AGAINST else None,
        "spans": [s.model_dump() for s in line.evidence],
        "scenario": "decision",
        "why": line.reason,
    }
    return Record.model_validate(fields)


def mix(corpus: Corpus, decisions: Decisions, weight: float, seed: int = 20261124) -> Corpus:
    """Return the corpus with the decisions in its train split, each ``weight`` times as heavy as a written report.

    Weighting is by how often a record comes in an epoch: 2.5 is twice, and once more for a seeded half of them. Dev and test stay as they are.
    """
    if not 0 < weight <= 20:
        raise ValueError("the weight of decisions must be over 0 and at most 20")
    chance = random.Random(seed)
    copies: list[Record] = []
    for record in decisions.records:
        times = int(weight) + (chance.random() < weight % 1)
        copies += [record.model_copy(update={"id": f"{record.id}~{n}"}) for n in range(times)]
    digest = hashlib.sha256(json.dumps([corpus.digest, decisions.digest, weight, seed]).encode()).hexdigest()
    return Corpus((*corpus.records, *copies), corpus.splits | {DECISIONS_DESK: "train"}, digest)


def describe(decisions: Decisions, mixed: Sequence[Record]) -> str:
    """Say in one line what an export adds."""
    labels = Counter(r.label.value for r in decisions.records)
    copies = sum(r.desk == DECISIONS_DESK for r in mixed)
    parts = [f"{n} {label}" for label, n in sorted(labels.items())]
    left = "; ".join(f"{n} left out: {why}" for why, n in decisions.left_out.items())
    return f"{len(decisions.records)} decisions ({', '.join(parts)}), {copies} times in an epoch" + (
        f"; {left}" if left else ""
    )
