"""The words of the console: plain, complete, and never claiming certainty."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from models.assessor import Assessor
from models.contracts import Evidence, Report
from nlp.taxonomy import BY_CODE, RecordedOffence, Relationship, Role, Status, Style, Suggestion
from service.console import words

ROOT = Path(__file__).parents[2]


def _span(text: str, start: int, end: int, code: str = "contact", status: Status = Status.ASSERTED) -> Evidence:
    return Evidence(start=start, end=end, quote=text[start:end], code=code, status=status, weight=0.1)


def test_every_code_has_words_and_a_style() -> None:
    styles = (ROOT / "service/console/static/report.css").read_text(encoding="utf-8")
    assert all(f".fs-code-{code}" in styles and f"#show-{code}:" in styles for code in BY_CODE)
    assert set(words.SUGGESTION_TAG) == set(Suggestion) and set(words.RECORDED) == set(words.RECORDED_AS) == set(
        RecordedOffence
    )
    assert set(words.RELATIONSHIP) == set(Relationship) and set(words.STATUS) == set(words.STATUS_PREFIX) == set(Status)
    assert set(words.ROLE) == set(Role)


@pytest.mark.parametrize(
    ("probability", "says"), [(0.0, "under 1%"), (0.004, "under 1%"), (0.5, "50%"), (0.994, "99%"), (1.0, "over 99%")]
)
def test_percentages_never_claim_certainty(probability: float, says: str) -> None:
    assert words.percent(probability) == says


def test_days_are_those_of_the_united_kingdom() -> None:
    summer = datetime(2026, 6, 3, 23, 30, tzinfo=UTC)
    assert words.day(summer) == "4 Jun 2026"
    assert words.day_and_time(summer) == words.day_and_time(summer.isoformat()) == "4 Jun 2026, 00:30 BST"
    assert words.day_and_time(datetime(2026, 12, 3, 23, 30, tzinfo=UTC), seconds=True) == "3 Dec 2026, 23:30:00 GMT"
    assert (words.written("2026-06"), words.written("2026-06-04"), words.written(None), words.day(None)) == (
        "2026-06",
        "4 Jun 2026",
        "No date",
        "Not given",
    )


def test_the_source_is_in_plain_words() -> None:
    assert set(words.SOURCE) == set(Style)
    assert (words.source("call_log"), words.source("STORM"), words.source(None)) == ("Call log", "STORM", "Not given")


def test_what_is_to_be_asked_leaves_the_offence_open(reader: Assessor, quarrel: str) -> None:
    assessment = reader.assess(Report(reference="A", text=quarrel)).model_copy(update={"suggestion": Suggestion.ASK})
    assert words.offence(assessment) == "Open until the answers to the questions come"
    assert "leaves open" in words.headline(Suggestion.ASK, "stalking")


def test_the_queue_says_why_in_one_line(reader: Assessor, stalked: str) -> None:
    assessment = reader.assess(Report(reference="A", text=stalked))
    no_evidence = assessment.model_copy(update={"evidence": [], "suggestion": Suggestion.REVIEW})
    assert words.why(no_evidence) == "No act of stalking is said to have happened."
    acts = [
        _span(stalked, 0, 2, "following"),
        _span(stalked, 3, 5, "contact"),
        _span(stalked, 3, 5, "threat", Status.NEGATED),
        _span(stalked, 6, 9, "refusal"),
    ]
    four = assessment.four.model_copy(
        update={"unwanted": assessment.four.unwanted.model_copy(update={"present": True})}
    )
    occasions = assessment.occasions.model_copy(update={"at_least": 3})
    shown = no_evidence.model_copy(update={"evidence": acts, "four": four, "occasions": occasions})
    assert words.why(shown) == "Following and contact, on 3 or more occasions; told that it is unwanted."
    asked = shown.model_copy(update={"suggestion": Suggestion.ASK, "questions": ["When?"]})
    assert words.why(asked) == "When?"


@pytest.mark.parametrize(
    ("log_odds", "strongest", "said"),
    [(0.3, 0.3, "strong"), (0.15, 0.3, "some"), (0.05, 0.3, "little"), (-0.2, 0.3, "against"), (0.0, 0.0, "little")],
)
def test_a_weight_is_told_beside_the_strongest_of_the_report(log_odds: float, strongest: float, said: str) -> None:
    assert words.weight(log_odds, strongest) == said
