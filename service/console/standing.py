"""Where a report stands for the person who opens it: who is at work on it, what was decided, who looked, and what may be done."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from service import reviewing
from service.auth import Identity
from service.console import words
from service.console.decision_form import new_key
from service.decisions import REASONS, WITHDRAWN, Outcome, ReviewStatus
from service.policy import POLICY
from service.store.reports import FullReport
from service.store.tables import AssessmentRow, AuditRow, ClaimRow, DecisionRow, ReportRow, now

# What an entry of the trail about a report says in its list of looks; decisions have a list of their own.
_LOOKS = {"report.viewed": "opened it", "report.exported": "exported it"}


@dataclass(frozen=True)
class Decided:
    """One decision in words."""

    who: str
    at: datetime
    what: str
    reason: str
    note: str
    question: str
    revision: int
    corrections: int
    in_force: bool
    withdrawn: bool


@dataclass(frozen=True)
class Look:
    who: str
    what: str
    last: str
    times: int


@dataclass(frozen=True)
class Standing:
    """``decision`` is the one in force on this wording; ``mine``: the reader made it.

    ``unsure``: it waits for a second reviewer, and the reader is one who was not sure of it.
    """

    status: ReviewStatus
    claim: ClaimRow | None
    claimed_by_me: bool
    decision: Decided | None
    mine: bool
    unsure: bool
    found_in_sample: bool
    decisions: Sequence[Decided]
    looks: Sequence[Look]


def standing(session: Session, found: FullReport, identity: Identity) -> Standing:
    history = reviewing.history(session, found.row.id, looks=200)
    claim = reviewing.live_claim(session, found.row.id, now())
    rows = [row for row in history.decisions if row.sample_item_id is None]
    in_force = history.in_force
    if in_force is not None and in_force.revision_id != found.revision.id:
        in_force = None
    status = ReviewStatus(found.row.status)
    mine = in_force is not None and in_force.account_id == identity.account_id
    second = status is ReviewStatus.SECOND_REVIEW
    somebody_unsure = second and in_force is not None and in_force.outcome == Outcome.NOT_SURE
    return Standing(
        status=status,
        claim=claim,
        claimed_by_me=claim is not None and claim.account_id == identity.account_id,
        decision=_decided(in_force, in_force) if in_force else None,
        mine=mine,
        unsure=second and identity.account_id in reviewing.unsure(rows, found.revision),
        found_in_sample=second and not somebody_unsure,
        decisions=[_decided(row, in_force) for row in reversed(rows)],
        looks=_looks(history.looks),
    )


def may_decide(identity: Identity, found: FullReport, stand: Standing, blind: bool) -> bool:
    """Whether the form is shown: the routes and ``reviewing.decide`` check again."""
    if identity.role not in POLICY["POST", "/reports/{report_id}/decision"].roles:
        return False
    if found.revision.number != found.row.latest or found.revision.erased_at:
        return False
    return blind or not ((stand.claim and not stand.claimed_by_me) or stand.unsure)


def current_assessment(session: Session, found: FullReport) -> str:
    """The id of the assessment that the page shows; empty when there is none."""
    query = select(AssessmentRow.id).where(AssessmentRow.revision_id == found.revision.id, AssessmentRow.current)
    return session.scalar(query) or ""


def _decided(row: DecisionRow, in_force: DecisionRow | None) -> Decided:
    reasons = REASONS.get(Outcome(row.outcome), {}) if row.outcome != WITHDRAWN else {}
    what = words.DECIDED[row.outcome]
    return Decided(
        who=row.account.name,
        at=row.decided_at,
        what=what[:1].upper() + what[1:] + (f" ({words.SECTION[row.offence]})" if row.offence else ""),
        reason=reasons.get(row.reason, ""),
        note=row.note or "",
        question=row.question or "",
        revision=row.revision.number,
        corrections=len(row.corrections or ()),
        in_force=in_force is not None and row.id == in_force.id,
        withdrawn=row.outcome == WITHDRAWN,
    )


def _looks(entries: Sequence[AuditRow]) -> list[Look]:
    """Newest first; what one person did again and again is one line with a count."""
    found: dict[tuple[str, str], Look] = {}
    for entry in entries:
        if entry.action not in _LOOKS:
            continue
        kind, _, name = entry.actor.partition(":")
        key = (name or kind, _LOOKS[entry.action])
        before = found.get(key)
        last = before.last if before else words.day_and_time(entry.at)
        found[key] = Look(*key, last, before.times + 1 if before else 1)
    return list(found.values())


@dataclass(frozen=True)
class Done:
    """What the reader has just decided, with the way to take it back while nothing else happened to that report."""

    text: str
    report_id: str
    reference: str
    version: int
    key: str
    undo: bool


def done_notice(session: Session, decision_id: str, identity: Identity) -> Done | None:
    """The notice for the address's ``done``: of one's own decisions only."""
    if not (decision_id.isascii() and decision_id.isalnum() and len(decision_id) == 32):
        return None
    row = session.get(DecisionRow, decision_id)
    if row is None or row.account_id != identity.account_id or row.outcome == WITHDRAWN:
        return None
    report = session.get(ReportRow, row.report_id)
    if report is None:
        return None
    in_force = reviewing.history(session, row.report_id, looks=0).in_force
    what = words.DECIDED[row.outcome]
    undo = in_force is not None and in_force.id == row.id
    text = f"{what[:1].upper()}{what[1:]}:" if undo else "Decided, and changed since:"
    return Done(text, report.id, report.reference, report.version, new_key(), undo)
