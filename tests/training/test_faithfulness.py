"""Whether explanations are measured by what the words cited really do."""

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from models.contracts import Report
from nlp.taxonomy import Status, Suggestion
from training.faithfulness import evidence_falls

TEXT = "He follows me home. The bus was late and it rained all the way to town on that day."


class Following:
    """Sees stalking in one word and nothing else."""

    def __init__(self) -> None:
        self.read: list[str] = []

    def assess_many(self, reports: Sequence[Report]) -> list[Any]:
        self.read += [r.text for r in reports]
        return [SimpleNamespace(probability=0.9 if "follows" in r.text else 0.1) for r in reports]


def cites(quote: str, suggestion: Suggestion = Suggestion.REVIEW, weight: float = 1.0) -> Any:
    start = TEXT.index(quote)
    cited = SimpleNamespace(start=start, end=start + len(quote), weight=weight, status=Status.ASSERTED)
    return SimpleNamespace(suggestion=suggestion, probability=0.9, evidence=[cited])


def measured(*assessments: Any) -> tuple[Any, list[str]]:
    reader = Following()
    records: Any = [SimpleNamespace(id=str(n), text=TEXT) for n in range(len(assessments))]
    return evidence_falls(reader, records, assessments), reader.read  # type: ignore[arg-type]


def test_evidence_that_carries_the_answer_is_told_from_evidence_that_does_not() -> None:
    right, _ = measured(cites("follows"))
    wrong, _ = measured(cites("late and it"))
    assert right.without_evidence == pytest.approx([0.8]) and right.only_evidence == pytest.approx([0.0])
    assert wrong.without_evidence == pytest.approx([0.0]) and wrong.only_evidence == pytest.approx([0.8])


def test_random_words_are_as_many_as_the_evidence_and_the_same_every_time() -> None:
    _, read = measured(cites("follows me home"))
    assert [len(text.split()) for text in read] == [16, 16, 3, 3]
    assert read[2] == "follows me home." and read[3] != read[2]
    assert measured(cites("follows me home"))[1] == read


def test_only_reports_suggested_as_stalking_with_evidence_for_it_count() -> None:
    falls, read = measured(
        cites("follows", Suggestion.ASK), cites("follows", weight=-1.0), cites(TEXT), cites("follows")
    )
    assert len(falls.without_evidence) == 1 and len(read) == 4
    assert all(len(fall) == 0 for fall in measured(cites("follows", Suggestion.NO_CHANGE))[0])
    assert np.isfinite(falls.without_random).all()
