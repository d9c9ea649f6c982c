"""Reading a sample: who has what left to read, and what the readings come to. A reading is a decision that carries an item's id.

Each reader goes through the reports in an order of their own, so that neither the flag nor the other reader can be guessed from it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from service.decisions import Outcome
from service.store.tables import DecisionRow, ReportRow, RevisionRow, SampleItemRow, SampleRow


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


def readings(session: Session, sample: SampleRow) -> list[Reading]:
    """All items in the order of drawing. Of each reader the first reading of the wording that was drawn counts; nobody else's does."""
    rows = session.execute(
        select(DecisionRow.sample_item_id, DecisionRow.account_id, DecisionRow.outcome)
        .join(SampleItemRow, SampleItemRow.id == DecisionRow.sample_item_id)
        .where(SampleItemRow.sample_id == sample.id, DecisionRow.revision_id == SampleItemRow.revision_id)
        .where(DecisionRow.report_id == SampleItemRow.report_id)
        .order_by(DecisionRow.decided_at, DecisionRow.number)
    ).all()
    said: dict[tuple[str, str], str] = {}
    for item_id, account_id, outcome in rows:
        said.setdefault((str(item_id), account_id), outcome)
    latest = _latest(session, sample)
    found = []
    for item in session.scalars(
        select(SampleItemRow).where(SampleItemRow.sample_id == sample.id).order_by(SampleItemRow.number)
    ):
        three = (said.get((item.id, who)) for who in (sample.reader_one, sample.reader_two, sample.reader_three))
        one, two, third = three
        reading = Reading(item, one, two, third, False)
        gone = reading.pattern is None and item.revision_id not in latest
        found.append(Reading(item, one, two, third if reading.differ else None, gone))
    return found


def _latest(session: Session, sample: SampleRow) -> set[str]:
    """The drawn wordings that can still be read: the newest of their report, and not erased."""
    query = (
        select(RevisionRow.id)
        .join(ReportRow, RevisionRow.report_id == ReportRow.id)
        .join(SampleItemRow, SampleItemRow.revision_id == RevisionRow.id)
        .where(SampleItemRow.sample_id == sample.id, RevisionRow.number == ReportRow.latest)
        .where(RevisionRow.erased_at.is_(None))
    )
    return set(session.scalars(query))


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
    samples = session.scalars(
        select(SampleRow)
        .where(
            or_(
                SampleRow.reader_one == account_id,
                SampleRow.reader_two == account_id,
                SampleRow.reader_three == account_id,
            )
        )
        .order_by(SampleRow.drawn_at.desc())
    ).all()
    return [_task(session, sample, account_id) for sample in samples]


def _task(session: Session, sample: SampleRow, account_id: str) -> Task:
    left, done = [], 0
    settles = account_id == sample.reader_three
    for reading in readings(session, sample):
        mine = reading.three if settles else reading.one if account_id == sample.reader_one else reading.two
        if mine is not None:
            done += 1
        elif not reading.gone and (reading.differ or not settles):
            left.append(reading.item)
    left.sort(key=lambda item: hashlib.sha256(f"{item.id}{account_id}".encode()).digest())
    return Task(sample, left, done, settles)
