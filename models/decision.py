"""From a reading to a calibrated probability and one of three suggestions, by one readable rule: a report is as good as its weakest link.

Stalking here needs several things at once (labelling guide, section 1; PHA 1997 s.2A and s.7): an act that is said to have happened, on two occasions or more,
about the person, unwanted, and no reason that explains it otherwise. The score is the soft minimum of what the reader finds of each, and of its own overall
impression. Nothing is weighed against anything else, so there is nothing to fit but the calibration. Sums of weighted findings, which bundles before 1.4.0 hold,
are read too: both are a linear model over named features, kept as data (``decision.json`` in the bundle).
"""

from __future__ import annotations

import math
from typing import Self

import numpy as np
from pydantic import BaseModel, ConfigDict, model_validator

from models.heads import AGAINST_NAMES, DOCUMENT_GROUPS
from models.reading import FoundSpan, Reading, sigmoid
from nlp.taxonomy import BEHAVIOUR_NAMES, CODE_NAMES, FOUR, Status, Suggestion

SQUASH = 4.0  # Of bundles that name none.
_ACTS = [at for at, code in enumerate(CODE_NAMES) if code in BEHAVIOUR_NAMES]


def links(reading: Reading) -> dict[str, float]:
    """Return what stalking needs and how surely each is found, in log-odds."""
    document = reading.document
    four = dict(zip(FOUR, document["four"], strict=True))
    return {
        "impression": float(document["label"][0]),
        "act": float(reading.marks[_ACTS].max()),
        "occasions": float(document["occasions"][1]),
        "fixated": float(four["fixated"]),
        "unwanted": float(four["unwanted"]),
        "no_reason_against": -float(document["against"].max()),
    }


def weakest(reading: Reading, impression: bool = True) -> float:
    """Return the soft minimum of the links, in log-odds: -log of the sum of exp(-link), a little under the least of them.

    Without ``impression`` it is that of the facts alone, each of which somebody could be asked about.
    """
    values = [value for name, value in links(reading).items() if impression or name != "impression"]
    return -float(np.logaddexp.reduce([-value for value in values]))


def features(reading: Reading, squash: float) -> dict[str, float]:
    """Return the named features of one reading, in a fixed order: the weakest link; the label head, FOUR, occasions, the reasons against, and what is marked in the text.

    The logits of the heads are squashed to about ±``squash``, so that one overconfident head cannot outvote the others.
    """
    document = reading.document

    def squashed(x: float) -> float:
        return squash * math.tanh(x / squash)

    row: dict[str, float] = {
        "weakest_link": weakest(reading),
        "head_stalking": squashed(float(document["label"][0])),
        "head_unclear": squashed(float(document["label"][1])),
    }
    row |= {f"head_{n}": squashed(float(v)) for n, v in zip(FOUR, document["four"], strict=True)}
    row |= {
        f"occasions_{n}": squashed(float(v))
        for n, v in zip(DOCUMENT_GROUPS["occasions"], document["occasions"], strict=True)
    }
    row |= {f"against_{n}": squashed(float(v)) for n, v in zip(AGAINST_NAMES, document["against"], strict=True)}
    row |= {f"mark_{n}": float(v) for n, v in zip(CODE_NAMES, reading.marks, strict=True)}
    return row


def _blank() -> Reading:
    document = {n: np.zeros(len(m), dtype=np.float32) for n, m in DOCUMENT_GROUPS.items()}
    return Reading([], document, np.zeros(len(CODE_NAMES), dtype=np.float32))


FEATURE_NAMES: tuple[str, ...] = tuple(features(_blank(), SQUASH))


class DecisionModel(BaseModel):
    """A standardised linear model of the log-odds, with its thresholds. Of bundles from 1.4.0 on it has one feature, ``weakest_link``.

    ``probability = sigmoid(intercept + Σ weight · (feature − mean) / scale)``, calibrated by a final slope and intercept. Below ``low``: no
    change; from ``high``: review as stalking; between, or where the ``unclear`` head is at ``ask`` or more and the probability is under ``sure``: ask.
    """

    model_config = ConfigDict(extra="forbid")

    names: list[str]
    mean: list[float]
    scale: list[float]
    weights: list[float]
    intercept: float
    slope: float
    shift: float
    low: float
    high: float
    ask: float
    sure: float
    squash: float = SQUASH

    @model_validator(mode="after")
    def _same_length(self) -> Self:
        if not len(self.names) == len(self.mean) == len(self.scale) == len(self.weights):
            raise ValueError("names, mean, scale and weights must have one length")
        if unknown := set(self.names) - set(FEATURE_NAMES):
            raise ValueError(f"this version computes no feature {min(unknown)!r}")
        if self.squash <= 0:
            raise ValueError("squash must be over nought")
        if min(self.scale) <= 0:
            raise ValueError("every scale must be over nought")
        if not 0 <= self.low <= self.high <= 1:
            raise ValueError("thresholds must satisfy 0 <= low <= high <= 1")
        return self

    def contributions(self, reading: Reading) -> dict[str, float]:
        """Return each feature's part of the log-odds."""
        row = features(reading, self.squash)
        parts = zip(self.names, self.mean, self.scale, self.weights, strict=True)
        return {n: self.slope * w * (row[n] - m) / s for n, m, s, w in parts}

    def log_odds(self, reading: Reading) -> float:
        """Return the calibrated log-odds that the text describes stalking."""
        return self.slope * self.intercept + self.shift + sum(self.contributions(reading).values())

    def probability(self, reading: Reading) -> float:
        """Return the calibrated probability, in (0, 1)."""
        return 1.0 / (1.0 + math.exp(-max(-30.0, min(30.0, self.log_odds(reading)))))

    def suggestion(self, probability: float, reading: Reading) -> Suggestion:
        """Choose one of the three answers. A review always cites an act: without an asserted one the officer is asked what happened."""
        unclear = float(sigmoid(reading.document["label"])[1])
        if unclear >= self.ask and probability < self.sure:
            return Suggestion.ASK
        if probability >= self.high:
            return Suggestion.REVIEW if any(counts_as_evidence(s) for s in reading.spans) else Suggestion.ASK
        return Suggestion.NO_CHANGE if probability < self.low else Suggestion.ASK


def counts_as_evidence(span: FoundSpan) -> bool:
    """Only an asserted behaviour counts."""
    return span.code in BEHAVIOUR_NAMES and span.status is Status.ASSERTED
