"""Which reports are most worth a reviewer's reading next, for the model to learn from: those it is least sure of, and unlike one another.

Uncertainty sampling with diversity (Settles 2012, ch. 3; greedy farthest-first as in Sener and Savarese 2018, over words in place of the network's states). Each
step takes the report with the largest uncertainty times distance to what was taken before.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session

from nlp.profile import profile
from service.reviewing import in_force
from service.store.tables import AssessmentRow, DecisionRow, ReportRow, RevisionRow

WIDTH = 2048  # Buckets that words are hashed into.
CONSIDERED = 3000  # The least sure, so many, are looked at for diversity.
_WORD = re.compile(r"[^\W\d_]{3,}")
Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Candidate:
    """One report that nobody has decided on. ``uncertainty``: entropy of the probability in bits, [0, 1]."""

    report_id: str
    reference: str
    probability: float
    uncertainty: float
    text: str


def candidates(
    session: Session, considered: int = CONSIDERED, without: Collection[str] = frozenset()
) -> list[Candidate]:
    """The reports that wait for a first decision and that the current model is least sure of, up to ``considered``, none of ``without``."""
    order = (func.abs(ReportRow.probability - 0.5), ReportRow.reference)
    # Chosen first, in the index of the queue; only then are texts read, of no more reports than are considered.
    waiting = select(ReportRow.id).where(ReportRow.status == "waiting", ReportRow.probability.is_not(None))
    ids = session.scalars(waiting.order_by(*order).limit(considered + len(without)))
    chosen = [report_id for report_id in ids if report_id not in without][:considered]
    rows = session.execute(
        select(ReportRow.id, ReportRow.reference, ReportRow.probability, RevisionRow.text)
        .join(RevisionRow, and_(RevisionRow.report_id == ReportRow.id, RevisionRow.number == ReportRow.latest))
        .where(ReportRow.id.in_(chosen))
        .order_by(*order)
    )
    return [Candidate(i, reference, p, entropy(p), text) for i, reference, p, text in rows if p is not None]


def entropy(probability: float) -> float:
    """Return the entropy of a yes or no in bits: 1 at a half, 0 where sure."""
    p = min(max(probability, 1e-9), 1 - 1e-9)
    return float(-(p * np.log2(p) + (1 - p) * np.log2(1 - p)))


def suggest(found: Sequence[Candidate], n: int) -> list[Candidate]:
    """Return up to ``n`` candidates, the most worth reading first; the same input gives the same answer."""
    pool = sorted(found, key=lambda c: -c.uncertainty)
    if not pool:
        return []
    vectors = _vectors([c.text for c in pool])
    worth = np.array([c.uncertainty for c in pool])
    distance = np.ones(len(pool))
    chosen: list[int] = []
    for _ in range(min(n, len(pool))):
        score = worth * distance
        score[chosen] = -1.0
        best = int(np.argmax(score))
        chosen.append(best)
        distance = np.minimum(distance, 1.0 - vectors @ vectors[best])
    return [pool[i] for i in chosen]


def _vectors(texts: Sequence[str]) -> Floats:
    """Return unit vectors [N, WIDTH] of hashed words, rare ones heavier."""
    counts = np.zeros((len(texts), WIDTH), dtype=np.float32)
    for row, text in enumerate(texts):
        for word in _WORD.findall(text.lower()):
            counts[row, zlib.crc32(word.encode()) % WIDTH] += 1
    heavier = np.log((1 + len(texts)) / (1 + (counts > 0).sum(axis=0))) + 1
    weighted = np.log1p(counts) * heavier
    return np.asarray(weighted / np.maximum(np.linalg.norm(weighted, axis=1, keepdims=True), 1e-9), dtype=np.float32)


def profiles(session: Session) -> Iterator[dict[str, object]]:
    """One line a report for ``foursight drift``: numbers and codes, not a word of the text, no reference."""
    decisions: dict[str, list[DecisionRow]] = {}
    for row in session.scalars(
        select(DecisionRow).where(DecisionRow.sample_item_id.is_(None)).order_by(DecisionRow.number)
    ):
        decisions.setdefault(row.report_id, []).append(row)
    rows = session.execute(
        select(
            ReportRow,
            RevisionRow.text,
            AssessmentRow.probability,
            AssessmentRow.suggestion,
            AssessmentRow.model_digest,
        )
        .join(RevisionRow, and_(RevisionRow.report_id == ReportRow.id, RevisionRow.number == ReportRow.latest))
        .outerjoin(AssessmentRow, and_(AssessmentRow.revision_id == RevisionRow.id, AssessmentRow.current))
        .where(RevisionRow.erased_at.is_(None))
        .order_by(ReportRow.received_at, ReportRow.id)
        .execution_options(yield_per=500)
    )
    for report, text, probability, suggestion, model in rows:
        decision = in_force(decisions.get(report.id, []))
        day = (report.reported_at or report.received_at).date()
        yield {
            "week": day.fromordinal(day.toordinal() - day.weekday()).isoformat(),
            **profile(text).model_dump(),
            "recorded_offence": report.recorded_offence,
            "probability": probability,
            "suggestion": suggestion,
            "model": model,
            "outcome": decision.outcome if decision else None,
        }
