"""The figures of an evaluation, each a small pure function. Rates are in [0, 1]; intervals are 95% bootstrap percentiles."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.metrics import average_precision_score, precision_recall_curve

from models.contracts import Assessment
from nlp.taxonomy import BEHAVIOUR_NAMES, CODE_NAMES, FOUR, Label, Status, Suggestion
from training.corpus import Record

Array = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


def average_precision(truth: Flags, scores: Array) -> float:
    """Return average precision; chance is the share of positives."""
    return float(average_precision_score(truth, scores)) if truth.any() else float("nan")


def precision_at_recall(truth: Flags, scores: Array, recall: float = 0.95) -> float:
    """Return the best precision among thresholds that reach ``recall``."""
    precision, recalls, _ = precision_recall_curve(truth, scores)
    return float(precision[recalls >= recall].max())


def expected_calibration_error(truth: Flags, probability: Array, bins: int = 10) -> float:
    """Return the mean gap between probability and frequency over bins of equal count, weighted by count (Naeini et al. 2015)."""
    order = np.argsort(probability)
    parts = [p for p in np.array_split(order, bins) if len(p)]
    return float(sum(len(p) * abs(truth[p].mean() - probability[p].mean()) for p in parts) / len(order))


def bootstrap(
    groups: Sequence[str], figure: Callable[[npt.NDArray[np.int64]], float], times: int = 400, seed: int = 0
) -> tuple[float, float]:
    """Return the 95% interval of ``figure(indices)``, resampling whole groups (reports joined by contrast pairs vary together)."""
    chance = np.random.default_rng(seed)
    members: dict[str, list[int]] = {}
    for i, g in enumerate(groups):
        members.setdefault(g, []).append(i)
    lists = [np.array(m) for m in members.values()]
    values = []
    for _ in range(times):
        chosen = np.concatenate([lists[i] for i in chance.integers(0, len(lists), len(lists))])
        value = figure(chosen)
        if not np.isnan(value):
            values.append(value)
    return (
        (float(np.quantile(values, 0.025)), float(np.quantile(values, 0.975)))
        if values
        else (float("nan"), float("nan"))
    )


def pair_groups(records: Sequence[Record]) -> list[str]:
    """Name the resampling group of each record: the original that its chain of pairs leads to."""
    by_id = {r.id: r for r in records}

    def top(record: Record) -> str:
        seen: set[str] = set()
        while record.pair in by_id and record.id not in seen:
            seen.add(record.id)
            record = by_id[record.pair]
        return record.id

    return [top(r) for r in records]


def twins_of(records: Sequence[Record]) -> list[tuple[int, int]]:
    """Return index pairs (stalking, not stalking) of contrast pairs that flip the label."""
    index = {r.id: i for i, r in enumerate(records)}
    result = []
    for i, record in enumerate(records):
        j = index.get(record.pair or "")
        if j is None or {record.label, records[j].label} != {Label.STALKING, Label.NOT_STALKING}:
            continue
        result.append((i, j) if record.label is Label.STALKING else (j, i))
    return result


def twin_order(twins: Sequence[tuple[int, int]], scores: Array) -> float:
    """Return the share of contrast pairs in which the stalking twin scores higher; a tie is half."""
    if not twins:
        return float("nan")
    return float(np.mean([(scores[s] > scores[n]) + 0.5 * (scores[s] == scores[n]) for s, n in twins]))


def overlap(a: tuple[int, int], b: tuple[int, int]) -> bool:
    """Return whether two stretches share a character."""
    return a[0] < b[1] and b[0] < a[1]


def span_f1(records: Sequence[Record], assessments: Sequence[Assessment]) -> dict[str, float]:
    """Return overlap F1 a code for asserted spans, with ``micro`` over all codes and ``macro`` over codes that occur.

    A found span is right when it overlaps a gold span of its code, a gold span is found when a found span of its code overlaps it.
    """
    counts = {code: np.zeros(4) for code in CODE_NAMES}
    for record, assessment in zip(records, assessments, strict=True):
        for code in CODE_NAMES:
            gold = [(s.start, s.end) for s in record.spans if s.code == code and s.status is Status.ASSERTED]
            found = [(e.start, e.end) for e in assessment.evidence if e.code == code and e.status is Status.ASSERTED]
            counts[code] += [
                sum(any(overlap(f, g) for g in gold) for f in found),
                len(found),
                sum(any(overlap(g, f) for f in found) for g in gold),
                len(gold),
            ]

    def f1(c: Array) -> float:
        precision, recall = c[0] / max(c[1], 1), c[2] / max(c[3], 1)
        return float(2 * precision * recall / max(precision + recall, 1e-9))

    result = {code: f1(c) for code, c in counts.items() if c[3]}
    return {
        "micro": f1(np.sum(list(counts.values()), axis=0)),
        "macro": float(np.mean(list(result.values()))),
        **result,
    }


def status_accuracy(records: Sequence[Record], assessments: Sequence[Assessment]) -> dict[str, float]:
    """Return the accuracy of status over behaviour spans found (same code, overlapping), overall and for each gold status."""
    right: Counter[str] = Counter()
    total: Counter[str] = Counter()
    for record, assessment in zip(records, assessments, strict=True):
        for span in (s for s in record.spans if s.code in BEHAVIOUR_NAMES):
            for e in assessment.evidence:
                if e.code == span.code and overlap((e.start, e.end), (span.start, span.end)):
                    for name in ("all", span.status.value):
                        total[name] += 1
                        right[name] += e.status is span.status
                    break
    return {name: right[name] / n for name, n in total.items()}


def four_f1(records: Sequence[Record], assessments: Sequence[Assessment]) -> dict[str, float]:
    """Return F1 a letter and their mean."""
    result = {}
    for name in FOUR:
        gold = np.array([r.four[name] for r in records])
        found = np.array([getattr(a.four, name).present for a in assessments])
        result[name] = float(2 * (gold & found).sum() / max(gold.sum() + found.sum(), 1))
    return {"mean": float(np.mean(list(result.values()))), **result}


def occasions_accuracy(records: Sequence[Record], assessments: Sequence[Assessment]) -> dict[str, float]:
    """Return exact and within-one accuracy of the number of occasions (0, 1, 2, 3 or more)."""
    pairs = [
        (["0", "1", "2", "3+"].index(r.occasions.value), min(a.occasions.at_least, 3))
        for r, a in zip(records, assessments, strict=True)
        if r.occasions is not None
    ]
    gaps = np.array([abs(g - f) for g, f in pairs])
    return {"exact": float((gaps == 0).mean()), "within_one": float((gaps <= 1).mean())}


def answers_table(records: Sequence[Record], assessments: Sequence[Assessment]) -> dict[str, float]:
    """Return what the three answers do at the shipped thresholds."""
    label = np.array([r.label.value for r in records])
    answer = np.array([a.suggestion.value for a in assessments])
    stalking, other, doubtful = label == "stalking", label == "not_stalking", label == "unclear"
    review, ask, none = (answer == s.value for s in (Suggestion.REVIEW, Suggestion.ASK, Suggestion.NO_CHANGE))
    twins = twins_of(records)

    def share(of: Flags, within: Flags) -> float:
        return float((of & within).sum() / within.sum()) if within.any() else float("nan")

    return {
        "recall_flagged": share(~none, stalking),
        "recall_reviewed": share(review, stalking),
        "false_review": share(review, other),
        "false_flag": share(~none, other),
        "precision_reviewed": share(stalking, review),
        "unclear_asked": share(ask, doubtful),
        "clear_asked": share(ask, ~doubtful),
        "both_twins_right": float(np.mean([review[s] and none[n] for s, n in twins])) if twins else float("nan"),
    }


def length_band(text: str) -> str:
    """Return the band of a text's length in words."""
    words = len(text.split())
    return next(
        name
        for limit, name in ((25, "under 25"), (40, "25 to 39"), (140, "40 to 139"), (1 << 30, "140 and over"))
        if words < limit
    )


def by_group(
    records: Sequence[Record], probability: Array, assessments: Sequence[Assessment], key: Callable[[Record], str]
) -> dict[str, Any]:
    """Return count, share of stalking, average precision, recall and false reviews for each group of clear records."""
    rows: dict[str, Any] = {}
    groups = np.array([key(r) for r in records])
    clear = np.array([r.label is not Label.UNCLEAR for r in records])
    truth = np.array([r.label is Label.STALKING for r in records])
    for name in sorted(set(groups)):
        chosen = [int(i) for i in np.flatnonzero((groups == name) & clear)]
        if not chosen:
            continue
        t = truth[chosen]
        table = answers_table([records[i] for i in chosen], [assessments[i] for i in chosen])
        rows[name] = {
            "reports": len(chosen),
            "stalking": float(t.mean()),
            "average_precision": average_precision(t, probability[chosen]),
            "recall_flagged": table["recall_flagged"],
            "false_review": table["false_review"],
        }
    return rows
