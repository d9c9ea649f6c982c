"""The frame of a plan (the reports that it may draw) and the draw. Nothing here reads or shows a text, but to tell length and sex."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any

import numpy as np
from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session

from nlp.taxonomy import BEHAVIOUR_NAMES, Status
from service import audit
from service.audit import Actor
from service.console.words import LOCAL
from service.policy import AccountRole
from service.reviewing_queue import band_of
from service.sampling.plans import Framed, Key, Plan, SamplingError, Sizing, Stratum, size, strata
from service.store.tables import AccountRow, AssessmentRow, ReportRow, RevisionRow, SampleItemRow, SampleRow, opaque

NOT_GIVEN = "not given"
MAY_READ = frozenset({AccountRole.REVIEWER.value, AccountRole.QA_LEAD.value})


def read_frame(session: Session, plan: Plan) -> list[Framed]:
    """Every assessed report that the plan covers, by its latest wording, in an order that does not change. Erased texts are left out."""
    moment = func.coalesce(ReportRow.reported_at, ReportRow.received_at)
    query = (
        select(
            ReportRow.id, ReportRow.recorded_offence, moment, RevisionRow.id, AssessmentRow.suggestion,
            AssessmentRow.probability, AssessmentRow.relationship,
        )
        .join(RevisionRow, and_(RevisionRow.report_id == ReportRow.id, RevisionRow.number == ReportRow.latest))
        .join(AssessmentRow, and_(AssessmentRow.revision_id == RevisionRow.id, AssessmentRow.current))
        .where(RevisionRow.erased_at.is_(None))
        .order_by(ReportRow.id)
    )  # fmt: skip
    if plan.since:
        query = query.where(moment >= datetime.combine(plan.since, time.min, LOCAL))
    if plan.until:
        query = query.where(moment < datetime.combine(plan.until + timedelta(days=1), time.min, LOCAL))
    if plan.recorded:
        query = query.where(ReportRow.recorded_offence.in_([offence.value for offence in plan.recorded]))
    if plan.relationships:
        query = query.where(AssessmentRow.relationship.in_([kind.value for kind in plan.relationships]))
    found = []
    for report_id, recorded, when, revision_id, suggestion, probability, relationship in session.execute(query):
        band = band_of(probability)
        if plan.bands and band not in plan.bands:
            continue
        groups = {
            Key.BAND: band.value,
            Key.RECORDED: recorded or NOT_GIVEN,
            Key.RELATIONSHIP: relationship,
            Key.MONTH: f"{_moment(when).astimezone(LOCAL):%Y-%m}",
        }
        found.append(Framed(report_id, revision_id, suggestion, probability, {str(k): v for k, v in groups.items()}))
    return found


def _moment(value: datetime | str) -> datetime:
    """``coalesce`` loses the column's type on SQLite."""
    found = datetime.fromisoformat(value) if isinstance(value, str) else value
    return found if found.tzinfo else found.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Proposal:
    """What a plan comes to before anything is drawn."""

    plan: Plan
    strata: list[Stratum]
    sizing: Sizing

    @property
    def frame(self) -> int:
        return sum(len(s.members) for s in self.strata)


def propose(session: Session, plan: Plan) -> Proposal:
    """Raises SamplingError when no report matches."""
    cut = strata(plan, read_frame(session, plan))
    return Proposal(plan, cut, size(plan, cut))


def draw(session: Session, plan: Plan, readers: Sequence[str], actor: Actor) -> SampleRow:
    """Draw the sample, assign it to two readers and a third by their names, and put it on the record.

    Raises SamplingError for a frame without reports, a name in use, or readers that cannot be.
    """
    if session.scalar(select(SampleRow.id).where(SampleRow.name == plan.name)):
        raise SamplingError("there is a sample of that name already; give this one another.")
    one, two, three = _readers(session, readers)
    proposal = propose(session, plan)
    sample = SampleRow(
        name=plan.name,
        plan=plan.model_dump(mode="json"),
        strata=[
            {"label": s.label, "flagged": s.flagged, "frame": len(s.members), "drawn": n, "expected": round(s.expected, 6)}
            for s, n in zip(proposal.strata, proposal.sizing.read, strict=True)
        ],
        reader_one=one,
        reader_two=two,
        reader_three=three,
        drawn_by=actor.name,
    )  # fmt: skip
    session.add(sample)
    session.flush()
    generator = np.random.default_rng(plan.seed)
    chosen = _choose(generator, plan, proposal)
    sample.strata = [
        stratum | {"drawn": sum(1 for index, _ in chosen if index == i)} for i, stratum in enumerate(sample.strata)
    ]
    for number, place in enumerate(generator.permutation(len(chosen)), start=1):
        index, report = chosen[int(place)]
        session.add(_item(session, sample.id, number, index, report, proposal.strata[index].flagged))
    session.flush()
    audit.append(session, actor, "sample.drawn", sample.id, reports=len(chosen), frame=proposal.frame, seed=plan.seed)
    return sample


