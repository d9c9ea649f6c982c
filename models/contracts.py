"""The two contracts: Report (in) and Assessment (out), the same on the command line and over HTTP.

Offsets are character offsets (Python code points) into the text exactly as sent: ``text[start:end] == quote``, always.
Probabilities are in [0, 1].
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationInfo, field_validator

from nlp.taxonomy import EntityType, Offence, RecordedOffence, Relationship, Role, Status, Suggestion
from nlp.text import MAX_CHARACTERS, check_name, check_text

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
# Years of a report; the ends of the calendar cannot be told in another time zone.
FIRST_YEAR, LAST_YEAR = 1900, 2999
Reference = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Name = Annotated[str, StringConstraints(max_length=200)]


# The clock that reports are told by; a moment without a zone is one of it.
CLOCK = ZoneInfo("Europe/London")


def day_of(moment: datetime | None) -> date | None:
    """Return the day in the United Kingdom on which a moment lies; one without a zone, as a database may give it back, is in UTC."""
    if moment is None:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(CLOCK).date()


class Report(BaseModel):
    """One free-text report as the recording system sends it. Unknown fields are refused, not ignored."""

    model_config = ConfigDict(extra="forbid")

    reference: Reference
    text: str = Field(description=f"The report, 1 to {MAX_CHARACTERS:,} characters, not blank.")
    recorded_offence: RecordedOffence | None = None
    reported_at: datetime | None = None
    occurred_from: datetime | None = None
    occurred_to: datetime | None = None
    source: Name | None = None
    victim_ref: Name | None = None
    suspect_ref: Name | None = None

    @field_validator("reference", "source", "victim_ref", "suspect_ref")
    @classmethod
    def _name_can_be_stored(cls, value: str | None, info: ValidationInfo) -> str | None:
        return value if value is None else check_name(value, info.field_name or "name")

    @field_validator("text")
    @classmethod
    def _text_can_be_read(cls, value: str) -> str:
        return check_text(value)

    @field_validator("reported_at", "occurred_from", "occurred_to", mode="before")
    @classmethod
    def _is_written_as_a_date(cls, value: object, info: ValidationInfo) -> object:
        """Pydantic takes a number, and digits alone, for seconds since 1970: who sends 20260604 means a day."""
        if value is None or isinstance(value, datetime) or (isinstance(value, str) and _DATE.match(value)):
            return value
        raise ValueError(f"{info.field_name}: write it as 2026-06-04 or 2026-06-04T09:30:00Z")

    @field_validator("reported_at", "occurred_from", "occurred_to")
    @classmethod
    def _is_within_the_calendar(cls, value: datetime | None, info: ValidationInfo) -> datetime | None:
        if value is not None and not FIRST_YEAR <= value.year <= LAST_YEAR:
            raise ValueError(f"{info.field_name}: the year is not one of a report")
        return value if value is None or value.tzinfo else value.replace(tzinfo=CLOCK)


class Span(BaseModel):
    """A stretch of the report: ``text[start:end] == quote``."""

    start: int = Field(ge=0)
    end: int = Field(ge=0)
    quote: str


class Evidence(Span):
    """A marked behaviour or context span. ``weight``: how far the log-odds fall when its words are left out (see models/explain.py)."""

    code: str
    status: Status
    weight: float
    actor: Role | None = Field(default=None, description="Who does it, where the text says so plainly.")
    target: Role | None = Field(default=None, description="Whom it is done to, where the text says so plainly.")


class FourLetter(BaseModel):
    """One of Fixated, Obsessive, Unwanted, Repeated. Where the text was not read it is not present, and the probability is that of a report of which nothing is known."""

    present: bool
    probability: float = Field(ge=0, le=1)
    evidence: list[Span]


class Four(BaseModel):
    fixated: FourLetter
    obsessive: FourLetter
    unwanted: FourLetter
    repeated: FourLetter


class TimelineEntry(Span):
    """One dated or timed expression. ``date`` is ISO 8601 where it could be worked out, ``until`` the last day of a stretch of days.

    ``acts``: codes of the acts that the text puts at that time. ``occasion``: its number in time; entries of one day share it.
    """

    date: str | None = None
    until: str | None = None
    acts: list[str] = []
    occasion: int | None = None


class OccasionCount(BaseModel):
    """A lower bound of distinct occasions, and the dated entries in the order of the text."""

    at_least: int = Field(ge=0)
    timeline: list[TimelineEntry]
    summary: str = ""


class Entity(Span):
    """A mention. ``value`` is the normalised form (a phone number without spaces, a registration in capitals)."""

    type: EntityType
    role: Role = Role.NONE
    value: str


class Point(BaseModel):
    """One reason, for or against, in plain English, with the stretches that show it."""

    code: str
    text: str
    evidence: list[Span]


class Rule(BaseModel):
    """A rule of law or of recording that bears on the report."""

    name: str
    citation: str
    applies: bool
    why: str
    evidence: list[Span] = []


class Change(BaseModel):
    """What, if it were otherwise, would change the suggestion: computed by the model with that one thing changed."""

    text: str
    suggestion: Suggestion
    probability: float = Field(ge=0, le=1)


class Note(BaseModel):
    """Something about the text itself that a reader should know: its language, a date that cannot be, nothing but stock phrases."""

    code: str
    text: str
    evidence: list[Span] = []


class ModelInfo(BaseModel):
    name: str
    version: str
    digest: str


class Assessment(BaseModel):
    """What Foursight suggests about one report, and why. It describes the report, never a person."""

    reference: str
    probability: float = Field(ge=0, le=1, description="Calibrated probability that the text describes stalking.")
    suggestion: Suggestion
    offence: Offence
    relationship: Relationship
    four: Four
    evidence: list[Evidence]
    occasions: OccasionCount
    entities: list[Entity]
    points_for: list[Point]
    points_against: list[Point]
    rules: list[Rule]
    questions: list[str]
    would_change: list[Change] = []
    notes: list[Note] = []
    read: bool = Field(
        default=True,
        description="False where the text is in another language: nothing was read, and that nothing was found says nothing.",
    )
    model: ModelInfo
