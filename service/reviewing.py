"""Working the queue: claim, release, next, decide, withdraw, history. Plain functions over a session, for API and console.

Each that writes must run inside one ``with store.write() as session:`` block, and the caller answers only after the block has
ended: its end is the commit, so a decision is on disk before anybody hears of it. Each writes its audit entry in that same
transaction: both are kept, or neither.

Nobody overwrites anybody: the report's row is locked first, then its ``version`` is compared with the one that the person saw.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, joinedload

from models.contracts import Assessment
from service import audit
from service.auth import Identity
from service.decisions import (
    STATUS_AFTER,
    WITHDRAWN,
    Conflict,
    DecisionIn,
    NoReport,
    NotTheirs,
    Outcome,
    Refused,
    ReviewStatus,
    Why,
    corrected,
)
from service.reviewing_queue import Filters, candidates
from service.sampling.found import send_back
from service.store.tables import AssessmentRow, AuditRow, ClaimRow, DecisionRow, ReportRow, RevisionRow

CLAIM_LASTS = timedelta(minutes=15)
_TRIES = 20


def claim(
    session: Session, report_id: str, account: Identity, now: datetime, lasts: timedelta = CLAIM_LASTS
) -> ClaimRow:
    """Take a report, or renew one's own claim.

    Raises NoReport; Conflict when somebody else is at work on it, or it waits for a second reviewer and this is the first.
    """
    report = _lock(session, report_id)
    _check_second_review(report, _chain(session, report_id), _latest(session, report), account)
    return _claim(session, report_id, account, now, lasts)


def release(session: Session, report_id: str, account: Identity) -> bool:
    """Give one's own claim back; False when there was none. Nobody else's claim is ever touched."""
    _lock(session, report_id)
    found = session.get(ClaimRow, report_id, populate_existing=True)
    if found is None or found.account_id != account.account_id:
        return False
    session.delete(found)
    audit.append(session, account.actor, "report.released", report_id)
    return True


def next_report(
    session: Session, account: Identity, filters: Filters, now: datetime, lasts: timedelta = CLAIM_LASTS
) -> ClaimRow | None:
    """Claim the first report that waits and that nobody is at work on; None when none waits."""
    query = candidates(filters, account.account_id, now).limit(1).with_for_update(of=ReportRow, skip_locked=True)
    for _ in range(_TRIES):
        report_id = session.scalar(query)
        if report_id is None:
            return None
        try:
            return _claim(session, report_id, account, now, lasts)
        except Conflict:
            continue  # claimed between the look and the lock; its lock is ours now, so the next look sees the claim
    return None


def decide(session: Session, report_id: str, account: Identity, decision: DecisionIn, now: datetime) -> DecisionRow:
    """Keep a decision and end its claim. The same request under the same key gives the decision that it made before.

    Raises NoReport; Conflict when somebody decided since, the text changed, somebody else is at work on it, or it waits for a
    second reviewer and this is the first; Refused when a correction fits nothing or the text has been erased. A reading within
    a sample (``sample_item_id``) is kept beside the queue: it compares no version and changes neither status nor claim, but that a
    report which the sample's readers settle as stalking waits for a second review (service/sampling/found.py).
    """
    _needs_person(account)
    report = _lock(session, report_id)
    before = _made_before(session, report_id, account, decision)
    if before is not None:
        return before
    chain = _chain(session, report_id)
    revision = _latest(session, report)
    if decision.sample_item_id is None:
        _check_version(report, revision, chain, decision.expected_version)
        _check_claim(session, report_id, account, now)
        _check_second_review(report, chain, revision, account)
    if revision.erased_at is not None:
        raise Refused("the text of this report has been erased; there is nothing left to decide on.")
    seen = _seen(session, revision, decision)
    if decision.corrections:
        body = Assessment.model_validate(seen.body) if seen else None
        corrected(revision.text, body.evidence if body else [], decision.corrections)
    standing = in_force(chain)
    row = DecisionRow(
        report_id=report_id,
        number=_next_number(session, report_id),
        revision_id=revision.id,
        assessment_id=seen.id if seen else None,
        account_id=account.account_id,
        outcome=decision.outcome.value,
        offence=decision.offence.value if decision.offence else None,
        reason=decision.reason,
        note=decision.note,
        question=decision.question,
        corrections=[item.model_dump(mode="json") for item in decision.corrections],
        blind=decision.blind,
        decided_at=now,
        supersedes=standing.id if standing and decision.sample_item_id is None else None,
        sample_item_id=decision.sample_item_id,
        idempotency_key=decision.idempotency_key,
        request_digest=decision.digest(),
    )
    _add(session, row, account)
    if decision.sample_item_id is None:
        _settle(session, report, STATUS_AFTER[decision.outcome])
    action = "report.decided" if decision.sample_item_id is None else "report.read_in_sample"
    audit.append(
        session, account.actor, action, report_id, decision=row.id, outcome=row.outcome, revision=revision.number
    )
    if decision.sample_item_id is not None:
        send_back(session, report, decision.sample_item_id, standing, account.actor)
    return row


def withdraw(
    session: Session, report_id: str, account: Identity, expected_version: int, idempotency_key: str, now: datetime
) -> DecisionRow:
    """Take one's own decision back (undo): the one before it stands again, and history keeps both.

    Raises NoReport, Conflict when the report is not as it was, or Refused when the decision in force is not one's own.
    """
    _needs_person(account)
    report = _lock(session, report_id)
    digest = f"withdraw:{report_id}:{expected_version}"
    before = _by_key(session, account, idempotency_key)
    if before is not None:
        return _same_or_conflict(before, report_id, digest)
    chain, revision = _chain(session, report_id), _latest(session, report)
    _check_version(report, revision, chain, expected_version)
    _check_claim(session, report_id, account, now)
    standing = in_force(chain)
    if standing is None or standing.account_id != account.account_id or standing.revision_id != revision.id:
        raise NotTheirs("the decision in force on this wording is not yours to take back; decide anew instead.")
    row = DecisionRow(
        report_id=report_id,
        number=_next_number(session, report_id),
        revision_id=revision.id,
        account_id=account.account_id,
        outcome=WITHDRAWN,
        reason=WITHDRAWN,
        decided_at=now,
        supersedes=standing.id,
        idempotency_key=idempotency_key,
        request_digest=digest,
    )
    _add(session, row, account)
    earlier = in_force([*chain, row])
    same_wording = earlier is not None and earlier.revision_id == revision.id
    _settle(session, report, STATUS_AFTER[earlier.outcome] if earlier and same_wording else ReviewStatus.WAITING)
    audit.append(session, account.actor, "decision.withdrawn", report_id, decision=row.id, revision=revision.number)
    return row


def in_force(chain: Iterable[DecisionRow]) -> DecisionRow | None:
    """The decision that stands, of a report's queue decisions in their order: a withdrawn one gives way to the one before."""
    standing: list[DecisionRow] = []
    for row in chain:
        if row.outcome == WITHDRAWN:
            standing = standing[:-1]
        else:
            standing.append(row)
    return standing[-1] if standing else None


