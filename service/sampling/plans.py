"""A sampling plan: which reports, cut into which strata, for which measure, how exactly; and from that how many to read of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Annotated

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator, model_validator

from nlp.taxonomy import RecordedOffence, Relationship, Suggestion
from service.reviewing_queue import Band
from service.sampling.estimates import Estimate, Strata, flagged_share, share
from service.sampling.intervals import Array
from service.sampling.readers import PATTERNS

# No stratum is read with fewer reports than this, if it has them: fewer tell nothing about their spread.
FEWEST = 20
# What is assumed of a stratum in which the model expects next to nothing: it may be wrong.
LEAST_SHARE = 0.01


class SamplingError(ValueError):
    """A plan, a draw or a reading that cannot be; the message says why and what to do, without report text."""


class Measure(StrEnum):
    """What the sample is to estimate within so many points."""

    MISRECORDED = "misrecorded"
    RECALL = "recall"
    PRECISION = "precision"
    MISSED = "missed"


class Key(StrEnum):
    """What reports can be cut into strata by, besides flagged or not."""

    BAND = "band"
    RECORDED = "recorded"
    RELATIONSHIP = "relationship"
    MONTH = "month"


class Flag(StrEnum):
    """Which suggestions count as flagged."""

    REVIEW = "review"
    REVIEW_OR_ASK = "review_or_ask"


class Plan(BaseModel):
    """How a sample is drawn. The same plan, seed and reports always give the same sample."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]
    measure: Measure = Measure.MISRECORDED
    within: float = Field(
        default=0.03, ge=0.005, le=0.25, description="Half the width of the 95% interval, as a share."
    )
    stratified: bool = Field(default=True, description="False: a simple random sample of all.")
    by: list[Key] = Field(default_factory=list, max_length=4)
    flag: Flag = Flag.REVIEW
    since: date | None = None
    until: date | None = None
    bands: list[Band] = Field(default_factory=list)
    recorded: list[RecordedOffence] = Field(default_factory=list)
    relationships: list[Relationship] = Field(default_factory=list)
    size: int | None = Field(default=None, ge=2, le=20_000, description="Read so many in all, or FEWEST a stratum.")
    seed: int = Field(default=1, ge=0, le=2**31 - 1)

    @field_validator("name")
    @classmethod
    def _one_line(cls, value: str) -> str:
        if not value.isprintable():
            raise ValueError("a name is one line of printable characters")
        return value

    @model_validator(mode="after")
    def _hangs_together(self) -> Plan:
        if self.since and self.until and self.since > self.until:
            raise ValueError("the period ends before it starts")
        if self.by and not self.stratified:
            raise ValueError("a simple random sample has no strata; leave them out or ask for a stratified one")
        return self

    def flags(self, suggestion: str) -> bool:
        """Whether a suggestion counts as flagged in this plan."""
        asks = suggestion == Suggestion.ASK.value and self.flag is Flag.REVIEW_OR_ASK
        return suggestion == Suggestion.REVIEW.value or asks


@dataclass(frozen=True)
class Framed:
    """One report of the frame: what is known of it before anybody reads it."""

    report_id: str
    revision_id: str
    suggestion: str
    probability: float
    groups: dict[str, str]  # by Key
    model: tuple[str, str]  # version and digest of the one that suggested it


@dataclass(frozen=True)
class Stratum:
    """Reports that are drawn alike. ``expected``: the share of stalking that the model expects among them."""

    label: dict[str, str]
    flagged: bool
    members: Sequence[Framed]
    expected: float


@dataclass(frozen=True)
class Sizing:
    """How many to read of each stratum, and the half-widths that are then to be expected, by measure (nan: cannot be told)."""

    read: list[int]
    expected: dict[Measure, tuple[float, float]]
    reached: bool

    @property
    def total(self) -> int:
        return sum(self.read)


def strata(plan: Plan, frame: Sequence[Framed]) -> list[Stratum]:
    """Cut the frame. What would be a stratum of fewer than FEWEST reports joins the others of its flag that are too small."""
    cut: dict[tuple[bool, tuple[str, ...]], list[Framed]] = {}
    for report in frame:
        key = (plan.flags(report.suggestion), tuple(report.groups[k] for k in plan.by))
        cut.setdefault(key, []).append(report)
    small: dict[bool, list[Framed]] = {}
    found = []
    for (flagged, values), members in sorted(cut.items(), key=lambda item: (not item[0][0], item[0][1])):
        if plan.by and len(members) < FEWEST:
            small.setdefault(flagged, []).extend(members)
        else:
            found.append(_stratum(dict(zip(plan.by, values, strict=True)), flagged, members))
    found += [_stratum(dict.fromkeys(plan.by, "the rest"), flagged, members) for flagged, members in small.items()]
    return sorted(found, key=lambda s: not s.flagged)


