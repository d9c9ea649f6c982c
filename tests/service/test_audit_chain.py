"""The audit trail: whole, in one order, and any edit or gap found."""

from __future__ import annotations

import multiprocessing
import threading

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from service import audit
from service.audit import COMMAND_LINE, Actor
from service.store import Store


def _fill(store: Store, count: int = 5) -> None:
    for number in range(count):
        audit.record(store, Actor("account:ann"), "report.viewed", f"r{number}", revision=number)


def _verdict(store: Store, head: str | None = None) -> audit.Verdict:
    return audit.verify(store, head)


def _tamper(store: Store, *statements: str) -> None:
    """As somebody with the database's own password would: around the triggers that stop programs."""
    with store.engine.connect() as connection:
        if store.sqlite:
            connection.execute(text("DROP TRIGGER audit_no_update"))
            connection.execute(text("DROP TRIGGER audit_no_delete"))
        else:
            connection.execute(text("DROP TRIGGER audit_append_only ON audit"))
        for statement in statements:
            connection.execute(text(statement))
        connection.commit()


def test_a_whole_chain_verifies(any_store: Store) -> None:
    assert _verdict(any_store).whole
    _fill(any_store)
    verdict = _verdict(any_store)
    assert verdict.whole and verdict.entries == 5
    _fill(any_store, 1)
    assert _verdict(any_store, verdict.head).whole


@pytest.mark.parametrize(
    ("statement", "broken", "why"),
    [
        ("UPDATE audit SET actor = 'account:bob' WHERE seq = 3", 3, "changed"),
        ("UPDATE audit SET detail = '{}' WHERE seq = 5", 5, "changed"),
        ("DELETE FROM audit WHERE seq = 2", 2, "missing"),
        ("DELETE FROM audit WHERE seq = 1", 1, "missing"),
        ("DELETE FROM audit WHERE seq > 3", 4, "should end at entry 5"),
        ("DELETE FROM audit", 1, "should end at entry 5"),
        ("DELETE FROM audit_head", 6, "head says 0"),
    ],
)
def test_each_edit_and_gap_is_named(any_store: Store, statement: str, broken: int, why: str) -> None:
    _fill(any_store)
    _tamper(any_store, statement)
    verdict = _verdict(any_store)
    assert verdict.broken_at == broken and why in verdict.why


def test_a_chain_written_anew_is_found_by_a_noted_head(any_store: Store) -> None:
    _fill(any_store)
    noted = _verdict(any_store).head
    _tamper(any_store, "DELETE FROM audit", "DELETE FROM audit_head")
    _fill(any_store)
    assert _verdict(any_store).whole
    assert not _verdict(any_store, noted).whole


@pytest.mark.parametrize("statement", ["UPDATE audit SET actor = 'x'", "DELETE FROM audit"])
def test_the_database_refuses_changes(any_store: Store, statement: str) -> None:
    _fill(any_store, 1)
    with pytest.raises(DBAPIError, match="append-only"), any_store.write() as session:
        session.execute(text(statement))
    assert _verdict(any_store).whole


def test_a_row_put_in_the_place_of_another_is_a_change(store: Store) -> None:
    _fill(store, 1)
    with pytest.raises(DBAPIError, match="append-only"), store.write() as session:
        session.execute(text("INSERT OR REPLACE INTO audit SELECT * FROM audit"))


def test_a_writer_meanwhile_raises_no_false_alarm(any_store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    _fill(any_store)
    link, wrote = audit.link, False

    def write_meanwhile(*entry: object) -> str:
        nonlocal wrote
        if not wrote:
            wrote = True
            writer = threading.Thread(target=_fill, args=(any_store, 1))
            writer.start()
            writer.join(30)
            assert not writer.is_alive()
        return link(*entry)  # type: ignore[arg-type]

    monkeypatch.setattr(audit, "link", write_meanwhile)
    verdict = _verdict(any_store)
    assert wrote and verdict.whole and verdict.entries == 5, verdict.why
    assert _verdict(any_store).entries == 6


def test_what_fails_leaves_no_entry(any_store: Store) -> None:
    with pytest.raises(RuntimeError), any_store.write() as session:
        audit.append(session, COMMAND_LINE, "key.added")
        raise RuntimeError
    assert _verdict(any_store).entries == 0


def _write_many(url: str, count: int) -> None:
    store = Store(url)
    for number in range(count):
        audit.record(store, COMMAND_LINE, "test", str(number))
    store.close()


def test_two_processes_write_one_chain(any_store: Store, database_url: str) -> None:
    spawn = multiprocessing.get_context("spawn")
    writers = [spawn.Process(target=_write_many, args=(database_url, 40)) for _ in range(2)]
    for writer in writers:
        writer.start()
    _write_many(database_url, 40)
    for writer in writers:
        writer.join(60)
        assert writer.exitcode == 0
    verdict = _verdict(any_store)
    assert verdict.whole and verdict.entries == 120
