"""Fit the decision model on dev: a regularised logistic regression, calibrated out of desk, with thresholds for recall.

The reader was trained on train, so its outputs there are better than on new reports; the decision model is therefore fitted on dev, whose desks the
reader has not seen. Everything is chosen by leaving one desk out inside dev. Test is never touched.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from models.decision import FEATURE_NAMES, MARK_NAMES, DecisionModel, counts_as_evidence, feature_matrix
from models.reading import Reading, sigmoid
from models.windows import Floats
from nlp.taxonomy import Label, Suggestion
from training.corpus import Record

STRENGTHS = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3)
# Log loss on dev, leaving one writer out, is 0.478 at 4, 0.463 at 16 and no better beyond (docs/model.md).
SQUASH = 16.0
# Share of the marks in the decision: average precision on dev, leaving one writer out, is 0.765 at nought, 0.776 at 0.3 and falls beyond (docs/model.md).
MARKS = 0.3
RECALL = 0.95
MOST_ASKED = 0.10  # Share of clear reports that may be answered with a question.
Array = npt.NDArray[np.float64]


def _model(strength: float) -> object:
    return make_pipeline(StandardScaler(), LogisticRegression(C=strength, max_iter=2000))


def _out_of_desk(
    strength: float,
    features: Floats,
    truth: npt.NDArray[np.bool_],
    clear: npt.NDArray[np.bool_],
    desks: npt.NDArray[Any],
) -> Array:
    """Return the log-odds of every record by a model fitted on the clear ones of the other desks."""
    odds = np.zeros(len(truth))
    for desk in np.unique(desks):
        fitted = _model(strength).fit(features[clear & (desks != desk)], truth[clear & (desks != desk)])  # type: ignore[attr-defined]
        odds[desks == desk] = fitted.decision_function(features[desks == desk])
    return odds


@dataclass(frozen=True)
class Chosen:
    """How the decision was chosen: figures, and the probability and the answer of each record by a model that did not see its desk."""

    figures: dict[str, float]
    out_of_desk: Array
    suggestions: list[Suggestion]


def fit_decision(records: Sequence[Record], readings: Sequence[Reading]) -> tuple[DecisionModel, Chosen]:
    """Return the decision model and how it was chosen (all out of desk on ``records``).

    Two logistic regressions, one over what the document heads say and one over what is marked in the text, each fitted alone; the decision is their weighted sum, so it
    is one linear model. Fitted together, the heads, which know this kind of report, would leave the marks next to nothing; the marks carry over to other kinds.
    """
    everything = feature_matrix(readings, SQUASH)
    marked = np.array([n in MARK_NAMES for n in FEATURE_NAMES])
    clear = np.array([r.label is not Label.UNCLEAR for r in records])
    truth = np.array([r.label is Label.STALKING for r in records])
    desks = np.array([r.desk for r in records])
    figures: dict[str, float] = {}
    odds, weights, intercept = np.zeros(len(records)), np.zeros(len(FEATURE_NAMES)), 0.0
    scaler = StandardScaler().fit(everything[clear])
    for name, columns, share in (("heads", ~marked, 1 - MARKS), ("marks", marked, MARKS)):
        some = everything[:, columns]
        every = {c: _out_of_desk(c, some, truth, clear, desks) for c in STRENGTHS}
        losses = {c: float(log_loss(truth[clear], 1 / (1 + np.exp(-o[clear])))) for c, o in every.items()}
        best = min(losses, key=lambda c: losses[c])
        figures |= {f"strength_{name}": best, f"log_loss_{name}": losses[best]}
        odds += share * every[best]
        logistic = _model(best).fit(some[clear], truth[clear])[1]  # type: ignore[attr-defined]
        weights[columns] = share * logistic.coef_[0]
        intercept += share * float(logistic.intercept_[0])
    platt = LogisticRegression(C=1e3).fit(odds[clear][:, None], truth[clear])
    slope, shift = float(platt.coef_[0, 0]), float(platt.intercept_[0])
    probability = 1 / (1 + np.exp(-(slope * odds + shift)))
    loss = float(log_loss(truth[clear], probability[clear]))
    unclear_head = np.array([float(sigmoid(r.document["label"])[1]) for r in readings])
    acts = np.array([any(counts_as_evidence(s) for s in r.spans) for r in readings])
    thresholds = choose_thresholds(probability, unclear_head, acts, np.array([r.label.value for r in records]))
    model = DecisionModel(
        names=list(FEATURE_NAMES),
        mean=scaler.mean_.tolist(),
        scale=scaler.scale_.tolist(),
        weights=weights.tolist(),
        intercept=intercept,
        slope=slope,
        shift=shift,
        squash=SQUASH,
        **thresholds,
    )
    given = answers(probability, unclear_head, acts, **thresholds)
    figures |= {"log_loss": loss, "slope": slope, "shift": shift}
    return model, Chosen(figures, probability, [Suggestion(answer) for answer in given])


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