def _choose(generator: np.random.Generator, plan: Plan, proposal: Proposal) -> list[tuple[int, Framed]]:
    """Reports without replacement, each with its stratum: of each stratum its number, or of all as many in a simple sample."""
    everyone = [(i, report) for i, stratum in enumerate(proposal.strata) for report in stratum.members]
    if not plan.stratified:
        places = generator.choice(len(everyone), proposal.sizing.total, replace=False)
        return [everyone[int(place)] for place in sorted(places)]
    chosen = []
    for i, (stratum, n) in enumerate(zip(proposal.strata, proposal.sizing.read, strict=True)):
        places = generator.choice(len(stratum.members), n, replace=False)
        chosen += [(i, stratum.members[int(place)]) for place in sorted(places)]
    return chosen


def _readers(session: Session, names: Sequence[str]) -> list[str]:
    if len(names) != 3 or len(set(names)) != 3:
        raise SamplingError(
            "a sample needs three different people: two who read each report, and a third where they differ."
        )
    found = []
    for name in names:
        account = session.scalar(select(AccountRow).where(AccountRow.name == name))
        if account is None or account.disabled_at is not None or account.role not in MAY_READ:
            raise SamplingError(f"{name} cannot read reports: name active reviewers or quality-assurance leads.")
        found.append(account.id)
    return found


def _item(session: Session, sample_id: str, number: int, stratum: int, report: Framed, flagged: bool) -> SampleItemRow:
    row, revision, body = session.execute(
        select(ReportRow, RevisionRow, AssessmentRow.body)
        .join(RevisionRow, RevisionRow.report_id == ReportRow.id)
        .join(AssessmentRow, and_(AssessmentRow.revision_id == RevisionRow.id, AssessmentRow.current))
        .where(RevisionRow.id == report.revision_id)
    ).one()
    groups = report.groups | {
        "style": row.source or NOT_GIVEN,
        "length": length(revision.text),
        "suspect": sex_of_suspect(body),
        "suggestion": report.suggestion,
    }
    return SampleItemRow(
        id=opaque(), sample_id=sample_id, number=number, report_id=report.report_id, revision_id=report.revision_id,
        stratum=stratum, flagged=flagged, groups=groups,
    )  # fmt: skip


def length(text: str) -> str:
    """How long a report is, in words that sort: under 400 characters, to 1,000, more."""
    return "short" if len(text) < 400 else "medium" if len(text) <= 1000 else "long"


_HE = re.compile(r"\b(?:he|his|himself|male|man|boyfriend|husband|father|son|brother)\b", re.IGNORECASE)
_SHE = re.compile(r"\b(?:she|herself|female|woman|girlfriend|wife|mother|daughter|sister)\b", re.IGNORECASE)
_SUBJECT = re.compile(r"\b(he|she)\b", re.IGNORECASE)


def sex_of_suspect(body: dict[str, Any]) -> str:
    """male, female or not said: by the subject pronouns of the acts said to have happened, and who the suspect is said to be.

    A rough count, good for comparing groups and for nothing else: no report's own result rests on it.
    """
    acts = [e["quote"] for e in body["evidence"] if e["code"] in BEHAVIOUR_NAMES and e["status"] == Status.ASSERTED]
    who = [e["quote"] for e in body["evidence"] if e["code"] == "relationship"]
    who += [e["quote"] for e in body["entities"] if e["role"] == "suspect"]
    subjects = [found.lower() for quote in acts for found in _SUBJECT.findall(quote)]
    he = subjects.count("he") + sum(bool(_HE.search(quote)) for quote in who)
    she = subjects.count("she") + sum(bool(_SHE.search(quote)) for quote in who)
    return "male" if he > she else "female" if she > he else "not said"
