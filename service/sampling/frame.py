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

from models.contracts import CLOCK
from nlp.taxonomy import BEHAVIOUR_NAMES, Role, Status
from service import audit
from service.audit import Actor
from service.keeping import NOT_GIVEN
from service.policy import AccountRole
from service.reviewing_queue import band_of
from service.sampling.judges import judges, sentence, to_keep
from service.sampling.plans import Framed, Key, Plan, SamplingError, Sizing, Stratum, size, strata
from service.store.tables import AccountRow, AssessmentRow, ReportRow, RevisionRow, SampleItemRow, SampleRow, opaque

_AT_ONCE = 500
MAY_READ = frozenset({AccountRole.REVIEWER.value, AccountRole.QA_LEAD.value})


def read_frame(session: Session, plan: Plan) -> list[Framed]:
    """Every assessed report that the plan covers, by its latest wording, in an order that does not change. Erased texts are left out."""
    moment = func.coalesce(ReportRow.reported_at, ReportRow.received_at)
    query = (
        select(
            ReportRow.id, ReportRow.recorded_offence, moment, RevisionRow.id, AssessmentRow.suggestion,
            AssessmentRow.probability, AssessmentRow.relationship, AssessmentRow.model_version, AssessmentRow.model_digest,
        )
        .join(RevisionRow, and_(RevisionRow.report_id == ReportRow.id, RevisionRow.number == ReportRow.latest))
        .join(AssessmentRow, and_(AssessmentRow.revision_id == RevisionRow.id, AssessmentRow.current))
        .where(RevisionRow.erased_at.is_(None))
        .order_by(ReportRow.id)
    )  # fmt: skip
    if plan.since:
        query = query.where(moment >= datetime.combine(plan.since, time.min, CLOCK))
    if plan.until:
        query = query.where(moment < datetime.combine(plan.until + timedelta(days=1), time.min, CLOCK))
    if plan.recorded:
        query = query.where(ReportRow.recorded_offence.in_([offence.value for offence in plan.recorded]))
    if plan.relationships:
        query = query.where(AssessmentRow.relationship.in_([kind.value for kind in plan.relationships]))
    found = []
    for report_id, recorded, when, revision_id, suggestion, probability, relationship, *model in session.execute(query):
        band = band_of(probability)
        if plan.bands and band not in plan.bands:
            continue
        groups = {
            Key.BAND: band.value,
            Key.RECORDED: recorded or NOT_GIVEN,
            Key.RELATIONSHIP: relationship,
            Key.MONTH: f"{_moment(when).astimezone(CLOCK):%Y-%m}",
        }
        named = {str(k): v for k, v in groups.items()}
        found.append(Framed(report_id, revision_id, suggestion, probability, named, (model[0], model[1])))
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

    @property
    def raised(self) -> bool:
        """Whether the least that each stratum gets makes it more than the plan's own number."""
        return self.plan.size is not None and self.sizing.total > self.plan.size

    @property
    def judged_by(self) -> str:
        """Which models judged the reports of the frame, in words."""
        return sentence(judges(report for s in self.strata for report in s.members))


def propose(session: Session, plan: Plan) -> Proposal:
    """Raises SamplingError when no report matches."""
    cut = strata(plan, read_frame(session, plan))
    return Proposal(plan, cut, size(plan, cut))


