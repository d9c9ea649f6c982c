"""Two bundles side by side on the same reports: every figure with the interval of the difference, by group too, and the reports on which they differ.

The bootstrap is paired (Efron and Tibshirani 1993, ch. 13): both bundles are measured on the same draws, and contrast pairs are drawn together. A
difference is B minus A, turned so that more than nought is better.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from pydantic import BaseModel
from rich.console import Console
from rich.table import Table as Printed

from models.assessor import Assessor
from models.contracts import Assessment, ModelInfo
from models.intervals import wilson
from training import metrics
from training.behaviour import Answer, Case, reader_of, run_cases
from training.corpus import Record
from training.evaluate import GROUPINGS, assess, report_of
from training.figures import FIGURES, Indices, Table, table

TIMES = 1000
# What is compared in each group: finding, and crying wolf.
GROUP_FIGURES = ("recall_flagged", "recall_reviewed", "false_review")


class Difference(BaseModel):
    """One figure of A and B. ``gain`` is how much better B is (below nought: worse), with its interval; NaN figures are left out before."""

    name: str
    reports: int
    a: float
    b: float
    gain: float
    low: float
    high: float


class Differing(BaseModel):
    """A report that the two answer differently; ids only, never text."""

    id: str
    label: str
    a: str
    b: str
    a_probability: float
    b_probability: float


class BehaviourPair(BaseModel):
    """How two bundles do on the hand-written cases of one capability; ``broken``: ids of those that only A passes."""

    cases: int
    a: int
    b: int
    broken: list[str]
    mended: list[str]


class Comparison(BaseModel):
    """Everything that ``foursight compare`` prints and that the gate judges."""

    a: ModelInfo
    b: ModelInfo
    split: str
    corpus_digest: str
    confidence: float
    group_confidence: float
    metrics: dict[str, Difference]
    groups: dict[str, Difference]
    differing: list[Differing]
    behaviour: dict[str, BehaviourPair]
    latency_ms: tuple[float, float]


@dataclass(frozen=True)
class Side:
    """One bundle's answers."""

    info: ModelInfo
    assessments: list[Assessment]
    cases: dict[str, Answer]


def answers_of(assessor: Assessor, records: Sequence[Record], cases: dict[str, list[Case]]) -> Side:
    """Read the reports and the texts of the behavioural cases with one bundle."""
    name = f"{assessor.info.name} {assessor.info.version}"
    assessments = assess(assessor, records, name)
    texts = list(dict.fromkeys(t for group in cases.values() for case in group for t in case.texts))
    return Side(assessor.info, assessments, dict(zip(texts, reader_of(assessor)(texts), strict=True)))


def compare(
    records: Sequence[Record],
    a: Side,
    b: Side,
    cases: dict[str, list[Case]],
    latency_ms: tuple[float, float],
    split: str,
    corpus_digest: str,
    confidence: float = 0.95,
    group_confidence: float = 0.99,
    smallest_group: int = 20,
) -> Comparison:
    """Compare two bundles' answers. Groups of fewer than ``smallest_group`` clear reports are left out: they can show nothing."""
    tables = (table(records, a.assessments), table(records, b.assessments))
    draws = list(_draws(records))
    everyone = np.arange(len(records))
    found = {name: difference(name, tables, everyone, draws, confidence) for name in FIGURES}
    groups: dict[str, Difference | None] = {}
    for grouping, key in GROUPINGS.items():
        if grouping == "desk":
            continue  # writers are not a group of people
        keys = np.array([str(key(r)) for r in records])  # type: ignore[no-untyped-call]
        for value in sorted(set(keys)):
            members = keys == value
            if (members & tables[0].clear).sum() < smallest_group:
                continue
            inside = [d[members[d]] for d in draws]
            for name in GROUP_FIGURES:
                label = f"{grouping} {value}: {FIGURES[name].title}"
                groups[label] = difference(name, tables, everyone[members], inside, group_confidence)
    return Comparison(
        a=a.info,
        b=b.info,
        split=split,
        corpus_digest=corpus_digest,
        confidence=confidence,
        group_confidence=group_confidence,
        metrics={n: d for n, d in found.items() if d is not None},
        groups={n: d for n, d in groups.items() if d is not None},
        differing=differing(records, a.assessments, b.assessments),
        behaviour=behaviour_pairs(cases, a, b),
        latency_ms=latency_ms,
    )


def difference(
    name: str, tables: tuple[Table, Table], members: Indices, draws: Sequence[Indices], confidence: float
) -> Difference | None:
    """Return one figure of both over ``members``, and the interval of the gain over ``draws``; None where it is not defined."""
    figure = FIGURES[name]
    a, b = (figure.of(t, members) for t in tables)
    if np.isnan(a) or np.isnan(b):
        return None
    sign = 1 if figure.higher_is_better else -1
    gains = np.array([sign * (figure.of(tables[1], d) - figure.of(tables[0], d)) for d in draws if len(d)])
    gains = gains[~np.isnan(gains)]
    if not len(gains):
        return None
    tail = (1 - confidence) / 2
    low, high = (float(q) for q in np.quantile(gains, (tail, 1 - tail)))
    return Difference(name=name, reports=len(members), a=a, b=b, gain=sign * (b - a), low=low, high=high)