@dataclass(frozen=True)
class History:
    """Everything that happened to a report. ``decisions`` oldest first, samples' readings among them; looks newest first."""

    decisions: Sequence[DecisionRow]
    in_force: DecisionRow | None
    revisions: Sequence[RevisionRow]
    looks: Sequence[AuditRow]


def history(session: Session, report_id: str, looks: int = 50) -> History:
    """Raises NoReport. The rows of ``decisions`` have ``account`` and ``revision`` loaded."""
    report = session.get(ReportRow, report_id)
    if report is None:
        raise NoReport(report_id)
    rows = session.scalars(
        select(DecisionRow)
        .where(DecisionRow.report_id == report_id)
        .options(joinedload(DecisionRow.account), joinedload(DecisionRow.revision))
        .order_by(DecisionRow.number)
    ).all()
    standing = in_force(row for row in rows if row.sample_item_id is None)
    return History(rows, standing, list(report.revisions), audit.entries_for(session, report_id, looks))


def live_claim(session: Session, report_id: str, now: datetime) -> ClaimRow | None:
    """Who is at work on a report now, with ``account`` loaded."""
    query = select(ClaimRow).where(ClaimRow.report_id == report_id, ClaimRow.expires_at > now)
    return session.scalar(query.options(joinedload(ClaimRow.account)).execution_options(populate_existing=True))


def _lock(session: Session, report_id: str) -> ReportRow:
    report = session.get(ReportRow, report_id, with_for_update=True, populate_existing=True)
    if report is None:
        raise NoReport(report_id)
    return report


def _needs_person(account: Identity) -> None:
    if not account.account_id:
        raise NotTheirs("a decision is a person's; use a key that was made for one (foursight keys add NAME --person).")


def _claim(session: Session, report_id: str, account: Identity, now: datetime, lasts: timedelta) -> ClaimRow:
    _needs_person(account)
    _check_claim(session, report_id, account, now)
    row = session.get(ClaimRow, report_id, populate_existing=True)
    if row is None:
        row = ClaimRow(report_id=report_id)
        session.add(row)
    fresh = row.account_id != account.account_id
    row.account_id, row.expires_at = account.account_id, now + lasts
    if fresh:
        row.claimed_at = now
        session.flush()
        audit.append(session, account.actor, "report.claimed", report_id)
    session.flush()
    return row


