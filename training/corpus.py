"""The corpus: load, validate, digest and split the written reports in ``datasets/``.

A record is one report with its gold labels (``datasets/labelling-guide.md``, section 5). On disk spans carry
character offsets and the quote, so that a diff can be read; ``text[start:end] == quote`` is checked at every load.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from nlp.taxonomy import (
    AGAINST,
    BEHAVIOUR_NAMES,
    BY_CODE,
    FOUR,
    EntityType,
    Label,
    Occasions,
    Offence,
    RecordedOffence,
    Relationship,
    Role,
    Status,
    Style,
)

DATASETS = Path(__file__).resolve().parent.parent / "datasets"
# The desk of what reviewers decided (training/decisions.py): never written, always of train.
DECISIONS_DESK = "decisions"
SplitName = Literal["train", "dev", "test"]


class CorpusError(ValueError):
    """A corpus that cannot be used; ``problems`` holds one message a fault, each with file and line."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        super().__init__(
            "\n".join(problems[:20]) + (f"\n… and {len(problems) - 20} more" if len(problems) > 20 else "")
        )


class GoldSpan(BaseModel):
    """A marked behaviour or context span."""

    model_config = ConfigDict(extra="forbid")
    start: int
    end: int
    quote: str
    code: str
    status: Status


class GoldEntity(BaseModel):
    """A marked mention of the entity layer."""

    model_config = ConfigDict(extra="forbid")
    start: int
    end: int
    quote: str
    type: EntityType
    role: Role = Role.NONE


class Record(BaseModel):
    """One report with its gold labels. ``entities`` is None where the entity layer has not been annotated."""

    model_config = ConfigDict(extra="forbid")

    id: str
    text: str
    style: Style
    recorded_offence: RecordedOffence
    label: Label
    missing: str | None = None
    offence: Offence
    relationship: Relationship
    four: dict[str, bool]
    occasions: Occasions | None = None
    against: list[str] | None = None
    spans: list[GoldSpan]
    entities: list[GoldEntity] | None = None
    pair: str | None = None
    scenario: str
    why: str

    @property
    def desk(self) -> str:
        """The writer: the part of the id before the last dash."""
        return self.id.rpartition("-")[0]

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> Record:
        faults = list(record_faults(self))
        if faults:
            raise ValueError("; ".join(faults))
        return self


def record_faults(record: Record) -> Iterator[str]:
    """Yield what breaks the labelling guide in one record."""
    if set(record.four) != set(FOUR):
        yield f"four must have exactly the keys {', '.join(FOUR)}"
    if (record.label is Label.STALKING) != (record.offence is not Offence.NONE):
        yield "label and offence disagree"
    if record.label is Label.UNCLEAR and not record.missing:
        yield "unclear without the missing fact"
    for code in record.against or []:
        if code not in AGAINST:
            yield f"against: unknown code {code!r}"
    for span in record.spans:
        if span.code not in BY_CODE:
            yield f"span: unknown code {span.code!r}"
    mentions: list[GoldSpan | GoldEntity] = [*record.spans, *(record.entities or [])]
    for mention in mentions:
        if record.text[mention.start : mention.end] != mention.quote or not mention.quote:
            yield f"span {mention.start}:{mention.end} does not match its quote"
    asserted = (s for s in record.spans if s.code in BEHAVIOUR_NAMES and s.status is Status.ASSERTED)
    if record.label is Label.STALKING and next(asserted, None) is None:
        yield "stalking without an asserted behaviour"


def from_authoring(raw: dict[str, Any]) -> dict[str, Any]:
    """Turn an authoring record (quotes only) into a corpus record (offsets); raises ValueError on a quote not found once."""
    text = raw["text"]
    record = dict(raw)
    for layer in ("spans", "entities"):
        if raw.get(layer) is None:
            continue
        placed = []
        for mention in raw[layer]:
            if text.count(mention["quote"]) != 1:
                raise ValueError(
                    f"{raw['id']}: quote occurs {text.count(mention['quote'])} times: {mention['quote']!r}"
                )
            start = text.index(mention["quote"])
            placed.append({"start": start, "end": start + len(mention["quote"]), **mention})
        record[layer] = sorted(placed, key=lambda m: (m["start"], m["end"]))
    return record


