"""How long reports are kept: erasing the words of one report, and of all that are old. The audit trail stays whole.

Erasing takes away every wording, every quotation in assessments, and what people wrote about it (notes, questions,
corrections). What stays says what was suggested and decided, when and by whom, under the report's reference, so that
figures still add up and the same report sent again does not come back. The trail holds no words, so nothing in it changes.
"""

from __future__ import annotations

import re
import time
from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, delete, func, or_, select, text, update
from sqlalchemy.orm import Session

from service import audit
from service.audit import Actor
from service.store import Store, engine
from service.store.reports import in_order
from service.store.tables import (
    AssessmentRow,
    ClaimRow,
    DecisionRow,
    ReportRow,
    RevisionRow,
    SampleItemRow,
    SessionRow,
    now,
)

_AGE = re.compile(r"([1-9][0-9]{0,3})([dmy])")
_STEP = 100
NOT_GIVEN = "not given"
_FIGURES = ("reference", "probability", "suggestion", "offence", "relationship", "model")
_STILL_THERE = "the words are erased, but {} may hold them still, because somebody else is reading; run the same command again in a while."
# Tables that hold, or held, words of reports.
_WORDED = ("revisions", "assessments", "decisions", "reports", "sample_items")


class KeepingError(ValueError):
    """Something asked that cannot be done; the message says why and what to do."""


@dataclass(frozen=True)
class Purged:
    """Counts of reports: erased (or, in a trial, that would be), and how many of them nobody had decided on."""

    reports: int
    undecided: int


def before(age: str, moment: datetime | None = None) -> datetime:
    """The moment that lies ``age`` back: days (90d), calendar months (18m) or years (2y). Raises KeepingError."""
    found = _AGE.fullmatch(age.strip().lower())
    if found is None:
        raise KeepingError("write the age as a number and d, m or y: 90d, 18m or 2y.")
    moment = moment or datetime.now(UTC)
    count, unit = int(found[1]), found[2]
    try:
        if unit == "d":
            return moment - timedelta(days=count)
        months = moment.year * 12 + moment.month - 1 - count * (12 if unit == "y" else 1)
        year, month = divmod(months, 12)
        return moment.replace(year=year, month=month + 1, day=min(moment.day, monthrange(year, month + 1)[1]))
    except (ValueError, OverflowError):
        raise KeepingError("that is further back than the calendar goes.") from None


def erase(store: Store, reference: str, by: Actor) -> int:
    """Erase the words of one report for good; gives the number of wordings erased, 0 where all had been before.

    Raises KeepingError where there is no such report, and where the database may hold the words still: the same call again ends it.
    """
    with store.write() as session:
        report = session.scalar(select(ReportRow).where(ReportRow.reference == reference).with_for_update())
        if report is None:
            raise KeepingError("there is no report of that reference; check it letter by letter.")
        wordings = _erase(session, report.id)
        if wordings:
            audit.append(session, by, "report.erased", report.id, wordings=wordings)
    # Again where there was nothing left: an earlier run may have been kept from it.
    forget(store)
    return wordings


def purge(store: Store, older_than: datetime, by: Actor, trial: bool = False) -> Purged:
    """Erase the words of every report whose newest wording came, and that was last decided on if at all, before ``older_than``.

    Taking a decision back and reading within a sample are decisions here. Sending the same wording again does not count: a recording system that sends all it holds every night would keep it all for ever.
    """
    decided = select(DecisionRow.report_id).where(DecisionRow.decided_at >= older_than)
    sent = select(RevisionRow.report_id).where(RevisionRow.received_at >= older_than)
    kept = select(RevisionRow.report_id).where(RevisionRow.erased_at.is_(None))
    old = select(ReportRow.id).where(
        ReportRow.received_at < older_than,
        ReportRow.id.in_(kept),
        ReportRow.id.not_in(sent),
        ReportRow.id.not_in(decided),
    )
    with store.read() as session:
        ids = list(session.scalars(old.order_by(ReportRow.id)))
    reports = undecided = 0
    for start in range(0, len(ids), _STEP):
        part = ids[start : start + _STEP]
        with store.read() if trial else store.write() as session:
            if not trial:
                # In the order in which those who send reports lock them, and before the trail, as those who decide do.
                lock = select(ReportRow.id).where(ReportRow.id.in_(part)).order_by(in_order(session))
                session.execute(lock.with_for_update())
            # Looked at again under the lock: a report that was sent or decided on meanwhile is no longer old.
            part = list(session.scalars(old.where(ReportRow.id.in_(part))))
            with_decision = select(func.count(DecisionRow.report_id.distinct())).where(DecisionRow.report_id.in_(part))
            undecided += len(part) - (session.scalar(with_decision) or 0)
            for report_id in () if trial else part:
                audit.append(session, by, "report.erased", report_id, wordings=_erase(session, report_id), purge=True)
        reports += len(part)
    if not trial:
        with store.write() as session:
            session.execute(delete(SessionRow).where(SessionRow.expires_at < now()))
            session.execute(delete(ClaimRow).where(ClaimRow.expires_at < now()))
            audit.append(session, by, "reports.purged", reports=reports, older_than=older_than.date().isoformat())
        forget(store)
    return Purged(reports, undecided)


