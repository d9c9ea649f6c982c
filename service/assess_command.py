"""``foursight assess``: one text, a file of reports, or standard input."""

from __future__ import annotations

import json
import os
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated, NoReturn

import typer

if TYPE_CHECKING:
    from models.assessor import Assessor
    from service.batch import GoodLine, Line
    from service.intake import BadLine

CHUNK = 64  # Reports read together: enough to fill the cores, few enough that a stop loses seconds.
SHOWN = 20  # Bad lines printed; --errors lists them all.


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("assess")(assess)


def assess(
    text: Annotated[
        str | None, typer.Argument(help="One report's text. '-' reads one text from standard input.")
    ] = None,
    input_file: Annotated[
        Path | None, typer.Option("--input", "-i", help="JSON Lines or CSV; '-' is JSON Lines on standard input.")
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Write assessments here, one JSON object a line; else to standard output."),
    ] = None,
    text_column: Annotated[
        str | None, typer.Option(help="CSV: the column with the narrative. Makes the input CSV.")
    ] = None,
    reference_column: Annotated[str | None, typer.Option(help="CSV: the column with the reference.")] = None,
    encoding: Annotated[
        str | None, typer.Option(help="CSV: the encoding, where it is neither UTF-8 nor Windows-1252.")
    ] = None,
    errors: Annotated[Path | None, typer.Option(help="Also write the bad lines here, as JSON Lines.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on where a stopped run left --output.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for a single text on a terminal too.")] = False,
    bundle: Annotated[
        Path | None,
        typer.Option(
            envvar="FOURSIGHT_BUNDLE",
            help="Another bundle than the shipped one: its folder, or the file that foursight promote writes.",
        ),
    ] = None,
) -> None:
    """Assess reports: does the text describe stalking, and why?

    \b
    foursight assess "He has been outside my work every night since we split up."
    foursight assess --input reports.jsonl --output assessments.jsonl
    foursight assess --input export.csv --text-column Narrative --reference-column "Crime No"
    other-program | foursight assess > assessments.jsonl

    A line of JSON Lines is {"reference": "…", "text": "…"}, with any of recorded_offence, reported_at, occurred_from, occurred_to, source,
    victim_ref and suspect_ref. Good lines are always assessed; bad ones are listed with their line, and the exit code is then 2.
    """
    from models.assessor import Assessor
    from models.bundle import DEFAULT_BUNDLE, BundleError, pointed_at
    from service.batch import FileError, lines_of

    if text is not None and input_file is not None:
        _stop("give a text or --input, not both")
    if text is None and input_file is None:
        if sys.stdin.isatty():
            _stop(
                "nothing to assess: give a text in quotes, or --input FILE, or pipe JSON Lines in. See foursight assess --help"
            )
        input_file = Path("-")
    if resume and output is None:
        _stop("--resume needs --output: it goes on from what is already there")
    if input_file is not None and str(input_file) != "-":
        if not input_file.exists() or input_file.is_dir():
            _stop(f"{input_file}: {'is a folder' if input_file.is_dir() else 'no such file'}")
        for written in (output, errors):
            if written is not None and written.exists() and written.samefile(input_file):
                _stop(f"{written} is the input; write to another file")
    if output is not None and output == errors:
        _stop("--output and --errors must be two files")
    try:
        assessor = Assessor.load(pointed_at(bundle or DEFAULT_BUNDLE))
        if text is not None:
            _one(assessor, _from_stdin() if text == "-" else text, as_json, output)
            return
        assert input_file is not None
        lines, size = lines_of(input_file, text_column, reference_column, encoding)
        bad = _many(assessor, lines, size, output, errors, resume, input_file)
    except (BundleError, FileError) as error:
        _stop(str(error))
    except BrokenPipeError:
        # The reader of our output went away; Python must not complain at exit either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(1) from None
    except OSError as error:
        _stop(
            f"{error.filename or output or 'output'}: {error.strerror or error}. What was assessed so far is kept; run again with --resume"
        )
    if bad:
        raise typer.Exit(2)


def _stop(message: str) -> NoReturn:
    typer.echo(f"foursight: {message}", err=True)
    raise typer.Exit(2)


def _from_stdin() -> str:
    raw = sys.stdin.buffer.read()
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        _stop(f"standard input is not UTF-8 at byte {error.start + 1}; convert it first")


def _one(assessor: Assessor, text: str, as_json: bool, output: Path | None) -> None:
    from pydantic import ValidationError
    from rich.console import Console

    from models.contracts import Report
    from service.intake import describe
    from service.present import show

    try:
        assessment = assessor.assess(Report(reference="text", text=text))
    except ValidationError as error:
        _stop(describe(error).message)
    if output is not None:
        output.write_text(assessment.model_dump_json() + "\n", encoding="utf-8")
    elif sys.stdout.isatty() and not as_json:
        show(Console(), text, assessment)
    else:
        print(assessment.model_dump_json())


