"""Calibrate the decision on dev and choose its thresholds for recall.

The reader was trained on train, so its outputs there are better than on new reports; so dev, whose desks the reader has not seen. The score itself is not
fitted (models/decision.py); how well it does and where the thresholds lie is judged by a calibration that did not see the report's desk. Test is never touched.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss

from models.decision import DecisionModel, counts_as_evidence, weakest
from models.reading import Reading, sigmoid
from nlp.taxonomy import Label, Suggestion
from training.corpus import Record

RECALL = 0.95
MOST_ASKED = 0.10  # Share of clear reports that may be answered with a question.
Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Chosen:
    """How the decision was chosen: figures, and the probability and the answer of each record by a model that did not see its desk."""

    figures: dict[str, float]
    out_of_desk: Array
    suggestions: list[Suggestion]


def fit_decision(records: Sequence[Record], readings: Sequence[Reading]) -> tuple[DecisionModel, Chosen]:
    """Return the decision model and how it was chosen (all out of desk on ``records``)."""
    clear = np.array([r.label is not Label.UNCLEAR for r in records])
    truth = np.array([r.label is Label.STALKING for r in records])
    desks = np.array([r.desk for r in records])
    score = np.array([weakest(r) for r in readings])
    probability = np.zeros(len(records))
    for desk in np.unique(desks):
        slope, shift = _platt(score[clear & (desks != desk)], truth[clear & (desks != desk)])
        here = desks == desk
        probability[here] = 1 / (1 + np.exp(-(slope * score[here] + shift)))
    loss = float(log_loss(truth[clear], probability[clear]))
    unclear_head = np.array([float(sigmoid(r.document["label"])[1]) for r in readings])
    acts = np.array([any(counts_as_evidence(s) for s in r.spans) for r in readings])
    thresholds = choose_thresholds(probability, unclear_head, acts, np.array([r.label.value for r in records]))
    slope, shift = _platt(score[clear], truth[clear])
    mean = float(score[clear].mean())
    model = DecisionModel(
        names=["weakest_link"],
        mean=[mean],
        scale=[1.0],
        weights=[1.0],
        intercept=mean,
        slope=slope,
        shift=shift,
        **thresholds,
    )
    given = answers(probability, unclear_head, acts, **thresholds)
    figures = {"log_loss": loss, "slope": slope, "shift": shift}
    return model, Chosen(figures, probability, [Suggestion(answer) for answer in given])


def _platt(score: Array, truth: npt.NDArray[np.bool_]) -> tuple[float, float]:
    """Return slope and shift of the log-odds (Platt 1999)."""
    fitted = LogisticRegression(C=1e3).fit(score[:, None], truth)
    return float(fitted.coef_[0, 0]), float(fitted.intercept_[0])


def answers(
    p: Array, unclear: Array, acts: npt.NDArray[np.bool_], low: float, high: float, ask: float, sure: float
) -> npt.NDArray[np.str_]:
    """Apply a threshold set to arrays, as ``DecisionModel.suggestion`` does to one report."""
    asked = (unclear >= ask) & (p < sure)
    asked |= (p >= low) & ((p < high) | ~acts)
    answered = np.where(p >= high, Suggestion.REVIEW.value, Suggestion.NO_CHANGE.value)
    return np.where(asked, Suggestion.ASK.value, answered)


def choose_thresholds(
    p: Array, unclear: Array, acts: npt.NDArray[np.bool_], labels: npt.NDArray[np.str_]
) -> dict[str, float]:
    """Choose the set with recall of at least RECALL (stalking reviewed or asked about) and the least reviewing of other reports.

    A question costs half a review. Of sets that ask about more than MOST_ASKED of the clear reports, or of fewer than half of the unclear ones, the
    shortfall is charged, so that an answer always comes out.
    """
    stalking, other, doubtful = labels == "stalking", labels == "not_stalking", labels == "unclear"
    clear = ~doubtful
    grid = np.unique(
        np.round(np.concatenate((np.linspace(0.02, 0.98, 49), np.quantile(p, np.linspace(0.05, 0.95, 19)))), 3)
    )
    best: tuple[float, dict[str, float]] | None = None
    for ask in (*np.quantile(unclear, (0.75, 0.8, 0.85, 0.9, 0.95)), 1.1):
        for sure in (0.5, 0.7, 0.9, 1.0):
            asked_by_head = (unclear >= ask) & (p < sure)
            for low in grid:
                missed = stalking & ~asked_by_head & (p < low)
                shortfall = max(0.0, RECALL - (1 - missed.sum() / stalking.sum()))
                for high in grid[grid >= low]:
                    asked = asked_by_head | ((p >= low) & ((p < high) | ~acts))
                    reviewed = ~asked & (p >= high)
                    cost = float((reviewed & other).sum() / other.sum() + 0.5 * (asked & clear).sum() / clear.sum())
                    cost += 20 * shortfall
                    cost += 3 * max(0.0, float((asked & clear).mean() / clear.mean()) - MOST_ASKED)
                    if doubtful.any():
                        cost += max(0.0, 0.5 - float((asked & doubtful).sum() / doubtful.sum()))
                    if best is None or cost < best[0]:
                        best = cost, {"low": float(low), "high": float(high), "ask": float(ask), "sure": float(sure)}
    assert best is not None
    return best[1]
