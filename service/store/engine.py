"""One door to the database: how it is opened, migrated, read and written."""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.orm import Session

MIGRATIONS = Path(__file__).parent / "migrations"
# One lock number for migrations, any constant will do as long as every server uses the same.
MIGRATION_LOCK = 420_104
BUSY_SECONDS = 15
_NEWER = "was migrated by a newer Foursight than this one; run that version, or set FOURSIGHT_DATABASE_URL to another database."


class StoreError(RuntimeError):
    """The database cannot be used; the message says why and what to do, without passwords."""


class Store:
    """The database. ``read`` and ``write`` give a session each; ``write`` commits when its block ends well."""

    def __init__(self, url: str) -> None:
        try:
            parsed = make_url(url)
            self.sqlite = parsed.get_backend_name() == "sqlite"
            if self.sqlite and parsed.database and not parsed.database.startswith((":memory:", "file:")):
                _make_private(Path(parsed.database))
            # hide_parameters: an error must never carry report text into a log.
            # Requests run in up to 40 threads: a connection each, or they would wait for one another here.
            self.engine: Engine = create_engine(
                parsed, hide_parameters=True, pool_pre_ping=not self.sqlite, pool_size=10, max_overflow=30
            )
        except OSError as fault:
            raise StoreError(
                f"the database cannot be made or opened ({fault.strerror}: {fault.filename}); set FOURSIGHT_VAR to a folder that can be written."
            ) from None
        except (ArgumentError, NoSuchModuleError, ModuleNotFoundError) as fault:
            raise StoreError(
                "FOURSIGHT_DATABASE_URL is not an address that can be used; write sqlite:///path or postgresql://user:password@host/name."
            ) from fault
        self.where = parsed.render_as_string(hide_password=True)
        if self.sqlite:
            event.listen(self.engine, "connect", _set_up_sqlite)
            event.listen(self.engine, "begin", _begin_sqlite)
        self._turn = threading.Lock()
        self._writer = self.engine.execution_options(foursight_write=True)

    @contextmanager
    def read(self) -> Iterator[Session]:
        with Session(self.engine, expire_on_commit=False) as session:
            yield session

    @contextmanager
    def snapshot(self) -> Iterator[Session]:
        """Like ``read``, and what others commit meanwhile stays out of sight: each statement sees the same moment."""
        with self.read() as session:
            if not self.sqlite:  # where a transaction in WAL mode is a snapshot anyway
                session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """A transaction that takes the write lock at its start, so that what it read is still true when it commits."""
        # SQLite has one writer at a time and lets others poll for the lock, some of them for too long. Threads of one process
        # take turns here instead; whoever waits longer than the lock's own limit finds out from SQLite.
        took = self.sqlite and self._turn.acquire(timeout=BUSY_SECONDS)
        try:
            with Session(self._writer, expire_on_commit=False) as session, session.begin():
                yield session
        finally:
            if took:
                self._turn.release()

    def upgrade(self, revision: str = "head") -> None:
        """Bring the tables to ``revision``. Two servers that start together take turns."""
        try:
            with self._writer.begin() as connection:
                if not self.sqlite:
                    connection.execute(text("SELECT pg_advisory_xact_lock(:n)"), {"n": MIGRATION_LOCK})
                command.upgrade(_config(connection), revision)
        except CommandError:
            raise StoreError(f"the database {self.where} {_NEWER}") from None
        except SQLAlchemyError as fault:
            raise StoreError(
                f"the database {self.where} cannot be opened or migrated ({type(fault).__name__}); check FOURSIGHT_DATABASE_URL and that it is running."
            ) from fault

    def downgrade(self, revision: str) -> None:
        """Take the tables back to an older ``revision``, or to "base", which drops them all. Raises StoreError."""
        try:
            with self._writer.begin() as connection:
                if not self.sqlite:
                    connection.execute(text("SELECT pg_advisory_xact_lock(:n)"), {"n": MIGRATION_LOCK})
                command.downgrade(_config(connection), revision)
        except CommandError:
            known = ", ".join(sorted(_revisions()[1]))
            raise StoreError(f"there is no way down to {revision!r} from here; the revisions are {known}.") from None
        except SQLAlchemyError as fault:
            raise StoreError(f"the database {self.where} cannot be migrated ({type(fault).__name__}).") from fault

    def revision(self) -> str | None:
        """The revision that the tables are at; None before the first."""
        with self.engine.connect() as connection:
            return MigrationContext.configure(connection).get_current_revision()

    def check(self) -> None:
        """Raise StoreError unless the database answers and its tables are the ones this program expects."""
        try:
            found = self.revision()
        except SQLAlchemyError as fault:
            raise StoreError(f"the database does not answer ({type(fault).__name__}).") from fault
        wanted, known = _revisions()
        if found and found not in known:
            raise StoreError(f"the database {_NEWER}")
        if found != wanted:
            raise StoreError(
                f"the database is at revision {found or 'none'} and this program needs {wanted}; start foursight serve once to migrate it."
            )

    def close(self) -> None:
        self.engine.dispose()


def _make_private(database: Path) -> None:
    """Make the database readable by its owner only, whatever the mode of its folder. SQLite gives -wal and -shm the database's own mode."""
    database.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if database.is_dir():
        raise IsADirectoryError(errno.EISDIR, "it is a folder", str(database))
    # Only a database that is not there is opened here. To open and close one that this process has in use would drop SQLite's locks on it
    # (POSIX locks belong to the process), and two writers could then damage it: sqlite.org/howtocorrupt.html, section 2.2.
    with suppress(FileExistsError):
        os.close(os.open(database, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    for path in (database, *(database.with_name(database.name + end) for end in ("-wal", "-shm"))):
        # Another server may be closing and take -wal and -shm away meanwhile.
        with suppress(FileNotFoundError):
            if path.stat().st_mode & 0o077:
                path.chmod(0o600)


@lru_cache(maxsize=1)
def _revisions() -> tuple[str | None, frozenset[str]]:
    """The newest revision and all of them, by the files of this program: read once, for anybody may ask whether it is ready."""
    scripts = ScriptDirectory(str(MIGRATIONS))
    return scripts.get_current_head(), frozenset(script.revision for script in scripts.walk_revisions())


def _config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def _set_up_sqlite(connection: Any, record: Any) -> None:
    # The driver's own transaction handling would delay BEGIN until the first write: two readers could then both
    # decide to write on what they read. Off here; _begin_sqlite says BEGIN itself.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout={BUSY_SECONDS * 1000}")
    cursor.execute("PRAGMA journal_mode=WAL")
    # FULL: a commit that was acknowledged survives a power cut.
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA foreign_keys=ON")
    # What is erased is overwritten, not only let go of (service/keeping.py).
    cursor.execute("PRAGMA secure_delete=ON")
    # Else INSERT OR REPLACE takes a row away without asking the trigger that guards it.
    cursor.execute("PRAGMA recursive_triggers=ON")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    writing = connection.get_execution_options().get("foursight_write", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")
