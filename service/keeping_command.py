"""``foursight purge``, ``erase``, ``backup`` and ``migrate``: what is kept, for how long, a copy of it, and its tables."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    app.command("purge")(purge)
    app.command("erase")(erase)
    app.command("backup")(backup)
    app.command("migrate")(migrate)


def purge(
    older_than: Annotated[str, typer.Option("--older-than", help="An age: 90d, 18m or 2y.")],
    trial: Annotated[bool, typer.Option("--dry-run", help="Only say how many there are.")] = False,
) -> None:
    """Erase the words of every report that is older than that, whether or not anybody decided on it.

    Its age is counted from when its newest wording reached Foursight or, if that is later, from the last decision on it. The same
    wording sent again, other details, and looks at it do not make it younger.
    """
    from service import keeping
    from service.audit import COMMAND_LINE
    from service.cli import fail, open_store

    try:
        moment = keeping.before(older_than)
    except keeping.KeepingError as fault:
        fail(str(fault))
    with open_store() as store:
        try:
            found = keeping.purge(store, moment, COMMAND_LINE, trial)
        except keeping.KeepingError as fault:
            fail(str(fault))
    done = "would be erased" if trial else "erased"
    typer.echo(
        f"{found.reports} reports from before {moment:%Y-%m-%d} {done}; nobody decided on {found.undecided} of them."
    )


def erase(
    reference: Annotated[str, typer.Argument(help="The report's reference, exactly.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask first.")] = False,
) -> None:
    """Erase the words of one report for good. What was suggested and decided stays on record."""
    from service import keeping
    from service.audit import COMMAND_LINE
    from service.cli import fail, open_store

    if not yes:
        typer.confirm("Erase the words of this report? They cannot be brought back", abort=True)
    with open_store() as store:
        try:
            wordings = keeping.erase(store, reference, COMMAND_LINE)
        except keeping.KeepingError as fault:
            fail(str(fault))
    if wordings:
        typer.echo(f"Erased: {wordings} wording{'' if wordings == 1 else 's'}.")
    else:
        typer.echo("The words of that report had been erased before; nothing of them is left.")


def backup(target: Annotated[Path, typer.Argument(metavar="FILE", help="A file that is not there yet.")]) -> None:
    """Copy the SQLite database while the service runs, and print the head of its audit trail."""
    from service import audit
    from service.backup import BackupError, back_up
    from service.cli import fail, open_store
    from service.store import Store

    with open_store() as store:
        try:
            back_up(store, target)
        except BackupError as fault:
            fail(str(fault))
    copy = Store(f"sqlite:///{target.resolve()}")
    try:
        verdict = audit.verify(copy)
    finally:
        copy.close()
    with open_store() as store:
        audit.record(store, audit.COMMAND_LINE, "backup.made", entries=verdict.entries, head=verdict.head)
    if not verdict.whole:
        typer.echo(f"Copied, but its audit trail is broken at entry {verdict.broken_at}: {verdict.why}.", err=True)
        raise typer.Exit(1)
    typer.echo(f"Copied to {target}: {verdict.entries} audit entries. Head: {verdict.head}")


def migrate(
    down: Annotated[
        str | None,
        typer.Option(
            "--down",
            metavar="REVISION",
            help='Back to this one, as "0005"; "-1" is one step, "base" drops every table.',
        ),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask first.")] = False,
) -> None:
    """Bring the database's tables to what this version needs, as every start does; or back, for an older version to run.

    Going back takes away what the older version had no place for. Stop the service and make a backup first.
    """
    from service.cli import open_store

    if down is not None and not yes:
        typer.confirm(f"Take the tables back to {down}? What newer versions added is lost", abort=True)
    with open_store() as store:
        if down is not None:
            store.downgrade(down)
        typer.echo(f"The tables of {store.where} are at revision {store.revision() or 'base'}.")
