"""The sample reports that a first run shows: written reports from the test split, which the shipped model was not trained on."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from models.contracts import Report
from nlp.taxonomy import Style
from training.corpus import Record


def choose_samples(records: Sequence[Record], count: int, seed: int = 1) -> list[Report]:
    """Choose ``count`` reports, as many of each style as can be, never two of one contrast pair, and date them over one month."""
    chance = random.Random(seed)
    pairs = {r.pair for r in records if r.pair}
    pool = {style: [r for r in records if r.style is style and r.pair is None] for style in Style}
    for reports in pool.values():
        chance.shuffle(reports)
        # Originals of pairs and single reports alike, so that no kind is left out.
        reports.sort(key=lambda r: (r.id in pairs) and chance.random() < 0.5)
    chosen: list[Record] = []
    while len(chosen) < count and any(pool.values()):
        for reports in pool.values():
            if reports and len(chosen) < count:
                chosen.append(reports.pop())
    chance.shuffle(chosen)
    start = datetime(2026, 10, 1, 8, 0, tzinfo=UTC)
    return [
        Report(
            reference=f"SAMPLE-{number:03d}",
            text=record.text,
            recorded_offence=record.recorded_offence,
            reported_at=start + timedelta(minutes=number * 720 + chance.randrange(600)),
            source=record.style.value,
        )
        for number, record in enumerate(chosen, 1)
    ]


def write_samples(path: Path, reports: Sequence[Report]) -> None:
    """Write JSON Lines in the Report contract, without the fields that are not known."""
    lines = (json.dumps(r.model_dump(mode="json", exclude_none=True), ensure_ascii=False) for r in reports)
    path.write_text("".join(line + "\n" for line in lines), encoding="utf-8")
