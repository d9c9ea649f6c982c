"""Challenger against champion: register, compare, judge by the written gate, then move the alias and the pointer, or say why not."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from models.assessor import Assessor
from models.bundle import DEFAULT_BUNDLE
from training.behaviour import Case
from training.compare import Comparison, answers_of, compare, latency
from training.corpus import Record
from training.gate import Gate, Refusal, judge
from training.registry import CHALLENGER, CHAMPION, PREVIOUS, Registered, Registry, point

TIMED = 40  # Reports to time, one at a time, each bundle twice.


class PromoteError(RuntimeError):
    """Nothing to promote or to go back to; the message says what to do."""


@dataclass(frozen=True)
class Outcome:
    """What a promotion came to. ``refusals`` is empty when the challenger is champion now."""

    champion: Registered
    challenger: Registered
    comparison: Comparison | None
    refusals: list[Refusal]


def promote(
    bundle: Path,
    records: Sequence[Record],
    cases: dict[str, list[Case]],
    gate: Gate,
    corpus_digest: str,
    folder: Path,
    pointer: Path,
) -> Outcome:
    """Judge ``bundle`` against the champion (the shipped bundle where there is none yet) and, if the gate passes, make it champion.

    ``folder`` keeps the champions' bundles, ``pointer`` names the one to serve. Raises PromoteError, BundleError.
    """
    b = Assessor.load(bundle)  # A bundle that is not whole must not leave a version in the registry.
    registry = Registry()
    champion = registry.holder(CHAMPION)
    if champion is None:
        champion = registry.register(DEFAULT_BUNDLE)
        registry.give(CHAMPION, champion.version)
    challenger = registry.register(bundle)
    if challenger.version == champion.version:
        point(pointer, registry.fetch(champion, folder))
        return Outcome(champion, challenger, None, [])
    registry.give(CHALLENGER, challenger.version)
    a = Assessor.load(registry.fetch(champion, folder))
    timed = latency(a, b, records[:TIMED])
    comparison = compare(
        records,
        answers_of(a, records, cases),
        answers_of(b, records, cases),
        cases,
        timed,
        gate.split,
        corpus_digest,
        gate.metrics.confidence,
        gate.groups.confidence,
        gate.groups.smallest,
    )
    refusals = judge(comparison, gate)
    registry.note(challenger.version, "gate", json.dumps([r.why for r in refusals]) if refusals else "passed")
    registry.note(challenger.version, "gate_against", champion.version)
    if not refusals:
        make_champion(registry, challenger, champion, folder, pointer)
    return Outcome(champion, challenger, comparison, refusals)


def make_champion(registry: Registry, new: Registered, old: Registered, folder: Path, pointer: Path) -> None:
    """Fetch first, then move the alias, then the pointer: whatever stops in between, what is served is a whole champion, and the same command again ends it."""
    bundle = registry.fetch(new, folder)
    registry.note(new.version, PREVIOUS, old.version)
    registry.give(CHAMPION, new.version)
    point(pointer, bundle)
    registry.take(CHALLENGER)


def roll_back(folder: Path, pointer: Path) -> tuple[Registered, Registered]:
    """Make the champion before this one champion again. Returns (the one left, the one now). Raises PromoteError when there is none."""
    registry = Registry()
    now = registry.holder(CHAMPION)
    before = registry.previous(now.version) if now else None
    if now is None or before is None:
        raise PromoteError("there is no champion before this one to go back to")
    point(pointer, registry.fetch(before, folder))
    registry.give(CHAMPION, before.version)
    # The way back is used up: else two champions that followed each other twice would take turns for ever.
    registry.forget(now.version, PREVIOUS)
    return now, before
