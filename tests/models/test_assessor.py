"""The shipped bundle, through the one door: exact offsets for any text, the same answer however reports are grouped, nothing dropped."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models.assessor import Assessor
from models.contracts import Assessment, Report
from nlp.taxonomy import Status, Suggestion
from nlp.text import MAX_CHARACTERS

# Random Unicode with words that the reader marks, so that spans are found among odd characters.
pieces = st.one_of(
    st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=30),
    st.sampled_from(
        [
            " he follows me home every night ",
            " I told him to stop ",
            " my ex-husband ",
            " waits outside my work ",
            " 07700 900123 ",
            " last Tuesday ",
            "\U0001f469\u200d\U0001f469\u200d\U0001f466",
            "e\u0301",
            "\u202e",
            "\r\n",
        ]
    ),
)
texts = st.lists(pieces, min_size=1, max_size=12).map("".join).filter(str.strip)


def spans(assessment: Assessment) -> list[tuple[int, int, str]]:
    found: list[tuple[int, int, str]] = []

    def walk(value: object) -> None:
        if isinstance(value, dict):
            if {"start", "end", "quote"} <= value.keys():
                found.append((value["start"], value["end"], value["quote"]))
            for item in value.values():
                walk(item)
        elif isinstance(value, list):
            for item in value:
                walk(item)

    walk(json.loads(assessment.model_dump_json()))
    return found


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(text=texts)
def test_every_span_quotes_the_text_exactly(assessor: Assessor, text: str) -> None:
    assessment = assessor.assess(Report(reference="r", text=text))
    for start, end, quote in spans(assessment):
        assert 0 <= start < end <= len(text)
        assert text[start:end] == quote
    assert 0 <= assessment.probability <= 1


def test_a_plain_pursuit_is_found_and_explained(assessor: Assessor) -> None:
    text = (
        "My ex-husband has waited outside my work every evening since March and follows me to the bus. I have told him to stop and "
        "blocked his number, and he rings from new ones. I am frightened to leave the house."
    )
    found = assessor.assess(Report(reference="r", text=text))
    assert found.suggestion is Suggestion.REVIEW
    assert found.relationship == "former_partner"
    assert found.four.repeated.present and found.four.unwanted.present
    asserted = {e.code for e in found.evidence if e.status is Status.ASSERTED}
    assert asserted & {"loitering", "following"} and "contact" in asserted
    assert any(r.applies and "s.7" in r.citation for r in found.rules)
    assert found.points_for


def test_a_single_row_is_not_flagged(assessor: Assessor) -> None:
    found = assessor.assess(
        Report(
            reference="r", text="Two lads threw eggs at the shop window on Saturday night and ran off towards the park."
        )
    )
    assert found.suggestion is Suggestion.NO_CHANGE
    assert found.points_against


def test_a_reason_against_names_the_sentence_it_rests_on(assessor: Assessor) -> None:
    text = (
        "Neighbour at no 14 has been round four times this month and left two notes on the car. "
        "Every note is about the invoice for the shared fence, which the caller has not paid. The caller works nights and is tired."
    )
    found = assessor.assess(Report(reference="r", text=text))
    rests = {p.code: p.evidence for p in found.points_against}
    assert any("invoice for the shared fence" in e.quote for e in rests["dispute"])
    assert all(text[e.start : e.end] == e.quote for spans in rests.values() for e in spans)


def test_grouping_does_not_change_the_answer(assessor: Assessor) -> None:
    reports = [Report(reference=str(n), text="He rang me again. " * (n + 1)) for n in range(10)]
    together = assessor.assess_many(reports)
    assert [a.reference for a in together] == [r.reference for r in reports]
    for n in (0, 9):
        alone = assessor.assess(reports[n])
        assert alone == together[n]


def test_what_stands_at_the_end_of_a_long_text_still_counts(assessor: Assessor) -> None:
    filler = "The parish council met to discuss the hedge by the car park and adjourned. " * 60
    pursuit = "My ex waits outside my work every night and follows me home. I told him to stop. He rings from new numbers after I block him."
    found = assessor.assess(Report(reference="r", text=filler + pursuit))
    assert any(e.start >= len(filler) for e in found.evidence)


def test_the_longest_text_is_read_to_its_end(assessor: Assessor) -> None:
    pursuit = "My ex waits outside my work every night and follows me home. I told him to stop. He rings from new numbers after I block him."
    filler = "The parish council met to discuss the hedge by the car park and adjourned. " * 700
    text = filler[: MAX_CHARACTERS - len(pursuit)] + pursuit
    found = assessor.assess(Report(reference="r", text=text))
    assert found.evidence and found.evidence[-1].end > MAX_CHARACTERS - len(pursuit)


@pytest.mark.parametrize("text", ["\u200b", ".", "\U0001f600", "\x01\x02", "<b></b>", "ok"])
def test_texts_with_nothing_to_read_do_not_fail(assessor: Assessor, text: str) -> None:
    found = assessor.assess(Report(reference="r", text=text))
    assert found.suggestion is not Suggestion.REVIEW


@pytest.mark.xfail(
    reason="known weakness of the reader: a sentence said forty times over is marked nowhere", strict=False
)
def test_one_sentence_repeated_to_the_limit_is_marked(assessor: Assessor) -> None:
    text = ("He followed me home. " * 3000)[:MAX_CHARACTERS]
    assert assessor.assess(Report(reference="r", text=text)).evidence