def _stratum(label: dict[Key, str], flagged: bool, members: list[Framed]) -> Stratum:
    mean = float(np.mean([m.probability for m in members]))
    return Stratum(
        {str(k): v for k, v in label.items()}, flagged, members, min(max(mean, LEAST_SHARE), 1 - LEAST_SHARE)
    )


def size(plan: Plan, cut: Sequence[Stratum]) -> Sizing:
    """The fewest reports with which the interval of the plan's measure is to be expected within ``plan.within`` on its longer side.

    The model's own probabilities stand in for what nobody knows yet. If even reading all is not enough (one flag is missing),
    ``reached`` is False. Raises SamplingError for an empty frame.
    """
    if not cut:
        raise SamplingError("no report matches the plan; widen the period or take filters away.")
    frame = np.array([len(s.members) for s in cut], float)
    whole = int(frame.sum())
    if plan.size is not None:
        read = _allot(plan, cut, min(plan.size, whole))
        return Sizing(read, _expect(cut, read), True)
    low, high = min(whole, 2 * len(cut)), whole
    if not _enough(plan, cut, high):
        read = _allot(plan, cut, whole)
        return Sizing(read, _expect(cut, read), False)
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if _enough(plan, cut, middle) else (middle + 1, high)
    read = _allot(plan, cut, high)
    return Sizing(read, _expect(cut, read), True)


def _enough(plan: Plan, cut: Sequence[Stratum], total: int) -> bool:
    half = _expect(cut, _allot(plan, cut, total))[plan.measure][1]
    return bool(half <= plan.within)


def _allot(plan: Plan, cut: Sequence[Stratum], total: int) -> list[int]:
    """Share ``total`` out: in proportion for a simple sample, else by Neyman's rule for the measure (most where most is uncertain)."""
    frame = np.array([len(s.members) for s in cut], float)
    if not plan.stratified:
        wanted = frame / frame.sum() * total
        return _whole(wanted, np.zeros_like(frame), frame, total)
    p = np.array([s.expected for s in cut])
    flagged = np.array([s.flagged for s in cut])
    lean = np.ones_like(p)
    if plan.measure is Measure.RECALL:
        stalking = frame * p
        recall = float(stalking[flagged].sum() / stalking.sum())
        lean = np.where(flagged, 1 - recall, recall)
    elif plan.measure is Measure.PRECISION:
        lean = flagged.astype(float)
    elif plan.measure is Measure.MISSED:
        lean = 1.0 - flagged
    least = np.minimum(frame, FEWEST)
    weight = frame * lean * np.sqrt(p * (1 - p))
    if weight.sum() <= 0:
        weight = frame
    return _whole(weight / weight.sum() * total, least, frame, total)


def _whole(wanted: Array, least: Array, most: Array, total: int) -> list[int]:
    """Whole numbers between ``least`` and ``most`` near ``wanted``, of about ``total`` together (never fewer than ``least`` asks)."""
    read = np.clip(wanted, least, most)
    for _ in range(50):
        over = read.sum() - max(total, least.sum())
        free = (read > least) if over > 0 else (read < most)
        if abs(over) < 0.5 or not free.any():
            break
        share_out = np.where(free, np.maximum(wanted, 1e-9), 0.0)
        read = np.clip(read - over * share_out / share_out.sum(), least, most)
    down = np.floor(read).astype(int)
    missing = int(max(0, min(round(max(total, least.sum())), most.sum()) - down.sum()))
    order = sorted(range(len(read)), key=lambda i: (-(read[i] - down[i]), i))
    for i in order:
        if missing and down[i] < most[i]:
            down[i] += 1
            missing -= 1
    return [int(n) for n in down]


def _expect(cut: Sequence[Stratum], read: Sequence[int]) -> dict[Measure, tuple[float, float]]:
    """The value and the longer arm of the interval of each measure, if the model's probabilities were right."""
    flagged = np.array([s.flagged for s in cut])
    n, p = np.array(read, float), np.array([s.expected for s in cut])
    counts = np.zeros((len(cut), len(PATTERNS)))
    counts[:, 0], counts[:, -1] = n * p, n * (1 - p)
    drawn = Strata(np.array([len(s.members) for s in cut], float), n, flagged)
    chosen = flagged[:, None]
    estimates: dict[Measure, Estimate] = {
        Measure.MISRECORDED: share(drawn, counts, counts),
        Measure.PRECISION: share(drawn, np.where(chosen, counts, 0), counts),
        Measure.MISSED: share(drawn, np.where(chosen, 0, counts), counts),
        Measure.RECALL: flagged_share(drawn, counts, counts),
    }
    return {m: (float(e.value), float(max(e.high - e.value, e.value - e.low))) for m, e in estimates.items()}