def _many(
    assessor: Assessor,
    lines: Iterator[Line],
    size: int,
    output: Path | None,
    errors: Path | None,
    resume: bool,
    source: Path,
) -> int:
    """Assess line by line in chunks; return the number of bad lines."""
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    from service.batch import FileError, count_lines
    from service.intake import BadLine

    stderr = Console(stderr=True, highlight=False, markup=False, soft_wrap=True)
    done = _already(output, assessor.info.digest) if resume and output is not None else Counter[str]()
    out: IO[str] = output.open("a" if resume else "w", encoding="utf-8") if output is not None else sys.stdout
    bad_file = errors.open("w", encoding="utf-8") if errors is not None else None
    run = _Run(assessor, out, bad_file, lambda message: stderr.print(f"{source}:{message}"))
    columns = (TextColumn("assessing"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    failure: FileError | None = None
    try:
        with Progress(*columns, console=stderr, disable=not stderr.is_terminal, transient=True) as progress:
            task = progress.add_task("assess", total=count_lines(source) if size else None)
            try:
                for line in lines:
                    progress.update(task, completed=line.number if isinstance(line, BadLine) else line.line)
                    if isinstance(line, BadLine):
                        run.refuse(line)
                    elif done[line.report.reference] > 0:
                        done[line.report.reference] -= 1
                        run.skipped += 1
                    else:
                        run.take(line)
            except FileError as error:
                failure = error  # what was read before it is still assessed
            run.flush()
    finally:
        if output is not None:
            out.close()
        if bad_file is not None:
            bad_file.close()
    if run.bad > SHOWN:
        stderr.print(
            f"… and {run.bad - SHOWN} more bad lines" + ("" if errors else "; list them all with --errors FILE")
        )
    if run.bad or stderr.is_terminal or run.skipped:
        stderr.print(f"{run.assessed} assessed, {run.bad} bad lines left out, {run.skipped} done before")
    if failure is not None:
        raise failure
    if not run.assessed + run.bad + run.skipped:
        stderr.print(f"{source}: no reports in it")
        return 1
    return run.bad


class _Run:
    """Assesses lines in chunks, writes what is good, says what is bad."""

    def __init__(self, assessor: Assessor, out: IO[str], bad_file: IO[str] | None, say: Callable[[str], None]) -> None:
        self.assessor, self.out, self.bad_file, self.say = assessor, out, bad_file, say
        self.waiting: list[GoodLine] = []
        self.assessed = self.bad = self.skipped = 0

    def take(self, line: GoodLine) -> None:
        self.waiting.append(line)
        if len(self.waiting) == CHUNK:
            self.flush()

    def flush(self) -> None:
        waiting, self.waiting = self.waiting, []
        try:
            self._write(waiting)
        except OSError:
            raise  # the disk, not a report
        except Exception:
            # One report that fails must not take its neighbours with it. The fault may quote the text, so it is not shown.
            for line in waiting:
                self._alone(line)

    def refuse(self, line: BadLine) -> None:
        self.bad += 1
        if self.bad <= SHOWN:
            self.say(f"{line.number}: {line.message}")
        if self.bad_file is not None:
            self.bad_file.write(json.dumps({"line": line.number, "message": line.message}) + "\n")

    def _alone(self, line: GoodLine) -> None:
        from service.intake import BadLine

        try:
            self._write([line])
        except OSError:
            raise
        except Exception as error:
            self.refuse(
                BadLine(
                    line.line, f"the model could not read this report ({type(error).__name__}); please tell the makers"
                )
            )

    def _write(self, lines: list[GoodLine]) -> None:
        text = "".join(a.model_dump_json() + "\n" for a in self.assessor.assess_many([line.report for line in lines]))
        self.out.write(text)
        self.out.flush()
        self.assessed += len(lines)


def _already(output: Path, digest: str) -> Counter[str]:
    """Return how often each reference stands in a stopped run's output, and cut a half-written last line off."""
    done: Counter[str] = Counter()
    if not output.exists():
        return done
    whole = 0
    with output.open("rb") as file:
        for number, raw in enumerate(file, 1):
            if not raw.endswith(b"\n"):
                break
            whole += len(raw)
            if not raw.strip():
                continue
            try:
                found = json.loads(raw)
                reference, model = str(found["reference"]), found["model"]["digest"]
            except (ValueError, KeyError, TypeError):
                _stop(f"{output}:{number} is not an assessment; --resume goes on from a stopped run's own output")
            if model != digest:
                _stop(f"{output} was made with another model; start afresh without --resume")
            done[reference] += 1
    with output.open("rb+") as file:
        file.truncate(whole)
    return done
