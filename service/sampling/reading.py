"""Reading a sample: who has what left to read, and what the readings come to. A reading is a decision that carries an item's id.

Each reader goes through the reports in an order of their own, so that neither the flag nor the other reader can be guessed from it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session

from service.decisions import Outcome
from service.store.tables import AccountRow, AuditRow, DecisionRow, ReportRow, RevisionRow, SampleItemRow, SampleRow

# Entries of the trail by which a person saw what the model says of a report, unless their detail says blind.
SIGHT = ("report.viewed", "report.exported", "report.history_viewed")


@dataclass(frozen=True)
class Reading:
    """One item with what its readers said: an Outcome each, or None. ``gone``: its text was changed or erased before all had read it."""

    item: SampleItemRow
    one: str | None
    two: str | None
    three: str | None
    gone: bool

    @property
    def differ(self) -> bool:
        """The two readers disagree whether the text describes stalking."""
        return self.one is not None and self.two is not None and says(self.one) != says(self.two)

    @property
    def pattern(self) -> int | None:
        """The place in readers.PATTERNS, or None while not settled."""
        if self.one is None or self.two is None:
            return None
        a, b = says(self.one), says(self.two)
        if a == b:
            return 0 if a else 5
        if self.three is None:
            return None
        return (1 if a else 3) + (0 if says(self.three) else 1)


def says(outcome: str) -> bool:
    """Whether a reader calls it stalking. Not sure, and to be asked about, are no: the text as it stands does not support it."""
    return outcome == Outcome.RECORD.value


def cannot_tell(outcome: str | None) -> bool:
    return outcome in (Outcome.ASK.value, Outcome.NOT_SURE.value)


def readings(session: Session, sample: SampleRow, report_id: str = "") -> list[Reading]:
    """All items, or that of one report, in the order of drawing. Of each reader the first reading of the wording that was drawn counts."""
    wanted = _wanted(sample, report_id)
    rows = session.execute(
        select(DecisionRow.sample_item_id, DecisionRow.account_id, DecisionRow.outcome)
        .join(SampleItemRow, SampleItemRow.id == DecisionRow.sample_item_id)
        .where(wanted, DecisionRow.revision_id == SampleItemRow.revision_id)
        .where(DecisionRow.report_id == SampleItemRow.report_id)
        .order_by(DecisionRow.decided_at, DecisionRow.number)
    ).all()
    said: dict[tuple[str, str], str] = {}
    for item_id, account_id, outcome in rows:
        said.setdefault((str(item_id), account_id), outcome)
    latest = _latest(session, wanted)
    found = []
    for item in session.scalars(select(SampleItemRow).where(wanted).order_by(SampleItemRow.number)):
        three = (said.get((item.id, who)) for who in (sample.reader_one, sample.reader_two, sample.reader_three))
        one, two, third = three
        reading = Reading(item, one, two, third, False)
        gone = reading.pattern is None and item.revision_id not in latest
        found.append(Reading(item, one, two, third if reading.differ else None, gone))
    return found


def _wanted(sample: SampleRow, report_id: str) -> ColumnElement[bool]:
    here = SampleItemRow.sample_id == sample.id
    return and_(here, SampleItemRow.report_id == report_id) if report_id else here


def _latest(session: Session, wanted: ColumnElement[bool]) -> set[str]:
    """The drawn wordings that can still be read: the newest of their report, and not erased."""
    query = (
        select(RevisionRow.id)
        .join(ReportRow, RevisionRow.report_id == ReportRow.id)
        .join(SampleItemRow, SampleItemRow.revision_id == RevisionRow.id)
        .where(wanted, RevisionRow.number == ReportRow.latest)
        .where(RevisionRow.erased_at.is_(None))
    )
    return set(session.scalars(query))


def not_blind(session: Session, sample: SampleRow) -> int:
    """How many readings were made by somebody who had opened or exported the report before, with the suggestion in sight."""
    mine = and_(DecisionRow.sample_item_id == SampleItemRow.id, DecisionRow.report_id == SampleItemRow.report_id)
    read = session.execute(
        select(AccountRow.name, DecisionRow.report_id, func.min(DecisionRow.decided_at))
        .join(SampleItemRow, mine)
        .join(AccountRow, AccountRow.id == DecisionRow.account_id)
        .where(SampleItemRow.sample_id == sample.id)
        .where(DecisionRow.account_id.in_((sample.reader_one, sample.reader_two, sample.reader_three)))
        .group_by(AccountRow.name, DecisionRow.report_id)
    ).all()
    names = {f"account:{name}" for name, _, _ in read}
    looks = session.execute(
        select(AuditRow.actor, AuditRow.subject, func.min(AuditRow.at))
        .join(SampleItemRow, SampleItemRow.report_id == AuditRow.subject)
        .where(SampleItemRow.sample_id == sample.id, AuditRow.action.in_(SIGHT), AuditRow.actor.in_(names))
        .where(AuditRow.detail.not_like('%"blind": true%'))
        .group_by(AuditRow.actor, AuditRow.subject)
    )
    first = {(actor, subject): datetime.fromisoformat(at) for actor, subject, at in looks}
    return sum(first.get((f"account:{name}", report_id), when) < when for name, report_id, when in read)


@dataclass(frozen=True)
class Task:
    """What one person has left to read of one sample, in their own order."""

    sample: SampleRow
    left: Sequence[SampleItemRow]
    done: int
    settles: bool  # the third reader

    @property
    def total(self) -> int:
        return len(self.left) + self.done


def tasks(session: Session, account_id: str) -> list[Task]:
    """Every sample that this person reads, newest first."""
    query = select(SampleRow).where(_reads(account_id)).order_by(SampleRow.drawn_at.desc())
    return [_task(session, sample, account_id) for sample in session.scalars(query).all()]


def due_reports(session: Session, account_id: str) -> frozenset[str]:
    """The ids of all reports that this person has yet to read blind: no list shows them what the model says of those."""
    return frozenset(item.report_id for task in tasks(session, account_id) for item in task.left)


def due(session: Session, report_id: str, account_id: str) -> SampleItemRow | None:
    """The item under which this person has yet to read this report blind, of the oldest sample; None when there is none.

    While there is one, no page shows them what the model or anybody else says of the report.
    """
    samples = session.scalars(
        select(SampleRow)
        .join(SampleItemRow, SampleItemRow.sample_id == SampleRow.id)
        .where(SampleItemRow.report_id == report_id, _reads(account_id))
        .order_by(SampleRow.drawn_at)
    ).all()
    return next((left[0] for s in samples if (left := _task(session, s, account_id, report_id).left)), None)


def _reads(account_id: str) -> ColumnElement[bool]:
    return or_(*(place == account_id for place in (SampleRow.reader_one, SampleRow.reader_two, SampleRow.reader_three)))


def _task(session: Session, sample: SampleRow, account_id: str, report_id: str = "") -> Task:
    left, done = [], 0
    settles = account_id == sample.reader_three
    for reading in readings(session, sample, report_id):
        mine = reading.three if settles else reading.one if account_id == sample.reader_one else reading.two
        if mine is not None:
            done += 1
        elif not reading.gone and (reading.differ or not settles):
            left.append(reading.item)
    left.sort(key=lambda item: hashlib.sha256(f"{item.id}{account_id}".encode()).digest())
    return Task(sample, left, done, settles)