def _check_claim(session: Session, report_id: str, account: Identity, now: datetime) -> None:
    other = live_claim(session, report_id, now)
    if other is not None and other.account_id != account.account_id:
        raise Conflict(
            Why.CLAIMED,
            f"{other.account.name} is at work on this report until then.",
            other.account.name,
            other.expires_at,
        )


def _check_second_review(
    report: ReportRow, chain: Sequence[DecisionRow], revision: RevisionRow, account: Identity
) -> None:
    if report.status == ReviewStatus.SECOND_REVIEW and account.account_id in unsure(chain, revision):
        raise Conflict(
            Why.SECOND_REVIEW,
            "you were not sure of this report yourself: it waits for somebody else. Take your decision back to decide anew.",
            account.name,
            chain[-1].decided_at,
            report.version,
        )


def _check_version(report: ReportRow, revision: RevisionRow, chain: Sequence[DecisionRow], expected: int) -> None:
    if report.version == expected:
        return
    last = chain[-1] if chain else None
    if last is not None and last.revision_id == revision.id:
        what = "took a decision back" if last.outcome == WITHDRAWN else "decided on this report"
        detail = f"{last.account.name} {what} after you opened it; look at it again."
        raise Conflict(Why.DECIDED, detail, last.account.name, last.decided_at, report.version)
    detail = "the text of this report changed after you opened it; read it again."
    raise Conflict(Why.CHANGED, detail, "", revision.received_at, report.version)


def _by_key(session: Session, account: Identity, key: str) -> DecisionRow | None:
    return session.scalar(
        select(DecisionRow).where(DecisionRow.account_id == account.account_id, DecisionRow.idempotency_key == key)
    )


def _made_before(session: Session, report_id: str, account: Identity, decision: DecisionIn) -> DecisionRow | None:
    found = _by_key(session, account, decision.idempotency_key)
    return None if found is None else _same_or_conflict(found, report_id, decision.digest())


def _add(session: Session, row: DecisionRow, account: Identity) -> None:
    """Keep a decision. PostgreSQL locks the report only: its key may be in use for another report at this very moment."""
    report_id, key, digest = row.report_id, row.idempotency_key, row.request_digest
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError:
        taken = _by_key(session, account, key)
        if taken is not None:
            _same_or_conflict(taken, report_id, digest)
        raise


def _same_or_conflict(found: DecisionRow, report_id: str, digest: str) -> DecisionRow:
    if (found.report_id, found.request_digest) == (report_id, digest):
        return found
    raise Conflict(
        Why.KEY_REUSED,
        "this idempotency key was used for another decision; make a new key for each.",
        when=found.decided_at,
    )


def _chain(session: Session, report_id: str) -> Sequence[DecisionRow]:
    """The report's decisions in their order, without readings within samples."""
    query = select(DecisionRow).where(DecisionRow.report_id == report_id, DecisionRow.sample_item_id.is_(None))
    return session.scalars(query.options(joinedload(DecisionRow.account)).order_by(DecisionRow.number)).all()


def unsure(chain: Sequence[DecisionRow], revision: RevisionRow) -> set[str]:
    """Who was not sure of this wording and has not taken that back."""
    taken_back = {row.supersedes for row in chain if row.outcome == WITHDRAWN}
    return {
        row.account_id
        for row in chain
        if row.outcome == Outcome.NOT_SURE and row.revision_id == revision.id and row.id not in taken_back
    }


def _latest(session: Session, report: ReportRow) -> RevisionRow:
    return session.scalars(
        select(RevisionRow).where(RevisionRow.report_id == report.id, RevisionRow.number == report.latest)
    ).one()


def _seen(session: Session, revision: RevisionRow, decision: DecisionIn) -> AssessmentRow | None:
    query = select(AssessmentRow).where(AssessmentRow.revision_id == revision.id)
    if decision.assessment_id is None:
        return session.scalar(query.where(AssessmentRow.current))
    found = session.scalar(query.where(AssessmentRow.id == decision.assessment_id))
    if found is None:
        raise Refused("assessment_id names no assessment of this wording; open the report again.")
    return found


def _next_number(session: Session, report_id: str) -> int:
    most = select(func.max(DecisionRow.number)).where(DecisionRow.report_id == report_id)
    return (session.scalar(most) or 0) + 1


def _settle(session: Session, report: ReportRow, status: ReviewStatus) -> None:
    """The report moves on, and nobody is at work on it any more."""
    report.version += 1
    report.status = status.value
    held = session.get(ClaimRow, report.id)
    if held is not None:
        session.delete(held)
    session.flush()
