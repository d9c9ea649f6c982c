"""Whether a probability rests on the evidence cited for it: what deleting those words does to it, or keeping only them (DeYoung et al. 2020, ERASER).

Beside each stands the same done with as many random words, for any deletion moves a probability a little.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from tqdm import tqdm

from models.assessor import Assessor
from models.contracts import Assessment, Report
from nlp.taxonomy import Status, Suggestion
from training.corpus import Record
from training.metrics import Array, overlap


class Falls(NamedTuple):
    """How far the probability of each report falls: without the evidence, without random words, with only the evidence, with only random words."""

    without_evidence: Array
    without_random: Array
    only_evidence: Array
    only_random: Array


def evidence_falls(
    assessor: Assessor, records: Sequence[Record], assessments: Sequence[Assessment], seed: int = 0
) -> Falls:
    """Measure the reports suggested as stalking, in the order given; the evidence is every asserted span of positive weight."""
    chance = np.random.default_rng(seed)
    rows: list[list[float]] = []
    pairs = list(zip(records, assessments, strict=True))
    for record, assessment in tqdm(pairs, desc="faithfulness", disable=None, leave=False):
        if assessment.suggestion is not Suggestion.REVIEW:
            continue
        cited = [(e.start, e.end) for e in assessment.evidence if e.weight > 0 and e.status is Status.ASSERTED]
        words = list(re.finditer(r"\S+", record.text))
        marked = np.array([any(overlap(w.span(), c) for c in cited) for w in words])
        if not marked.any() or marked.all():
            continue
        # Random stretches: the same runs of marked words, moved to another place.
        shifted = np.roll(marked, int(chance.integers(1, len(marked))))
        cut = [
            Report(reference=record.id, text=" ".join(w[0] for w, k in zip(words, keep, strict=True) if k))
            for keep in (~marked, ~shifted, marked, shifted)
        ]
        rows.append([assessment.probability - after.probability for after in assessor.assess_many(cut)])
    return Falls(*np.array(rows).reshape(-1, len(Falls._fields)).T)