def read_records(path: Path) -> list[Record]:
    """Read one desk; raises CorpusError naming each faulty line."""
    records, problems = [], []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        try:
            records.append(Record.model_validate_json(line))
        except ValidationError as error:
            for detail in error.errors(include_url=False, include_input=False):
                where = ".".join(str(part) for part in detail["loc"])
                problems.append(f"{path.name}:{number}: {where + ': ' if where else ''}{detail['msg']}")
    if problems:
        raise CorpusError(problems)
    return records


def write_records(path: Path, records: Iterable[Record]) -> None:
    """Write one desk, one record a line, fields in the contract's order."""
    lines = (json.dumps(r.model_dump(mode="json"), ensure_ascii=False) for r in records)
    path.write_text("".join(line + "\n" for line in lines), encoding="utf-8")


@dataclass(frozen=True)
class Corpus:
    """All records with their split. ``digest`` is the SHA-256 over every file that went in."""

    records: tuple[Record, ...]
    splits: dict[str, SplitName]
    digest: str

    def split(self, name: SplitName) -> list[Record]:
        """The records of one split, in file order."""
        return [r for r in self.records if self.splits[r.desk] == name]

    def without(self, desks: Iterable[str]) -> Corpus:
        """Return the corpus less some desks. Raises ValueError for one that is not there, or that is of dev or test."""
        left_out = sorted(set(desks))
        if not left_out:
            return self
        for desk in left_out:
            if self.splits.get(desk) != "train":
                raise ValueError(f"{desk!r} is no desk of the train split, so it cannot be left out")
        digest = hashlib.sha256(json.dumps([self.digest, left_out]).encode()).hexdigest()
        return Corpus(tuple(r for r in self.records if r.desk not in left_out), self.splits, digest)

    def chosen(self, learn: Iterable[str], leave_out: Iterable[str]) -> Corpus:
        """Return the corpus with only the desks ``learn`` in train (all where there are none), less ``leave_out``. Raises ValueError as ``without``."""
        wanted = set(learn)
        if unknown := sorted(d for d in wanted if self.splits.get(d) != "train"):
            raise ValueError(f"{unknown[0]!r} is no desk of the train split, so it cannot be learned from")
        # What reviewers decided is learned from whatever desks a config names.
        kept = wanted | {DECISIONS_DESK}
        others = {d for d, split in self.splits.items() if wanted and split == "train" and d not in kept}
        return self.without(others | set(leave_out))

    def twins(self, records: Iterable[Record]) -> list[tuple[Record, Record]]:
        """Contrast pairs inside ``records`` that flip the label, as (stalking, not stalking)."""
        by_id = {r.id: r for r in records}
        pairs = []
        for record in by_id.values():
            other = by_id.get(record.pair or "")
            if other and {record.label, other.label} == {Label.STALKING, Label.NOT_STALKING}:
                pairs.append((record, other) if record.label is Label.STALKING else (other, record))
        return pairs


def load_corpus(folder: Path = DATASETS) -> Corpus:
    """Load every desk of ``folder/reports`` with the frozen splits; raises CorpusError with all problems found."""
    paths = sorted((folder / "reports").glob("*.jsonl"))
    splits_path = folder / "splits.json"
    splits: dict[str, SplitName] = json.loads(splits_path.read_text(encoding="utf-8"))["desks"]
    digest = hashlib.sha256(splits_path.read_bytes())
    records: list[Record] = []
    problems: list[str] = []
    for path in paths:
        digest.update(path.read_bytes())
        try:
            records += read_records(path)
        except CorpusError as error:
            problems += error.problems
    ids = Counter(r.id for r in records)
    problems += [f"{i}: the id occurs {n} times" for i, n in ids.items() if n > 1]
    desk_of = {r.id: r.desk for r in records}
    for record in records:
        if record.desk not in splits:
            problems.append(f"{record.id}: desk {record.desk!r} is in no split (splits.json)")
        if record.pair and desk_of.get(record.pair) is None:
            problems.append(f"{record.id}: its pair {record.pair!r} is not in the corpus")
        elif record.pair and splits.get(desk_of[record.pair]) != splits.get(record.desk):
            problems.append(f"{record.id}: its pair {record.pair!r} is in another split")
    if not records:
        problems.append(f"no reports found in {folder / 'reports'}")
    if problems:
        raise CorpusError(problems)
    return Corpus(tuple(records), splits, digest.hexdigest())
