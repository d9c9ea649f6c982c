"""``foursight audit``: check the trail, and search it."""

from __future__ import annotations

import json
import os
from datetime import datetime
from typing import Annotated

import typer

commands = typer.Typer(help="The audit trail.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    app.add_typer(commands, name="audit")


@commands.callback()
def _private() -> None:
    os.umask(0o077)  # the database and its journal are for their owner only


@commands.command("verify")
def verify(
    head: Annotated[str | None, typer.Option(help="A head noted earlier: it must still be in the trail.")] = None,
) -> None:
    """Walk the whole trail and name the first link that does not hold (exit code 1)."""
    from service import audit
    from service.cli import open_store

    with open_store() as store:
        verdict = audit.verify(store, head)
    if verdict.whole:
        typer.echo(f"The audit trail is whole: {verdict.entries} entries. Head: {verdict.head}")
        return
    typer.echo(f"The audit trail is broken at entry {verdict.broken_at}: {verdict.why}.", err=True)
    raise typer.Exit(1)


@commands.command("search")
def search(
    actor: Annotated[str, typer.Option(help="Who: account:NAME, key:NAME, command line or anonymous.")] = "",
    action: Annotated[str, typer.Option(help="What, or its beginning: report.viewed, sign_in, report.")] = "",
    reference: Annotated[str, typer.Option(help="The reference of a report that is kept.")] = "",
    since: Annotated[datetime | None, typer.Option(help="From then on, UTC.")] = None,
    until: Annotated[datetime | None, typer.Option(help="Before then, UTC.")] = None,
) -> None:
    """Print the entries that match as JSON Lines, oldest first."""
    from datetime import UTC

    from sqlalchemy import select

    from service.audit import Search
    from service.cli import fail, open_store
    from service.store.tables import AuditRow, ReportRow

    with open_store() as store, store.snapshot() as session:
        subject = session.scalar(select(ReportRow.id).where(ReportRow.reference == reference)) if reference else ""
        if subject is None:
            fail("there is no report of that reference; check it letter by letter.")
        wanted = Search(
            actor,
            action,
            subject,
            since.replace(tzinfo=UTC) if since else None,
            until.replace(tzinfo=UTC) if until else None,
        )
        rows = session.scalars(wanted.select().order_by(AuditRow.seq).execution_options(yield_per=1000))
        for row in rows:
            entry = {
                "seq": row.seq,
                "at": row.at,
                "actor": row.actor,
                "action": row.action,
                "subject": row.subject,
                "detail": json.loads(row.detail),
                "hash": row.hash,
            }
            typer.echo(json.dumps(entry))