def _draws(records: Sequence[Record], times: int = TIMES, seed: int = 0) -> list[Indices]:
    """Draw reports with replacement, whole contrast pairs at a time."""
    chance = np.random.default_rng(seed)
    members: dict[str, list[int]] = {}
    for i, group in enumerate(metrics.pair_groups(records)):
        members.setdefault(group, []).append(i)
    lists = [np.array(m) for m in members.values()]
    return [np.concatenate([lists[i] for i in chance.integers(0, len(lists), len(lists))]) for _ in range(times)]


def differing(records: Sequence[Record], a: Sequence[Assessment], b: Sequence[Assessment]) -> list[Differing]:
    """Return the reports with another suggestion, the largest move of the probability first."""
    rows = [
        Differing(
            id=r.id,
            label=r.label.value,
            a=x.suggestion.value,
            b=y.suggestion.value,
            a_probability=x.probability,
            b_probability=y.probability,
        )
        for r, x, y in zip(records, a, b, strict=True)
        if x.suggestion is not y.suggestion
    ]
    return sorted(rows, key=lambda d: -abs(d.a_probability - d.b_probability))


def behaviour_pairs(cases: dict[str, list[Case]], a: Side, b: Side) -> dict[str, BehaviourPair]:
    """Put the same cases to both."""
    results = [run_cases(cases, lambda texts, s=side: [s.cases[t] for t in texts]) for side in (a, b)]  # type: ignore[misc]
    pairs = {}
    for name in cases:
        failed = [{f.id for f in r[name].failures} for r in results]
        pairs[name] = BehaviourPair(
            cases=results[0][name].cases,
            a=results[0][name].passed,
            b=results[1][name].passed,
            broken=sorted(failed[1] - failed[0]),
            mended=sorted(failed[0] - failed[1]),
        )
    return pairs


def latency(a: Assessor, b: Assessor, records: Sequence[Record], times: int = 2) -> tuple[float, float]:
    """Return the median milliseconds of one report, one at a time, the two bundles in turn so that both see the same machine."""
    spent: tuple[list[float], list[float]] = ([], [])
    for assessor in (a, b):
        assessor.assess(report_of(records[0]))  # the first pass of a session is slower
    for _ in range(times):
        for record in records:
            for assessor, list_ in zip((a, b), spent, strict=True):
                began = time.perf_counter()
                assessor.assess(report_of(record))
                list_.append(1000 * (time.perf_counter() - began))
    return float(np.median(spent[0])), float(np.median(spent[1]))


def print_comparison(c: Comparison, console: Console, shown: int = 20) -> None:
    """Print the comparison as tables."""
    a, b = (f"{m.name} {m.version} ({m.digest[:8]})" for m in (c.a, c.b))
    console.print(f"\nA: {a}\nB: {b}\non the {c.split} split, corpus {c.corpus_digest[:12]}", highlight=False)
    printed = Printed(
        title=f"B against A; gain is how much better B is, with its {c.confidence:.0%} interval (paired bootstrap)"
    )
    for column in ("figure", "A", "B", "gain", "interval", ""):
        printed.add_column(column, justify="left" if column == "figure" else "right")
    for d in c.metrics.values():
        printed.add_row(FIGURES[d.name].title, *_row(d))
    console.print(printed)
    moved = {n: d for n, d in c.groups.items() if d.low > 0 or d.high < 0}
    console.print(
        f"groups: {len(c.groups)} figures compared, {len(moved)} differ beyond their {c.group_confidence:.0%} interval"
    )
    for name, d in moved.items():
        console.print(f"  {name}: {d.a:.3f} to {d.b:.3f}, gain {d.low:+.3f} to {d.high:+.3f}", highlight=False)
    if c.behaviour:
        total = sum(p.cases for p in c.behaviour.values())
        for which, passed in (
            ("A", sum(p.a for p in c.behaviour.values())),
            ("B", sum(p.b for p in c.behaviour.values())),
        ):
            console.print(
                f"behavioural cases, {which}: {passed} of {total} ({'{:.0%} to {:.0%}'.format(*wilson(passed, total))})",
                highlight=False,
            )
    console.print(f"one report: {c.latency_ms[0]:.0f} ms and {c.latency_ms[1]:.0f} ms (median)", highlight=False)
    console.print(f"{len(c.differing)} reports have another suggestion", highlight=False)
    for d2 in c.differing[:shown]:
        console.print(
            f"  {d2.id} ({d2.label}): {d2.a} {d2.a_probability:.2f}, {d2.b} {d2.b_probability:.2f}", highlight=False
        )
    if len(c.differing) > shown:
        console.print(f"  and {len(c.differing) - shown} more, in the saved file", highlight=False)


def _row(d: Difference) -> list[str]:
    verdict = "better" if d.low > 0 else "worse" if d.high < 0 else ""
    return [f"{d.a:.3f}", f"{d.b:.3f}", f"{d.gain:+.3f}", f"{d.low:+.3f} to {d.high:+.3f}", verdict]
