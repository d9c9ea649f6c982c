"""Reading many reports from a file: JSON Lines in the Report contract, or the CSV export of a recording system.

Lines are read one at a time, so a file of a million lines needs no more memory than one. A bad line becomes a ``BadLine`` that names the place and
the mend, and never repeats the text; the other lines are read all the same.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from pydantic import ValidationError

from models.contracts import Report
from nlp.text import MAX_CHARACTERS
from service.intake import BadLine, Fault, describe, parse_report

# A line may hold the longest text with every character escaped as \uXXXX\uXXXX, and the other fields.
MAX_LINE_BYTES = MAX_CHARACTERS * 12 + 10_000
FIELDS = tuple(Report.model_fields)


class FileError(ValueError):
    """A file that cannot be read at all; the message names it and the mend."""


@dataclass(frozen=True)
class GoodLine:
    """A report with the line it came from."""

    line: int
    report: Report


Line = GoodLine | BadLine


def read_json_lines(stream: BinaryIO) -> Iterator[Line]:
    """Yield the reports of JSON Lines in UTF-8, with or without a byte order mark. Blank lines are passed over."""
    number = 0
    while raw := stream.readline(MAX_LINE_BYTES + 1):
        number += 1
        if len(raw) > MAX_LINE_BYTES:
            while raw and not raw.endswith(b"\n"):
                raw = stream.readline(MAX_LINE_BYTES)
            yield BadLine(
                number,
                f"the line is longer than {MAX_LINE_BYTES:,} bytes; a text may have {MAX_CHARACTERS:,} characters",
            )
            continue
        if number == 1:
            raw = raw.removeprefix(b"\xef\xbb\xbf")
        if raw.strip():
            yield _json_line(number, raw)


def _json_line(number: int, raw: bytes) -> Line:
    found = parse_report(raw)
    return BadLine(number, found.message) if isinstance(found, Fault) else GoodLine(number, found)


def find_encoding(path: Path) -> str:
    """Return utf-8-sig where the whole file is UTF-8, else cp1252, as spreadsheet programs on Windows write."""
    decoder_error = False
    with path.open("rb") as file:
        try:
            for _ in io.TextIOWrapper(file, encoding="utf-8-sig", newline=""):
                pass
        except UnicodeDecodeError:
            decoder_error = True
    return "cp1252" if decoder_error else "utf-8-sig"


def read_csv(path: Path, text_column: str, reference_column: str | None, encoding: str | None = None) -> Iterator[Line]:
    """Yield the reports of a CSV export with a header row.

    Columns named like a Report field fill that field; every other column is passed over. Without ``reference_column`` the reference is the line number.
    Raises FileError when a named column is missing or the encoding is wrong.
    """
    chosen = encoding or find_encoding(path)
    csv.field_size_limit(MAX_LINE_BYTES)
    with path.open(encoding=chosen, newline="") as file:
        rows = csv.reader(file)
        try:
            header = [name.strip() for name in next(rows, [])]
        except (csv.Error, UnicodeDecodeError, LookupError) as error:
            raise FileError(
                f"{path}: the header cannot be read as {chosen} CSV ({type(error).__name__}); name the encoding with --encoding"
            ) from None
        for option, name in (("--text-column", text_column), ("--reference-column", reference_column)):
            if name is not None and name not in header:
                raise FileError(
                    f"{path}: no column {name!r} for {option}; the columns are: {', '.join(header) or 'none'}"
                )
        columns = {header.index(text_column): "text"}
        if reference_column is not None:
            columns[header.index(reference_column)] = "reference"
        columns |= {
            i: n for i, n in enumerate(header) if n in FIELDS and n not in ("text", "reference") and i not in columns
        }
        while True:
            line = rows.line_num + 1
            try:
                row = next(rows)
            except StopIteration:
                return
            except UnicodeDecodeError:
                raise FileError(f"{path}:{line}: not {chosen}; name the encoding with --encoding") from None
            except csv.Error as error:
                yield BadLine(line, f"not readable as CSV: {error}")
                continue
            if not any(cell.strip() for cell in row):
                continue
            if len(row) != len(header):
                yield BadLine(line, f"{len(row)} cells, but the header has {len(header)}; check the quotes")
                continue
            # An empty cell is a field that is not known; an empty text is a fault.
            values = {name: row[i] for i, name in columns.items() if row[i].strip() or name == "text"}
            values.setdefault("reference", f"line {line}")
            try:
                yield GoodLine(line, Report.model_validate(values))
            except ValidationError as error:
                yield BadLine(line, describe(error).message)


def open_input(path: Path, read: Callable[[], Iterator[Line]]) -> Iterator[Line]:
    """Start reading, with a clear FileError for a file that is missing, a folder or not allowed."""
    try:
        yield from read()
    except OSError as error:
        raise FileError(f"{path} cannot be read: {error.strerror or error}") from None
