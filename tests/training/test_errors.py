"""The causes that people found in wrong answers are of reports of dev, and are counted."""

from __future__ import annotations

import json
from io import StringIO

from rich.console import Console

from training.corpus import DATASETS, load_corpus
from training.errors import count_causes

CAUSES = DATASETS / "error_causes.jsonl"


def test_causes_are_of_dev_reports_once_each_and_all_are_counted() -> None:
    found = [json.loads(line) for line in CAUSES.read_text(encoding="utf-8").splitlines()]
    dev = {r.id for r in load_corpus().split("dev")}
    ids = [one["id"] for one in found]
    assert set(ids) <= dev and len(ids) == len(set(ids)), "test is never read for its errors before it is published"
    console = Console(width=200, record=True, quiet=False, file=StringIO())
    console.print(count_causes(CAUSES))
    text = console.export_text()
    assert f"{len(found)} wrong answers" in text and "one occasion" in text
