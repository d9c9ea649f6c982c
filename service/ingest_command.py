"""``foursight ingest`` and ``foursight reassess``: reports from a file into the queue, and a new model over what is there."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress

    from models.contracts import Report
    from service.assessing import Reader
    from service.batch import Line
    from service.intake import BadLine
    from service.store import Store

CHUNK = 32  # Reports kept in one transaction: a stop loses seconds of work, and nobody waits long for the lock.
SHOWN = 20  # Bad lines printed; --errors lists them all.


def register(app: typer.Typer) -> None:
    app.command("ingest")(ingest)
    app.command("reassess")(reassess)


def ingest(
    input_file: Annotated[Path, typer.Argument(help="JSON Lines or CSV; '-' is JSON Lines on standard input.")],
    text_column: Annotated[
        str | None, typer.Option(help="CSV: the column with the narrative. Makes the input CSV.")
    ] = None,
    reference_column: Annotated[str, typer.Option(help="CSV: the column with the reference.")] = "reference",
    encoding: Annotated[
        str | None, typer.Option(help="CSV: the encoding, where it is neither UTF-8 nor Windows-1252.")
    ] = None,
    errors: Annotated[Path | None, typer.Option(help="Also write the bad lines here, as JSON Lines.")] = None,
) -> None:
    """Keep reports and put them in the queue, each read by the model.

    \b
    foursight ingest reports.jsonl
    foursight ingest export.csv --text-column Narrative --reference-column "Crime No"

    Good lines are always kept; bad ones are listed with their line, and the exit code is then 2. Run it again after a stop: what is kept already is
    passed over. A reference that is known with another text becomes a new revision.
    """
    from service.batch import FileError, count_lines, lines_of
    from service.cli import fail, open_store

    if str(input_file) != "-" and not input_file.is_file():
        fail(f"{input_file}: {'is a folder' if input_file.is_dir() else 'no such file'}")
    if errors is not None and errors.exists() and str(input_file) != "-" and errors.samefile(input_file):
        fail(f"{errors} is the input; write to another file")
    try:
        lines, size = lines_of(input_file, text_column, reference_column, encoding)
        with open_store() as store, _reader() as reader, _errors(errors) as bad_file, _said() as (console, progress):
            run = _Run(store, reader, bad_file, lambda message: console.print(f"{input_file}:{message}"))
            task = progress.add_task("ingest", total=count_lines(input_file) if size else None)
            failure = _take_all(run, lines, lambda line: progress.update(task, completed=line))
            if run.lines:
                run.sum_up(console, listed=errors is not None)
        if failure is not None:
            raise failure
    except FileError as fault:
        fail(str(fault))
    if run.bad or not run.lines:
        if not run.lines:
            typer.echo(f"foursight: {input_file}: no reports in it", err=True)
        raise typer.Exit(2)


def reassess() -> None:
    """Have the model of FOURSIGHT_BUNDLE read every kept report that it has not read yet, and show what it says in the queue.

    After a roll-back nothing is read twice: what the older model said is shown again.

    What other models said stays on record. A stopped run goes on where it was.
    """
    from sqlalchemy import func, select

    from service.audit import COMMAND_LINE
    from service.cli import fail, open_store
    from service.ingest import reassess as run
    from service.store.tables import ReportRow

    with open_store() as store, _reader() as reader, _said() as (_, progress):
        with store.read() as session:
            task = progress.add_task("reassess", total=session.scalar(select(func.count()).select_from(ReportRow)))
        done, failed, shown = run(store, reader, COMMAND_LINE, lambda count: progress.update(task, completed=count))
        version = reader.info.version
    typer.echo(f"{done} reports read by {version}." if done or failed else f"Every report has been read by {version}.")
    if shown:
        typer.echo(f"{shown} that it had read before show what it says again.")
    if failed:
        fail(
            f"{failed} reports could not be read by the model; they keep what another one said, or wait in the queue as not assessed."
        )


class _Run:
    """Keeps lines in chunks and says what is bad."""

    def __init__(self, store: Store, reader: Reader, bad_file: IO[str] | None, say: Callable[[str], None]) -> None:
        from service.ingest import Once

        self.store, self.reader, self.bad_file, self.say = store, reader, bad_file, say
        self.once = Once()
        self.waiting: list[Report] = []
        self.bad = self.lines = self.unread = 0
        self.counts = {"created": 0, "revised": 0, "unchanged": 0}

    def take(self, line: Line) -> None:
        from service.intake import BadLine

        self.lines += 1
        bad = line if isinstance(line, BadLine) else self.once.refuse(line.line, line.report)
        if bad is not None:
            self.refuse(bad)
        elif not isinstance(line, BadLine):
            self.waiting.append(line.report)
            if len(self.waiting) == CHUNK:
                self.flush()

    def refuse(self, line: BadLine) -> None:
        self.bad += 1
        if self.bad <= SHOWN:
            self.say(f"{line.number}: {line.message}")
        if self.bad_file is not None:
            self.bad_file.write(json.dumps({"line": line.number, "message": line.message}) + "\n")

    def flush(self) -> None:
        from service.audit import COMMAND_LINE
        from service.ingest import read_and_keep

        waiting, self.waiting = self.waiting, []
        for kept in read_and_keep(self.store, self.reader, waiting, COMMAND_LINE):
            self.counts[kept.outcome.value] += 1
            self.unread += kept.suggestion is None

    def sum_up(self, console: Console, listed: bool) -> None:
        if self.bad > SHOWN:
            more = f"… and {self.bad - SHOWN} more bad lines"
            console.print(more if listed else f"{more}; list them all with --errors FILE")
        new, revised, known = self.counts.values()
        console.print(f"{new} new, {revised} revised, {known} known already, {self.bad} bad lines left out")
        if self.unread:
            console.print(
                f"{self.unread} of them could not be read by the model; they wait in the queue as not assessed"
            )


def _take_all(run: _Run, lines: Iterator[Line], progress: Callable[[int], None]) -> Exception | None:
    """Take every line; gives the fault of a file that breaks off, when what came before it has been kept."""
    from service.batch import FileError
    from service.intake import BadLine

    failure = None
    try:
        for line in lines:
            progress(line.number if isinstance(line, BadLine) else line.line)
            run.take(line)
    except FileError as fault:
        failure = fault
    run.flush()
    return failure


@contextmanager
def _reader() -> Iterator[Reader]:
    """The model of the settings; what goes wrong with it, or with the database meanwhile, becomes one sentence."""
    from sqlalchemy.exc import SQLAlchemyError

    from models.bundle import BundleError
    from service.cli import fail
    from service.settings import Settings
    from service.swap import load_reader

    try:
        yield load_reader(Settings())
    except BundleError as fault:
        fail(str(fault))
    except SQLAlchemyError as fault:
        fail(f"the database failed ({type(fault).__name__}); what was kept before stays. Mend it and run this again.")


@contextmanager
def _errors(path: Path | None) -> Iterator[IO[str] | None]:
    from service.cli import fail

    if path is None:
        yield None
        return
    try:
        file = path.open("w", encoding="utf-8")
    except OSError as fault:
        fail(f"{path} cannot be written: {fault.strerror or fault}")
    with file:
        yield file


@contextmanager
def _said() -> Iterator[tuple[Console, Progress]]:
    """Standard error, with a progress bar where it is a terminal."""
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    console = Console(stderr=True, highlight=False, markup=False, soft_wrap=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as progress:
        yield console, progress