def draw(
    session: Session, plan: Plan, readers: Sequence[str], actor: Actor, proposal: Proposal | None = None
) -> SampleRow:
    """Draw the sample, assign it to two readers and a third by their names, and put it on the record.

    ``proposal``: what the plan came to just before, to be drawn from; worked out here, under the write lock, when not given.
    Raises SamplingError for a frame without reports, a name in use, or readers that cannot be.
    """
    if session.scalar(select(SampleRow.id).where(SampleRow.name == plan.name)):
        raise SamplingError("there is a sample of that name already; give this one another.")
    one, two, three = _readers(session, readers)
    proposal = proposal or propose(session, plan)
    sample = SampleRow(
        name=plan.name,
        plan=plan.model_dump(mode="json"),
        strata=[
            {
                "label": s.label, "flagged": s.flagged, "frame": len(s.members), "drawn": n,
                "expected": round(s.expected, 6), "models": to_keep(s.members),
            }
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
    told = _tell(session, [report for _, report in chosen])
    for number, place in enumerate(generator.permutation(len(chosen)), start=1):
        index, report = chosen[int(place)]
        session.add(
            SampleItemRow(
                id=opaque(), sample_id=sample.id, number=number, report_id=report.report_id,
                revision_id=report.revision_id, stratum=index, flagged=proposal.strata[index].flagged,
                groups=report.groups | told[report.revision_id] | {"suggestion": report.suggestion},
            )
        )  # fmt: skip
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


def _tell(session: Session, chosen: Sequence[Framed]) -> dict[str, dict[str, str]]:
    """What groups need beside the frame, by revision: how it came in, its length, the sexes."""
    ids = [report.revision_id for report in chosen]
    told: dict[str, dict[str, str]] = {}
    for start in range(0, len(ids), _AT_ONCE):
        rows = session.execute(
            select(RevisionRow.id, ReportRow.source, RevisionRow.text, AssessmentRow.body)
            .join(ReportRow, RevisionRow.report_id == ReportRow.id)
            .join(AssessmentRow, and_(AssessmentRow.revision_id == RevisionRow.id, AssessmentRow.current))
            .where(RevisionRow.id.in_(ids[start : start + _AT_ONCE]))
        )
        for revision_id, source, text, body in rows:
            suspect, injured = sexes(body)
            groups = {"style": source or NOT_GIVEN, "length": length(text), "suspect": suspect, "injured": injured}
            told[revision_id] = groups
    return told


def length(text: str) -> str:
    """How long a report is, in words that sort: under 400 characters, to 1,000, more."""
    return "short" if len(text) < 400 else "medium" if len(text) <= 1000 else "long"


_HE = re.compile(r"\b(?:he|his|himself|male|man|boyfriend|husband|father|son|brother)\b", re.IGNORECASE)
_SHE = re.compile(r"\b(?:she|herself|female|woman|girlfriend|wife|mother|daughter|sister)\b", re.IGNORECASE)
_DOES = re.compile(r"\b(he|she)\b", re.IGNORECASE)
# To whom an act is done, or whose it is done to: "her" of his acts, "him" and "his" of hers.
_DONE_TO = {"female": re.compile(r"\bhers?\b", re.IGNORECASE), "male": re.compile(r"\b(?:him|his)\b", re.IGNORECASE)}
NOT_SAID = "not said"


def sexes(body: dict[str, Any]) -> tuple[str, str]:
    """Of the suspect and of the injured party: male, female or not said. Rough counts of pronouns and nouns.

    The suspect: who does the acts that are said to have happened, and who they are said to be. The injured party: to whom the
    acts are done, where the act's own "he" or "she" is of the other sex and so cannot be meant, and who they are said to be. A
    report that its writer tells of herself seldom says it. Good for comparing groups and for nothing else.
    """
    acts = [e["quote"] for e in body["evidence"] if e["code"] in BEHAVIOUR_NAMES and e["status"] == Status.ASSERTED]
    suspect = [e["quote"] for e in body["evidence"] if e["code"] == "relationship"]
    suspect += [e["quote"] for e in body["entities"] if e["role"] == Role.SUSPECT]
    injured = [e["quote"] for e in body["entities"] if e["role"] == Role.VICTIM]
    does = [{word.lower() for word in _DOES.findall(quote)} for quote in acts]
    he = sum("he" in words for words in does) + sum(bool(_HE.search(quote)) for quote in suspect)
    she = sum("she" in words for words in does) + sum(bool(_SHE.search(quote)) for quote in suspect)
    pairs = list(zip(acts, does, strict=True))
    him = sum(bool(_DONE_TO["male"].search(quote)) for quote, words in pairs if "he" not in words)
    her = sum(bool(_DONE_TO["female"].search(quote)) for quote, words in pairs if "she" not in words)
    him += sum(bool(_HE.search(quote)) for quote in injured)
    her += sum(bool(_SHE.search(quote)) for quote in injured)
    return _more(he, she), _more(him, her)


def _more(male: int, female: int) -> str:
    return "male" if male > female else "female" if female > male else NOT_SAID
