"""Reading many reports from a file: JSON Lines in the Report contract, or the CSV export of a recording system.

Lines are read one at a time, so a file of a million lines needs no more memory than one. A bad line becomes a ``BadLine`` that names the place and
the mend, and never repeats the text; the other lines are read all the same.
"""

from __future__ import annotations

import codecs
import csv
import re
import sys
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import BinaryIO

from pydantic import ValidationError

from models.contracts import Report
from nlp.text import MAX_CHARACTERS
from service.intake import BadLine, Fault, describe, parse_report

# A line may hold the longest text with every character escaped as \uXXXX\uXXXX, and the other fields.
MAX_LINE_BYTES = MAX_CHARACTERS * 12 + 10_000
FIELDS = tuple(Report.model_fields)
BOM = b"\xef\xbb\xbf"
# What a column's name looks like; anything else in a first line may be a report, and is not shown.
_COLUMN = re.compile(r"[\w .()/#-]{1,40}")


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
            raw = raw.removeprefix(BOM)
        if raw.strip():
            found = parse_report(raw)
            yield BadLine(number, found.message) if isinstance(found, Fault) else GoodLine(number, found)


def find_encoding(path: Path) -> str:
    """Return utf-8 or cp1252 (as spreadsheet programs on Windows write), by the lines that are not plain ASCII.

    One such line that is good UTF-8 settles it for UTF-8: Windows-1252 text is hardly ever good UTF-8, while one damaged byte is easily had.
    """
    with path.open("rb") as file:
        odd = [0, 0]
        for raw in file:
            if not raw.isascii():
                try:
                    raw.decode("utf-8")
                    odd[0] += 1
                except UnicodeDecodeError:
                    odd[1] += 1
    return "cp1252" if odd[1] and not odd[0] else "utf-8"


def read_csv(
    path: Path, text_column: str, reference_column: str | None = None, encoding: str | None = None
) -> Iterator[Line]:
    """Yield the reports of a CSV export with a header row.

    Columns named like a Report field fill that field; every other column is passed over. Without a reference the line number stands for it.
    Raises FileError when a named column is missing or the encoding is not known.
    """
    try:
        codec = codecs.lookup(encoding or find_encoding(path)).name
    except LookupError:
        raise FileError(f"there is no encoding {encoding!r}; try utf-8, cp1252 or utf-16") from None
    csv.field_size_limit(MAX_LINE_BYTES)
    with path.open(encoding=codec, errors="surrogateescape", newline="") as file:
        lines = _Lines(file)
        header = [name.strip().removeprefix("\ufeff") for name in next(csv.reader(lines), [])]
        columns = _columns(path, header, text_column, reference_column)
        while (record := lines.record(len(header))) is not None:
            line, row = record
            if isinstance(row, str):
                yield BadLine(line, row)
            elif any(cell.strip() for cell in row):
                yield _csv_report(line, row, columns)


def _columns(path: Path, header: list[str], text_column: str, reference_column: str | None) -> dict[int, str]:
    """Return which cell fills which field; FileError when a column is not there."""
    for option, name in (("--text-column", text_column), ("--reference-column", reference_column)):
        if name is not None and name not in header:
            named = [n for n in header if _COLUMN.fullmatch(n)][:30]
            hidden = len(header) - len(named)
            more = f", and {hidden} that do not look like names (is the first line the header?)" if hidden else ""
            raise FileError(
                f"{path}: no column {name!r} for {option}; the columns are: {', '.join(named) or 'none'}{more}"
            )
    columns = {header.index(text_column): "text"}
    if reference_column is not None:
        columns[header.index(reference_column)] = "reference"
    taken = set(columns.values())
    return columns | {i: n for i, n in enumerate(header) if n in FIELDS and n not in taken and i not in columns}


def _csv_report(line: int, row: list[str], columns: dict[int, str]) -> Line:
    # An empty cell is a field that is not known; an empty text is a fault.
    values = {name: row[i] for i, name in columns.items() if row[i].strip() or name == "text"}
    values.setdefault("reference", f"line {line}")
    if any("\udc80" <= c <= "\udcff" for value in values.values() for c in value):
        return BadLine(
            line, "a byte that is not in the file's encoding; correct it, or name the encoding with --encoding"
        )
    try:
        return GoodLine(line, Report.model_validate(values))
    except ValidationError as error:
        return BadLine(line, describe(error).message)


class _Lines:
    """Physical lines of a CSV with their numbers, some of which can be put back.

    A stray quote makes a CSV reader swallow line after line until the next quote. Each record is therefore read by itself, and one that has swallowed
    what look like other records is refused at its first line only: the lines after it are read again.
    """

    def __init__(self, file: Iterator[str]) -> None:
        self.file, self.number, self.waiting = file, 0, deque[str]()
        self.taken: list[str] = []

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self.waiting.popleft() if self.waiting else next(self.file)
        self.number += 1
        self.taken.append(line)
        if sum(map(len, self.taken)) > MAX_LINE_BYTES:
            raise csv.Error("too long")
        return line

    def record(self, width: int) -> tuple[int, list[str] | str] | None:
        """Return the next record with its first line's number, or why it is bad; None at the end."""
        self.taken, first = [], self.number + 1
        try:
            row = next(csv.reader(self, strict=True))
        except StopIteration:
            return None
        except csv.Error:
            return self._only_first(first, "a quote is not closed or not doubled; check the quotes")
        inner = [line for line in self.taken[1:-1] if line.count(",") == width - 1 and line.count('"') % 2 == 0]
        if width > 1 and len(inner) > 2 and len(inner) > len(self.taken) // 2:
            return self._only_first(
                first, "a quote is not closed and would swallow the lines after it; check the quotes"
            )
        if len(row) != width and any(cell.strip() for cell in row):
            return self._only_first(first, f"{len(row)} cells, but the header has {width}; check the quotes")
        return first, row

    def _only_first(self, first: int, message: str) -> tuple[int, str]:
        self.waiting.extendleft(reversed(self.taken[1:]))
        self.number = first
        return first, message


def open_input(path: Path, read: Callable[[], Iterator[Line]]) -> Iterator[Line]:
    """Start reading, with a clear FileError for a file that is missing, a folder or not allowed."""
    try:
        yield from read()
    except OSError as error:
        raise FileError(f"{path} cannot be read: {error.strerror or error}") from None


def lines_of(
    path: Path, text_column: str | None, reference_column: str | None, encoding: str | None
) -> tuple[Iterator[Line], int]:
    """Return the lines of the input and its size in bytes, 0 where it cannot be known."""
    if str(path) == "-":
        if text_column:
            raise FileError(
                "CSV cannot be read from standard input: its encoding is found by reading it twice. Give a file"
            )
        return read_json_lines(sys.stdin.buffer), 0
    if path.suffix.lower() == ".csv" or text_column:
        if not text_column:
            raise FileError(f"{path}: a CSV needs --text-column, the name of the column with the narrative")
        return open_input(path, partial(read_csv, path, text_column, reference_column, encoding)), path.stat().st_size
    file = path.open("rb")
    return open_input(path, partial(read_json_lines, file)), path.stat().st_size


def count_lines(path: Path) -> int:
    """How many lines a file has, for a progress bar."""
    count = 0
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            count += block.count(b"\n")
    return count
