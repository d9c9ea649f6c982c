"""A sample's results as a table for a spreadsheet."""

from __future__ import annotations

import csv
import io

from service.sampling.judges import kept_judges
from service.sampling.results import Line, Results

COLUMNS = ("measure", "attribute", "group", "value", "low", "high", "reports_read", "effective_size", "count", "count_low", "count_high")  # fmt: skip


def as_csv(found: Results) -> str:
    """Shares in [0, 1] with 95% limits, one line a measure and group; empty where there is nothing to say.

    Every line says which models judged the reports when the sample was drawn, so that tables of several samples can be put together.
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow((*COLUMNS, "corrected_for_reader_error", "models"))
    corrected = "yes" if found.errors is not None else "no"
    models = _safe("; ".join(map(str, kept_judges(found.sample.strata))))
    for line in (*found.lines, *(line for lines in found.groups.values() for line in lines)):
        writer.writerow((*_cells(line), corrected, models))
    return out.getvalue()


def _cells(line: Line) -> tuple[str, ...]:
    numbers = [f"{x:.4f}" if line.known else "" for x in (line.value, line.low, line.high)]
    counts = [f"{x:.1f}" if line.known else "" for x in line.count] if line.count else ["", "", ""]
    size = f"{line.size:.1f}" if line.known and line.size < 1e9 else ""
    return (line.measure, line.attribute, _safe(line.group), *numbers, str(line.reports), size, *counts)


def _safe(group: str) -> str:
    """A group may be the recording system's own word: one that a spreadsheet would run as a formula is set apart."""
    return f"'{group}" if group[:1] in ("=", "+", "-", "@", "\t", "\r") else group
