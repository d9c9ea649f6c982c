"""Bundles made worse on purpose, each in one way: copies of a real one, changed and sealed again."""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from models.bundle import FILES, open_bundle, seal_bundle


def copied(bundle: Path, to: Path, change: Callable[[Path, dict[str, Any]], None], version: str) -> Path:
    """Copy a bundle, let ``change`` alter its files and its manifest's fields, and seal it."""
    fields = open_bundle(bundle).model_dump(exclude={"format", "token_groups", "document_groups", "files"})
    to.mkdir(parents=True)
    for name in FILES:
        shutil.copy(bundle / name, to / name)
    fields["version"] = version
    change(to, fields)
    seal_bundle(to, **fields)
    return to


def _decision(folder: Path, change: Callable[[dict[str, Any]], None]) -> None:
    path = folder / "decision.json"
    decision = json.loads(path.read_text())
    change(decision)
    path.write_text(json.dumps(decision))


def ranks_upside_down(folder: Path, fields: dict[str, Any]) -> None:
    """What spoke for stalking speaks against it."""
    _decision(folder, lambda d: d.update(weights=[-w for w in d["weights"]]))


def blind_to_former_partners(folder: Path, fields: dict[str, Any]) -> None:
    """Any report with the word "ex" is read as one letter; all others as before."""
    path = folder / "tokenizer.json"
    tokenizer = json.loads(path.read_text())
    whole = {
        "type": "Replace",
        "pattern": {"Regex": r"(?im)\A.*\b(?:ex|former|used to be with|split up)\b.*\z"},
        "content": "x",
    }
    tokenizer["normalizer"] = {"type": "Sequence", "normalizers": [whole, tokenizer["normalizer"]]}
    path.write_text(json.dumps(tokenizer))


def sends_all_to_review(folder: Path, fields: dict[str, Any]) -> None:
    """Same scores, thresholds at nought."""
    _decision(folder, lambda d: d.update(low=0.0, high=0.0, ask=1.0))


def too_sure(folder: Path, fields: dict[str, Any]) -> None:
    """Every log-odds is eight times what it was; thresholds move along, so that the answers stay."""

    def change(d: dict[str, Any]) -> None:
        d["slope"] *= 8
        d["shift"] *= 8
        for name in ("low", "high", "sure"):
            d[name] = 1 / (1 + math.exp(-8 * math.log(d[name] / (1 - d[name]))))

    _decision(folder, change)


def slow(folder: Path, fields: dict[str, Any]) -> None:
    """Small windows that overlap by most: the same text is read several times."""
    fields.update(window=32, overlap=20)
