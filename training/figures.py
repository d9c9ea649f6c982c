"""The figures of one bundle on one list of reports, each as a small function of which reports are counted, so that they can be resampled.

Counts are kept a report (``Table``), so that a bootstrap draw is a sum, not another pass over spans.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from models.contracts import Assessment
from nlp.taxonomy import BEHAVIOUR_NAMES, CODE_NAMES, FOUR, Label, Status, Suggestion
from training import metrics
from training.corpus import Record

Array = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Table:
    """What the figures need of N reports. ``spans`` [N, 4]: found that are right, found, gold that are found, gold; ``four`` [N, 4, 3]: both, gold,
    found of each letter; ``status`` [N, 2]: right, total. ``twins`` [N, 2]: over how many of its opposite twins a stalking report leads (a tie is half), and how many it has."""

    truth: npt.NDArray[np.bool_]
    clear: npt.NDArray[np.bool_]
    probability: Array
    review: npt.NDArray[np.bool_]
    none: npt.NDArray[np.bool_]
    spans: Array
    status: Array
    four: Array
    relationship: Array
    occasions: Array
    twins: Array


def table(records: Sequence[Record], assessments: Sequence[Assessment]) -> Table:
    """Count once, a report at a time."""
    twins = np.zeros((len(records), 2))
    for stalking, other in metrics.twins_of(records):
        ahead = assessments[stalking].probability - assessments[other].probability
        twins[stalking] += (ahead > 0) + 0.5 * (ahead == 0), 1
    answers = [a.suggestion for a in assessments]
    return Table(
        truth=np.array([r.label is Label.STALKING for r in records]),
        clear=np.array([r.label is not Label.UNCLEAR for r in records]),
        probability=np.array([a.probability for a in assessments]),
        review=np.array([a is Suggestion.REVIEW for a in answers]),
        none=np.array([a is Suggestion.NO_CHANGE for a in answers]),
        spans=np.array([_spans(r, a) for r, a in zip(records, assessments, strict=True)]),
        status=np.array([_status(r, a) for r, a in zip(records, assessments, strict=True)]),
        four=np.array([_four(r, a) for r, a in zip(records, assessments, strict=True)], dtype=float),
        relationship=np.array(
            [r.relationship is a.relationship for r, a in zip(records, assessments, strict=True)], dtype=float
        ),
        occasions=np.array(
            [
                np.nan
                if r.occasions is None
                else ["0", "1", "2", "3+"].index(r.occasions) == min(a.occasions.at_least, 3)
                for r, a in zip(records, assessments, strict=True)
            ]
        ),
        twins=twins,
    )


def _spans(record: Record, assessment: Assessment) -> list[int]:
    counts = [0, 0, 0, 0]
    for code in CODE_NAMES:
        gold = [(s.start, s.end) for s in record.spans if s.code == code and s.status is Status.ASSERTED]
        found = [(e.start, e.end) for e in assessment.evidence if e.code == code and e.status is Status.ASSERTED]
        counts[0] += sum(any(f[0] < g[1] and g[0] < f[1] for g in gold) for f in found)
        counts[1] += len(found)
        counts[2] += sum(any(f[0] < g[1] and g[0] < f[1] for f in found) for g in gold)
        counts[3] += len(gold)
    return counts


def _status(record: Record, assessment: Assessment) -> list[float]:
    total = sum(
        any(e.code == s.code and e.start < s.end and s.start < e.end for e in assessment.evidence)
        for s in record.spans
        if s.code in BEHAVIOUR_NAMES  # as status_accuracy counts
    )
    share = metrics.status_accuracy([record], [assessment]).get("all")
    return [0.0, 0.0] if share is None else [share * total, float(total)]


def _four(record: Record, assessment: Assessment) -> list[tuple[int, int, int]]:
    gold = [record.four[name] for name in FOUR]
    found = [getattr(assessment.four, name).present for name in FOUR]
    return [(g and f, g, f) for g, f in zip(gold, found, strict=True)]


Figure = Callable[[Table, Indices], float]


def _share(of: Any, within: Any) -> float:
    return float(of[within].mean()) if len(within) else float("nan")


def _curve(truth: npt.NDArray[np.bool_], scores: Array) -> tuple[Array, Array]:
    """Return precision and recall at each distinct score, highest first; equal scores are one step (as in scikit-learn, thirty times as fast)."""
    order = np.argsort(-scores, kind="stable")
    steps = np.flatnonzero(np.append(np.diff(scores[order]) != 0, True))
    right = np.cumsum(truth[order])[steps]
    return right / (steps + 1), right / right[-1]


def _average_precision(t: Table, i: Indices) -> float:
    i = i[t.clear[i]]
    if not t.truth[i].any():
        return float("nan")
    precision, recall = _curve(t.truth[i], t.probability[i])
    return float(np.sum(np.diff(recall, prepend=0.0) * precision))


def _precision_at_recall(t: Table, i: Indices) -> float:
    i = i[t.clear[i]]
    if not t.truth[i].any():
        return float("nan")
    precision, recall = _curve(t.truth[i], t.probability[i])
    return float(precision[recall >= 0.95].max())


def _twin_order(t: Table, i: Indices) -> float:
    led, pairs = t.twins[i].sum(axis=0)
    return float(led / pairs) if pairs else float("nan")


def _calibration_error(t: Table, i: Indices) -> float:
    i = i[t.clear[i]]
    return metrics.expected_calibration_error(t.truth[i], t.probability[i]) if len(i) else float("nan")


def _brier(t: Table, i: Indices) -> float:
    i = i[t.clear[i]]
    return float(((t.probability[i] - t.truth[i]) ** 2).mean()) if len(i) else float("nan")


def _span_f1(t: Table, i: Indices) -> float:
    right, found, hit, gold = t.spans[i].sum(axis=0)
    precision, recall = right / max(found, 1), hit / max(gold, 1)
    return float(2 * precision * recall / max(precision + recall, 1e-9))


def _four_f1(t: Table, i: Indices) -> float:
    both, gold, found = t.four[i].sum(axis=0).T
    return float((2 * both / np.maximum(gold + found, 1)).mean())


def _status_accuracy(t: Table, i: Indices) -> float:
    right, total = t.status[i].sum(axis=0)
    return float(right / total) if total else float("nan")


def _nanmean(values: Array) -> float:
    kept = values[~np.isnan(values)]
    return float(kept.mean()) if len(kept) else float("nan")


@dataclass(frozen=True)
class Named:
    """A figure in [0, 1] with its plain name and direction."""

    title: str
    of: Figure
    higher_is_better: bool = True


FIGURES: dict[str, Named] = {
    "average_precision": Named("average precision", _average_precision),
    "precision_at_95_recall": Named("precision at 95% recall", _precision_at_recall),
    "twin_order": Named("stalking twin higher", _twin_order),
    "recall_flagged": Named("stalking reviewed or asked", lambda t, i: _share(~t.none, i[t.truth[i] & t.clear[i]])),
    "recall_reviewed": Named("stalking reviewed", lambda t, i: _share(t.review, i[t.truth[i] & t.clear[i]])),
    "false_review": Named("others reviewed", lambda t, i: _share(t.review, i[~t.truth[i] & t.clear[i]]), False),
    "unclear_asked": Named("unclear asked about", lambda t, i: _share(~t.none & ~t.review, i[~t.clear[i]])),
    "clear_asked": Named("clear asked about", lambda t, i: _share(~t.none & ~t.review, i[t.clear[i]]), False),
    "calibration_error": Named("calibration error", _calibration_error, False),
    "brier": Named("Brier score", _brier, False),
    "span_f1": Named("span F1", _span_f1),
    "status_accuracy": Named("status accuracy", _status_accuracy),
    "four_f1": Named("FOUR, mean F1", _four_f1),
    "relationship": Named("relationship accuracy", lambda t, i: _nanmean(t.relationship[i])),
    "occasions": Named("occasions exact", lambda t, i: _nanmean(t.occasions[i])),
}
