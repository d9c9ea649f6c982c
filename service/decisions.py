"""What a reviewer decides: outcomes, reasons in plain English, corrections to the evidence, and the ways to be refused."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator, model_validator

from models.contracts import Evidence
from nlp.taxonomy import AGAINST, BY_CODE, Offence, Status
from nlp.text import MAX_CHARACTERS

_UNSTORABLE = re.compile("[\0\ud800-\udfff]")


class Outcome(StrEnum):
    """What a reviewer can decide about one report."""

    RECORD = "record_as_stalking"
    KEEP = "keep"
    ASK = "ask_officer"
    NOT_SURE = "not_sure"


# Kept in the same table as the outcomes: a person took their own last decision back.
WITHDRAWN = "withdrawn"


class ReviewStatus(StrEnum):
    """Where a report stands. A new wording brings it back to ``waiting``: nobody has decided on that one."""

    WAITING = "waiting"
    DECIDED = "decided"
    ASKED = "asked"
    SECOND_REVIEW = "second_review"


STATUS_AFTER: dict[str, ReviewStatus] = {
    Outcome.RECORD: ReviewStatus.DECIDED,
    Outcome.KEEP: ReviewStatus.DECIDED,
    Outcome.ASK: ReviewStatus.ASKED,
    Outcome.NOT_SURE: ReviewStatus.SECOND_REVIEW,
}

# Reason codes by outcome, each with its plain English. Those for keeping a record are the taxonomy's points against.
REASONS: dict[Outcome, dict[str, str]] = {
    Outcome.RECORD: {
        "course_of_conduct": "Unwanted acts on two or more occasions that are fixated on the person.",
        "listed_acts": "Acts of the kinds that section 2A(3) lists, on two or more occasions.",
        "fear_or_distress": "The course of conduct causes fear of violence, or serious alarm or distress (section 4A).",
        "breach": "Unwanted contact goes on in breach of an order, bail, a warning or a block.",
        "history": "With the earlier reports it is a course of conduct.",
        "former_partner": "A course of conduct by a former partner, and nothing that explains it otherwise (Crime Recording Rules).",
        "other": "Another reason, given in the note.",
    },
    Outcome.KEEP: {**AGAINST, "other": "Another reason, given in the note."},
    Outcome.ASK: {
        "occasions_missing": "How often it happened, and when, is not said.",
        "relationship_missing": "Who the suspect is to the person is not said.",
        "unwanted_missing": "Whether the person made plain that it is unwanted is not said.",
        "impact_missing": "Fear, distress or a life changed because of it is not said.",
        "history_missing": "Earlier incidents or orders are hinted at, not described.",
        "acts_unclear": "What was done, or by whom, is not clear.",
        "other": "Another reason, given in the note.",
    },
    Outcome.NOT_SURE: {
        "borderline": "The points for and against weigh about the same.",
        "law_unclear": "How the law applies to these facts is not clear.",
        "text_unclear": "The text can be read in two ways.",
        "other": "Another reason, given in the note.",
    },
}

Note = Annotated[str, StringConstraints(strip_whitespace=True, max_length=2000)]


class Action(StrEnum):
    """What a reviewer does to the marked evidence."""

    ADDED = "added"
    REMOVED = "removed"
    RELABELLED = "relabelled"


class Correction(BaseModel):
    """One change to the evidence. Offsets are code points into the text exactly as stored; ``text[start:end]`` is the span.

    ``added``: a span with this code and status. ``removed``: the span of this code at these offsets. ``relabelled``: the span at
    these offsets now has this code and status; ``was`` names its old code where several spans share the offsets.
    """

    model_config = ConfigDict(extra="forbid")

    action: Action
    code: str = Field(json_schema_extra={"enum": list(BY_CODE)})
    status: Status = Status.ASSERTED
    start: int = Field(ge=0)
    end: int = Field(ge=1)
    # Excluded: it goes neither into the database nor into an answer.
    quote: str | None = Field(
        default=None,
        max_length=MAX_CHARACTERS,
        exclude=True,
        description="Where given, it must be text[start:end]: it finds offsets that count something else than code points.",
    )
    was: str | None = Field(
        default=None, json_schema_extra={"anyOf": [{"type": "string", "enum": list(BY_CODE)}, {"type": "null"}]}
    )

    @field_validator("code", "was")
    @classmethod
    def _known_code(cls, value: str | None) -> str | None:
        if value is not None and value not in BY_CODE:
            raise ValueError(f"there is no such code; use one of {', '.join(BY_CODE)}")
        return value

    @model_validator(mode="after")
    def _not_empty(self) -> Correction:
        if self.start >= self.end:
            raise ValueError("end must be after start")
        return self


class DecisionIn(BaseModel):
    """A decision as a person sends it.

    ``expected_version`` is the report's ``version`` as the person saw it. ``idempotency_key`` is made once for each decision:
    sending the same decision again under it does nothing twice.
    """

    model_config = ConfigDict(extra="forbid")

    outcome: Outcome
    offence: Offence | None = Field(default=None, description="s2A or s4A with record_as_stalking, else null.")
    reason: str = Field(max_length=40, description="A reason code of the outcome; GET /v1/reasons lists them.")
    note: Note = Field(default="", description="Up to 2,000 characters. Needed where the reason is other.")
    question: Note = Field(default="", description="What the officer is asked; with ask_officer only.")
    corrections: list[Correction] = Field(default_factory=list, max_length=500)
    expected_version: int = Field(ge=0, le=2**31 - 1)
    idempotency_key: Annotated[str, StringConstraints(min_length=8, max_length=100, pattern=r"^[A-Za-z0-9_.:-]+$")]
    blind: bool = Field(default=False, description="Score and suggestion were hidden until the decision.")
    assessment_id: str | None = Field(
        default=None, max_length=32, description="The assessment that was shown; else the current one is noted."
    )
    sample_item_id: str | None = Field(
        default=None, max_length=32, description="Set for a reading within a sample: kept, and the queue is left alone."
    )

    @field_validator("note", "question")
    @classmethod
    def _can_be_stored(cls, value: str) -> str:
        if _UNSTORABLE.search(value):
            raise ValueError("it holds a NUL character or half of a surrogate pair; remove it")
        return value

    @model_validator(mode="after")
    def _hangs_together(self) -> DecisionIn:
        recorded = self.offence in (Offence.S2A, Offence.S4A)
        if self.outcome is Outcome.RECORD and not recorded:
            raise ValueError("record_as_stalking needs the offence, s2A or s4A")
        if self.outcome is not Outcome.RECORD and self.offence is not None:
            raise ValueError("an offence goes with record_as_stalking only; leave it null")
        if self.reason not in REASONS[self.outcome]:
            raise ValueError(
                f"the reason is not one of {self.outcome.value}; use one of {', '.join(REASONS[self.outcome])}"
            )
        if self.reason == "other" and not self.note:
            raise ValueError("the reason other needs a note")
        if self.outcome is Outcome.ASK and not self.question:
            raise ValueError("ask_officer needs the question")
        if self.outcome is not Outcome.ASK and self.question:
            raise ValueError("a question goes with ask_officer only")
        return self

    def digest(self) -> str:
        """What two requests under one key must share."""
        return hashlib.sha256(self.model_dump_json(exclude={"idempotency_key"}).encode()).hexdigest()


class NoReport(LookupError):
    """There is no report of that id."""


class Refused(ValueError):
    """A decision that cannot be kept; the message says why, without report text."""


class Misfit(Refused):
    """A correction that fits nothing. ``number``: its place in the list, from 0; ``field``: the field to mend; ``why`` without either."""

    def __init__(self, number: int, field: str, why: str) -> None:
        super().__init__(f"corrections.{number}.{field}: {why}")
        self.number, self.field, self.why = number, field, why


class NotTheirs(Refused):
    """What this person, or a key of no person, may not do (403; other refusals are 422)."""


class Why(StrEnum):
    """Kinds of conflict."""

    DECIDED = "decided"
    CHANGED = "changed"
    CLAIMED = "claimed"
    SECOND_REVIEW = "second_review"
    KEY_REUSED = "key_reused"


class Conflict(Exception):
    """Somebody else came first. ``who`` and ``when`` say who and when, where it is known; never any text."""

    def __init__(self, why: Why, detail: str, who: str = "", when: datetime | None = None, version: int = 0) -> None:
        super().__init__(detail)
        self.why, self.detail, self.who, self.when, self.version = why, detail, who, when, version


@dataclass(frozen=True)
class CorrectedSpan:
    """One span of evidence after corrections: ``text[start:end] == quote``."""

    code: str
    status: str
    start: int
    end: int
    quote: str


def corrected(text: str, evidence: Sequence[Evidence], corrections: Sequence[Correction]) -> list[CorrectedSpan]:
    """The evidence after a person's corrections, in the order of the text. Raises Misfit for one that fits nothing."""
    spans = [(e.start, e.end, e.code, e.status.value) for e in evidence]
    for number, item in enumerate(corrections):
        if item.end > len(text):
            raise Misfit(number, "end", f"it is after the end of the text ({len(text):,} characters).")
        if item.quote is not None and item.quote != text[item.start : item.end]:
            raise Misfit(number, "quote", "the text does not say that from start to end; count code points from 0.")
        if item.action is Action.ADDED:
            new = (item.start, item.end, item.code, item.status.value)
            if new in spans:
                raise Misfit(number, "start", "these words are marked so already.")
            spans.append(new)
            continue
        wanted = item.code if item.action is Action.REMOVED else item.was
        here = [s for s in spans if s[:2] == (item.start, item.end) and wanted in (None, s[2])]
        if not here:
            nothing_there = all(s[:2] != (item.start, item.end) for s in spans)
            field = "start" if nothing_there else "code" if item.action is Action.REMOVED else "was"
            raise Misfit(number, field, f"no such span is marked at {item.start} to {item.end}.")
        if len(here) > 1 and item.action is Action.RELABELLED:
            raise Misfit(number, "was", "several spans are marked there; say which.")
        spans.remove(here[0])
        if item.action is Action.RELABELLED:
            spans.append((item.start, item.end, item.code, item.status.value))
    return [CorrectedSpan(code, status, start, end, text[start:end]) for start, end, code, status in sorted(spans)]
