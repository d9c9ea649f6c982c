"""A copy of the database while the service runs. Restoring is putting it back (docs/service.md, "Back-up and restore")."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from service.store import Store


class BackupError(RuntimeError):
    """The copy cannot be made; the message says why and what to do."""


def back_up(store: Store, target: Path) -> None:
    """Copy a SQLite database to a new file, as of one moment, checked, readable by its owner only. Raises BackupError."""
    if not store.sqlite:
        raise BackupError(
            "this is a PostgreSQL database: copy it with pg_dump --format=custom, as docs/service.md shows."
        )
    if target.exists():
        raise BackupError(f"{target} is there already; name a new file.")
    draft = target.with_name(f".{target.name}.partial")
    try:
        os.close(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600))
        with closing(sqlite3.connect(draft)) as copy:
            address = (
                f"{Path(str(store.engine.url.database)).resolve().as_uri()}?mode=ro"  # a folder's name may hold ? or #
            )
            with closing(sqlite3.connect(address, uri=True)) as source:
                source.backup(copy)
            # One file, with no log beside it that could be left behind.
            copy.execute("PRAGMA journal_mode=DELETE")
            sound = copy.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
        if not sound:
            raise BackupError("the copy is not sound; check the disk and the database.")
        with draft.open("rb") as file:
            os.fsync(file.fileno())
        draft.replace(target)
    except (OSError, sqlite3.Error) as fault:
        why = fault.strerror if isinstance(fault, OSError) else type(fault).__name__
        raise BackupError(f"{target} cannot be written ({why}); name a file in a folder with room.") from None
    finally:
        draft.unlink(missing_ok=True)
