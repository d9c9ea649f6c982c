"""What a sample comes to: every measure with its interval, by group; agreement; what the numbers rest on, in words."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from sqlalchemy.orm import Session

from nlp.taxonomy import RecordedOffence
from service.sampling.estimates import Estimate, Strata, count, flagged_share, share
from service.sampling.fairness import Comparison, chance_of, compare
from service.sampling.intervals import Array
from service.sampling.judges import kept_judges, sentence
from service.sampling.plans import Plan
from service.sampling.readers import PATTERNS, VERDICT, Agreement, ErrorRates, error_rates, kappa
from service.sampling.reading import Reading, cannot_tell, not_blind, readings, says
from service.store.tables import SampleRow

GROUPS = ("recorded", "relationship", "band", "month", "suspect", "injured", "style", "length")
FAIR = ("suspect", "injured", "relationship", "style", "length")
LEAST_OF_GROUP = 5  # Reports read, for a group to be told of.
# The correction learns from the settled reports; fewer than this teach nothing.
LEAST_TO_CORRECT = 50


@dataclass(frozen=True)
class Line:
    """One measure of one group ("" for all). Shares in [0, 1]; ``count``: of how many reports of the frame it is true, with its limits."""

    measure: str
    attribute: str
    group: str
    value: float
    low: float
    high: float
    reports: int
    size: float
    count: tuple[float, float, float] | None = None

    @property
    def known(self) -> bool:
        """Whether there is anything to say; of a handful of a group's reports there is not."""
        return math.isfinite(self.value) and (not self.group or self.reports >= LEAST_OF_GROUP)


@dataclass(frozen=True)
class Progress:
    """How far the reading is, in reports."""

    drawn: int
    frame: int
    first: int
    second: int
    differ: int
    settled: int
    gone: int
    cannot_tell: int
    not_blind: int  # readings by somebody who had seen the suggestion before


@dataclass(frozen=True)
class Results:
    """All that the pages, the CSV and the printed page show of a sample."""

    sample: SampleRow
    plan: Plan
    progress: Progress
    lines: list[Line] = field(default_factory=list)
    groups: dict[str, list[Line]] = field(default_factory=dict)
    fairness: list[Comparison] = field(default_factory=list)
    readers: Agreement | None = None
    model: Agreement | None = None
    errors: ErrorRates | None = None
    why_not: str = ""
    found: list[tuple[str, int, str]] = field(
        default_factory=list
    )  # missed: report id, number in the sample, recorded as

    @property
    def judged_by(self) -> str:
        """Which models judged the reports when the sample was drawn, in words."""
        return sentence(kept_judges(self.sample.strata))

    def line(self, measure: str) -> Line | None:
        return next((line for line in self.lines if line.measure == measure), None)


def results(session: Session, sample: SampleRow, correct: bool = False) -> Results:
    """Estimate from the reports settled so far. ``why_not`` says, in words, why there are no estimates or no correction."""
    plan = Plan.model_validate(sample.plan)
    given = readings(session, sample)
    settled = [r for r in given if r.pattern is not None]
    progress = Progress(
        drawn=len(given),
        frame=sum(s["frame"] for s in sample.strata),
        first=sum(r.one is not None for r in given),
        second=sum(r.two is not None for r in given),
        differ=sum(r.differ for r in given),
        settled=len(settled),
        gone=sum(r.gone for r in given),
        cannot_tell=sum(cannot_tell(r.one) or cannot_tell(r.two) for r in settled),
        not_blind=not_blind(session, sample),
    )
    agreement = _agreement(given)
    for flagged, word in ((True, "flagged"), (False, "not flagged")):
        if any(s["flagged"] == flagged and s["frame"] for s in sample.strata) and not any(
            r.item.flagged == flagged for r in settled
        ):
            why = f"No report that is {word} has been settled yet, so there is nothing to estimate from."
            return Results(sample, plan, progress, readers=agreement, why_not=why)
    counted = _Counted(sample, settled)
    errors, why = None, ""
    if correct and len(settled) < LEAST_TO_CORRECT:
        why = f"Not corrected for readers' errors: that needs {LEAST_TO_CORRECT} settled reports, and there are {len(settled)}."
    elif correct:
        errors = error_rates(counted.everyone)
    lines = counted.measures("", "", lambda r: True, errors)
    groups = {}
    for name in GROUPS:
        values = sorted({r.item.groups[name] for r in settled if name in r.item.groups})
        groups[name] = [
            line
            for value in values
            for line in counted.measures(name, value, lambda r, v=value, n=name: r.item.groups.get(n, "") == v, errors)  # type: ignore[misc]
        ]
    fairness = compare({name: groups[name] for name in FAIR}, counted.pair)
    found = [
        (r.item.report_id, r.item.number, r.item.groups["recorded"])
        for r in settled
        if not r.item.flagged and _stalking(r) and not _already(r)
    ]
    return Results(sample, plan, progress, lines, groups, fairness, agreement, counted.with_model(), errors, why, found)


