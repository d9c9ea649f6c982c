"""Is the text giving the label away? A bag of words trained on all desks but one, and tested on that one.

What such a classifier can do is what needs no reading. The corpus aims at average precision of at most 0.70 and contrast-pair order of at most 0.78.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from tqdm import tqdm

from nlp.taxonomy import Label
from training import metrics
from training.corpus import Record


@dataclass(frozen=True)
class DeskGiveaway:
    """Figures of one desk, tested by a bag of words trained on the others."""

    desk: str
    reports: int
    chance: float
    average_precision: float
    pairs: int
    twin_order: float


@dataclass(frozen=True)
class Giveaways:
    """The whole corpus: ``average_precision`` is the mean over desks, ``twin_order`` over pairs; the heaviest words by side."""

    desks: list[DeskGiveaway]
    average_precision: float
    pooled_average_precision: float
    chance: float
    twin_order: float
    towards_stalking: list[tuple[str, float]]
    towards_not: list[tuple[str, float]]


def giveaways(records: Sequence[Record], words: int = 40) -> Giveaways:
    """Train and test desk by desk. Unclear reports are left out."""
    clear = [r for r in records if r.label is not Label.UNCLEAR]
    truth = np.array([r.label is Label.STALKING for r in clear])
    desks = np.array([r.desk for r in clear])
    vectoriser = TfidfVectorizer(min_df=3, sublinear_tf=True, token_pattern=r"(?u)\b\w[\w']*\b")
    matrix = vectoriser.fit_transform([r.text for r in clear])
    scores = np.zeros(len(clear))
    for desk in tqdm(sorted(set(desks)), desc="desks", disable=None, leave=False):
        out = desks == desk
        model = LogisticRegression(C=10.0, class_weight="balanced", max_iter=2000).fit(matrix[~out], truth[~out])
        scores[out] = model.decision_function(matrix[out])
    rows = []
    for desk in sorted(set(desks)):
        chosen = [int(i) for i in np.flatnonzero(desks == desk)]
        kept = [clear[i] for i in chosen]
        twins = metrics.twins_of(kept)
        rows.append(
            DeskGiveaway(
                str(desk),
                len(kept),
                float(truth[chosen].mean()),
                metrics.average_precision(truth[chosen], scores[chosen]),
                len(twins),
                metrics.twin_order(twins, scores[chosen]),
            )
        )
    whole = LogisticRegression(C=10.0, class_weight="balanced", max_iter=2000).fit(matrix, truth)
    names = vectoriser.get_feature_names_out()
    order = np.argsort(whole.coef_[0])
    weighted = [(str(names[i]), float(whole.coef_[0][i])) for i in order]
    return Giveaways(
        rows,
        float(np.mean([r.average_precision for r in rows])),
        metrics.average_precision(truth, scores),
        float(truth.mean()),
        metrics.twin_order(metrics.twins_of(clear), scores),
        weighted[::-1][:words],
        weighted[:words],
    )