def _erase(session: Session, report_id: str) -> int:
    moment = now()
    wordings = list(
        session.scalars(
            select(RevisionRow)
            .where(RevisionRow.report_id == report_id, or_(RevisionRow.erased_at.is_(None), RevisionRow.text != ""))
            .with_for_update()
        )
    )
    for wording in wordings:
        wording.text, wording.erased_at = "", moment
    ids = select(RevisionRow.id).where(RevisionRow.report_id == report_id)
    for assessment in session.scalars(select(AssessmentRow).where(AssessmentRow.revision_id.in_(ids))):
        assessment.body = without_words(assessment.body)
    session.execute(
        update(DecisionRow).where(DecisionRow.report_id == report_id).values(note="", question="", corrections=[])
    )
    session.execute(
        update(ReportRow)
        .where(ReportRow.id == report_id)
        .values(victim_ref=None, suspect_ref=None, source=None)
        .values(erased=True, probability=None, suggestion=None, relationship=None)
    )
    for item in session.scalars(select(SampleItemRow).where(SampleItemRow.report_id == report_id)):
        item.groups = {**item.groups, "style": NOT_GIVEN}  # the source, in the recording system's own words
    session.execute(delete(ClaimRow).where(ClaimRow.report_id == report_id))
    session.flush()
    return len(wordings)


def without_words(body: dict[str, Any]) -> dict[str, Any]:
    """An assessment with nothing taken from the text: figures, codes and model stay. What this does not know is taken for words."""
    kept = {name: body[name] for name in _FIGURES}
    lists: dict[str, Any] = {name: [] for name, value in body.items() if isinstance(value, list)}
    four = {letter: {**found, "evidence": []} for letter, found in body["four"].items()}
    return {**kept, **lists, "four": four, "occasions": {"at_least": body["occasions"]["at_least"], "timeline": []}}


def forget(store: Store) -> None:
    """Have the database let go of what was erased: row versions that are no longer true, and the write-ahead log.

    Raises KeepingError where somebody who reads, or writes, keeps SQLite from cutting its log, or PostgreSQL from taking row versions away, for 15 seconds.
    """
    with store.engine.connect() as connection:
        if store.sqlite:
            # Freed pages are overwritten as they are freed (secure_delete, see the engine); the log still has the old ones.
            busy = connection.connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
            if busy:
                raise KeepingError(_STILL_THERE.format("the database's log (-wal)"))
        else:
            raw = connection.execution_options(isolation_level="AUTOCOMMIT")
            alone = _wait_for_older(raw)
            raw.exec_driver_sql(f"VACUUM {', '.join(_WORDED)}")
            if not alone:
                raise KeepingError(_STILL_THERE.format("the database's files"))


def _wait_for_older(connection: Connection) -> bool:
    """Wait until no transaction of this PostgreSQL database is older than now: VACUUM keeps what any of them may see. Gives whether that came in time."""
    here = connection.exec_driver_sql("SELECT pg_current_xact_id()::xid").scalar_one()
    older = text(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend' "
        "AND greatest(age(backend_xmin), age(backend_xid)) > age(CAST(CAST(:here AS text) AS xid))"
    )
    until = time.monotonic() + engine.BUSY_SECONDS
    while connection.execute(older, {"here": str(here)}).scalar_one():
        if time.monotonic() >= until:
            return False
        time.sleep(0.1)
    return True