def _stalking(reading: Reading) -> bool:
    return reading.pattern is not None and bool(VERDICT[reading.pattern])


def _already(reading: Reading) -> bool:
    """Recorded as stalking already: no misrecording."""
    return bool(reading.item.groups["recorded"] == RecordedOffence.STALKING.value)


def _agreement(given: Sequence[Reading]) -> Agreement | None:
    table = np.zeros((2, 2))
    for reading in given:
        if reading.one is not None and reading.two is not None:
            table[int(says(reading.one)), int(says(reading.two))] += 1
    return kappa(table)


class _Counted:
    """The settled reports by stratum and pattern. A stratum of which none is settled joins the largest one of its flag."""

    def __init__(self, sample: SampleRow, settled: Sequence[Reading]) -> None:
        self.settled = settled
        strata = sample.strata
        read = Counter(r.item.stratum for r in settled)
        home = {}
        for i, stratum in enumerate(strata):
            alike = [j for j, other in enumerate(strata) if other["flagged"] == stratum["flagged"] and read[j]]
            home[i] = i if read[i] or not alike else max(alike, key=lambda j: strata[j]["frame"])
        kept = sorted(set(home.values()))
        self.place = {i: kept.index(j) for i, j in home.items()}
        frame = np.zeros(len(kept))
        for i, stratum in enumerate(strata):
            frame[self.place[i]] += stratum["frame"]
        self.flagged = np.array([strata[j]["flagged"] for j in kept])
        self.everyone = self.tally(lambda r: True)
        self.strata = Strata(frame, self.everyone.sum(-1), self.flagged)

    def tally(self, keep: Callable[[Reading], bool]) -> Array:
        counts = np.zeros((len(set(self.place.values())), len(PATTERNS)))
        for reading in self.settled:
            if keep(reading) and reading.pattern is not None:
                counts[self.place[reading.item.stratum], reading.pattern] += 1
        return counts

    def measures(
        self, attribute: str, group: str, keep: Callable[[Reading], bool], errors: ErrorRates | None
    ) -> list[Line]:
        """The five measures of one group."""
        members = self.tally(keep)
        open_ = self.tally(lambda r: keep(r) and not _already(r))
        chosen = self.flagged[:, None]
        asked: list[tuple[str, Array, Estimate]] = [
            ("misrecorded", open_, share(self.strata, open_, self.everyone, errors)),
            ("precision", m := np.where(chosen, members, 0), share(self.strata, m, self.everyone, errors)),
            ("missed", m := np.where(chosen, 0, open_), share(self.strata, m, self.everyone, errors)),
            ("recall", members[:, VERDICT], flagged_share(self.strata, members, self.everyone, errors)),
            ("false_flags", members[:, ~VERDICT], flagged_share(self.strata, members, self.everyone, errors, False)),
        ]
        lines = []
        for measure, of, estimate in asked:
            value, low, high = float(estimate.value), float(estimate.low), float(estimate.high)
            counted = None
            if measure in ("misrecorded", "missed"):
                of_frame = count(self.strata, of, self.everyone, errors, False if measure == "missed" else None)
                counted = (float(of_frame.value), float(of_frame.low), float(of_frame.high))
            lines.append(
                Line(measure, attribute, group, value, low, high, round(float(of.sum())), float(estimate.size), counted)
            )
        return lines

    def pair(self, measure: str, attribute: str, group: str) -> tuple[Estimate, Estimate, float]:
        """Recall or false-flag rate of a group, of everyone else, and the chance of such a difference; without correction, and as of a frame without end."""
        stalking, strata = measure == "recall", self.strata.endless()
        kind = VERDICT if stalking else ~VERDICT
        one = self.tally(lambda r: r.item.groups.get(attribute, "") == group)
        return (
            flagged_share(strata, one, self.everyone, None, stalking),
            flagged_share(strata, self.everyone - one, self.everyone, None, stalking),
            chance_of(one[:, kind].sum(-1), self.everyone[:, kind].sum(-1), self.strata.weight, self.flagged),
        )

    def with_model(self) -> Agreement | None:
        """Cohen's kappa of the settled verdict and the flag, each report standing for as many as it was drawn from."""
        weight = self.strata.weight
        table = np.zeros((2, 2))
        for place, flagged in enumerate(self.flagged):
            hits = self.everyone[place, VERDICT].sum()
            table[1, int(flagged)] += weight[place] * hits
            table[0, int(flagged)] += weight[place] * (self.everyone[place].sum() - hits)
        squares = float((weight**2 * self.everyone.sum(-1)).sum())
        return kappa(table * table.sum() / squares) if squares else None
