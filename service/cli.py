"""The ``foursight`` command. What a command needs is imported when it runs, so that ``--help`` answers at once."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

if TYPE_CHECKING:
    from service.policy import AccountRole
    from service.store import Store

app = typer.Typer(
    name="foursight",
    help="Reads harassment reports and shows reviewers, with reasons, which describe stalking.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,  # its tracebacks print local variables, which hold report text
    context_settings={"help_option_names": ["-h", "--help"]},
)
users = typer.Typer(help="People who sign in to the console.", no_args_is_help=True)
keys = typer.Typer(help="Keys with which systems call the API.", no_args_is_help=True)
app.add_typer(users, name="users")
app.add_typer(keys, name="keys")

EXTRA = "train"


def fail(message: str) -> NoReturn:
    """Say one clear sentence on standard error and leave with 2, the code for wrong input."""
    typer.echo(f"foursight: {message}", err=True)
    raise typer.Exit(2)


@contextmanager
def open_store() -> Iterator[Store]:
    """The migrated store; what goes wrong with it becomes one sentence."""
    from pydantic import ValidationError

    from service.auth import AuthError
    from service.settings import Settings, SettingsError
    from service.store import Store, StoreError

    try:
        store = Store(Settings().url)
        try:
            store.upgrade()
            yield store
        finally:
            store.close()
    except ValidationError as fault:
        fail(_settings_fault(fault))
    except (AuthError, SettingsError, StoreError) as fault:
        fail(str(fault))


def _settings_fault(fault: object) -> str:
    errors = fault.errors(include_input=False, include_url=False)  # type: ignore[attr-defined]
    parts = [f"FOURSIGHT_{'_'.join(str(p) for p in e['loc']).upper()}: {e['msg']}" for e in errors]
    return "; ".join(parts) + ". See docs/service.md."


@app.command()
def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on (FOURSIGHT_HOST).")] = None,
    port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="Port to listen on (FOURSIGHT_PORT); 0 picks a free one.")
    ] = None,
    samples: Annotated[bool, typer.Option("--samples", help="Load the sample reports and a first sign-in.")] = False,
) -> None:
    """Serve the API and the console."""
    from pydantic import ValidationError

    from models.bundle import BundleError
    from service.app import load_reader
    from service.demo import SamplesError, load_samples
    from service.server import ServerError, listen, run
    from service.settings import Settings, SettingsError
    from service.store import Store, StoreError

    def announce(address: str) -> None:
        typer.echo(f"Foursight is at {address} (API: {address}/docs). Stop it with Ctrl+C.")
        if credentials and credentials.password:
            typer.echo(f"Sign in as {credentials.name} with the password {credentials.password}")
        elif credentials:
            typer.echo(
                f"Sign in as {credentials.name}; set a new password with: foursight users password {credentials.name}"
            )
        sys.stdout.flush()

    try:
        given = {"host": host, "port": port}
        settings = Settings(**{name: value for name, value in given.items() if value is not None})  # type: ignore[arg-type]
        _ = settings.secret
        # The port first, so that one in use is told before anything slow. One model, for the samples and the service.
        with listen(settings.host, settings.port) as listener:
            store = Store(settings.url)
            store.upgrade()
            reader = load_reader(settings)
            credentials = load_samples(settings, store, reader) if samples else None
            run(settings, store, reader, listener, announce)
    except ValidationError as fault:
        fail(_settings_fault(fault))
    except (BundleError, SamplesError, ServerError, SettingsError, StoreError) as fault:
        fail(str(fault))


@users.command("add")
def users_add(
    name: str,
    role: Annotated[str, typer.Option(help="reviewer, qa_lead, data_scientist or administrator.")],
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Read the password from standard input.")
    ] = False,
) -> None:
    """Add a person. Without --password-stdin a password is made and shown once."""
    from service import auth
    from service.audit import COMMAND_LINE

    wanted = _role(role)
    password = sys.stdin.readline().rstrip("\r\n") if password_stdin else auth.new_password()
    with open_store() as store, store.write() as session:
        account = auth.add_account(session, name, wanted, password, COMMAND_LINE)
    typer.echo(f"Added {account.name} ({wanted.value}).")
    if not password_stdin:
        typer.echo(f"Password, shown once: {password}")


@users.command("list")
def users_list() -> None:
    """List the people who can sign in."""
    from sqlalchemy import select

    from service.store.tables import AccountRow

    with open_store() as store, store.read() as session:
        for row in session.scalars(select(AccountRow).order_by(AccountRow.name)):
            seen = f"{row.signed_in_at:%Y-%m-%d %H:%M}" if row.signed_in_at else "never"
            typer.echo(f"{row.name}\t{row.role}\t{'disabled' if row.disabled_at else 'active'}\tlast sign-in {seen}")


@users.command("disable")
def users_disable(name: str) -> None:
    """Disable a person at once, and end their sessions."""
    _set_disabled(name, True)


@users.command("enable")
def users_enable(name: str) -> None:
    """Let a disabled or locked person sign in again."""
    _set_disabled(name, False)


@users.command("password")
def users_password(
    name: str,
    password_stdin: Annotated[bool, typer.Option("--password-stdin", help="Read it from standard input.")] = False,
) -> None:
    """Give a person a new password and end their sessions."""
    from service import auth
    from service.audit import COMMAND_LINE

    password = sys.stdin.readline().rstrip("\r\n") if password_stdin else auth.new_password()
    with open_store() as store, store.write() as session:
        auth.set_password(session, name, password, COMMAND_LINE)
    typer.echo("Password set." if password_stdin else f"Password, shown once: {password}")


@keys.command("add")
def keys_add(
    name: str,
    role: Annotated[
        str, typer.Option(help="For a system: recording_system, data_scientist or administrator.")
    ] = "recording_system",
    person: Annotated[
        str | None, typer.Option(help="Make it the key of this person: it acts as they do, with their role.")
    ] = None,
) -> None:
    """Make a key for a system, or for a person, and show it once."""
    from service import auth
    from service.audit import COMMAND_LINE

    wanted = _role(role)
    with open_store() as store, store.write() as session:
        if person is not None:
            key = auth.add_personal_key(session, name, person, COMMAND_LINE)
        else:
            key = auth.add_key(session, name, wanted, COMMAND_LINE)
    typer.echo(f"Key for {name} ({person or wanted.value}), shown once: {key}")


@keys.command("list")
def keys_list() -> None:
    """List the keys by id and name; the keys themselves cannot be shown again."""
    from sqlalchemy import select

    from service.store.tables import KeyRow

    with open_store() as store, store.read() as session:
        for row in session.scalars(select(KeyRow).order_by(KeyRow.name)):
            typer.echo(
                f"{row.id}\t{row.name}\t{row.role}\t{'revoked' if row.revoked_at else 'active'}\tmade {row.created_at:%Y-%m-%d}"
            )


@keys.command("revoke")
def keys_revoke(which: Annotated[str, typer.Argument(help="The key's name or id.")]) -> None:
    """Revoke a key at once."""
    from service import auth
    from service.audit import COMMAND_LINE

    with open_store() as store, store.write() as session:
        auth.revoke_key(session, which, COMMAND_LINE)
    typer.echo("Revoked.")


def _set_disabled(name: str, disabled: bool) -> None:
    from service import auth
    from service.audit import COMMAND_LINE

    with open_store() as store, store.write() as session:
        auth.set_disabled(session, name, disabled, COMMAND_LINE)
    typer.echo("Disabled." if disabled else "Enabled.")


def _role(role: str) -> AccountRole:
    from service.policy import AccountRole

    try:
        return AccountRole(role)
    except ValueError:
        fail(f"there is no role of that name; use one of {', '.join(AccountRole)}.")


# Further commands

# What the training libraries bring, by name: without them each still exists, to say how to get it. A test holds the list to what is registered.
TRAINING_COMMANDS = (
    "train", "recalibrate", "evaluate", "errors", "behaviour", "corpus", "compare", "promote", "drift", "measure-reading", "train-entities",
)  # fmt: skip


def register_further() -> None:
    """Add the commands that live elsewhere: those of the service, and those that need the training libraries."""
    for name in (
        "assess_command",
        "audit_command",
        "decisions_command",
        "ingest_command",
        "keeping_command",
        "sample_command",
    ):
        import_module(f"service.{name}").register(app)
    for entry in sorted(entry_points(group="foursight.commands"), key=lambda found: found.name):
        try:
            entry.load()(app)
        except ImportError as fault:
            for name in TRAINING_COMMANDS:
                _explain_missing(name, str(fault.name or "a library"))


def _explain_missing(name: str, library: str) -> None:
    """A command that cannot be had here still exists, to say how to get it."""

    @app.command(
        name,
        help=f"Needs the {EXTRA} extra, which is not installed.",
        context_settings={"ignore_unknown_options": True, "allow_extra_args": True},
    )
    def explain() -> None:
        fail(_missing(library))


def _missing(library: str) -> str:
    return f"this needs {library}, which serving does not; install it with: pip install 'foursight[{EXTRA}]'"


def main() -> None:
    """The entry point of the ``foursight`` script."""
    own = {"serve", "users", "keys"}
    if own & set(sys.argv[1:2]):
        os.umask(0o077)  # the database, its journal and what lies beside them are for their owner only
    else:
        register_further()
    try:
        app()
    except ModuleNotFoundError as fault:
        if fault.name is None or fault.name.partition(".")[0] in {"nlp", "models", "training", "service"}:
            raise
        typer.echo(f"foursight: {_missing(fault.name)}", err=True)
        sys.exit(2)
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
