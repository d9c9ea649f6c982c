"""What a terminal shows of an assessment: a text that was not read does not look like one in which nothing was found."""

import io

import pytest
from rich.console import Console

from models.contracts import Assessment, Change, Four, FourLetter, ModelInfo, Note, OccasionCount
from nlp.taxonomy import Offence, Relationship, Suggestion
from service.present import show


def shown(read: bool) -> str:
    letter = FourLetter(present=False, probability=0.4, evidence=[])
    assessment = Assessment(
        reference="r", probability=0.4, suggestion=Suggestion.ASK, offence=Offence.NONE, relationship=Relationship.UNKNOWN,
        four=Four(fixated=letter, obsessive=letter, unwanted=letter, repeated=letter), evidence=[],
        occasions=OccasionCount(at_least=5, timeline=[], summary="The text describes at least 5 occasions."),
        entities=[], points_for=[], points_against=[], rules=[], questions=["Please send a translation."],
        would_change=[Change(text="If it were one occasion.", suggestion=Suggestion.NO_CHANGE, probability=0.001)],
        notes=[Note(code="language", text="The text is in Polish.")], read=read, model=ModelInfo(name="m", version="1", digest="d"),
    )  # fmt: skip
    out = io.StringIO()
    show(Console(file=out, width=200), "Stoi pod domem.", assessment)
    return out.getvalue()


def test_notes_and_what_would_change_it_are_shown() -> None:
    out = shown(read=True)
    for words in (
        "The text is in Polish.",
        "at least 5 occasions",
        "If it were one occasion. (No change suggested, under 1%)",
    ):
        assert words in out


@pytest.mark.parametrize("words", ["Fixated", "40%", "occasions", "Points against"])
def test_a_text_that_was_not_read_shows_no_findings(words: str) -> None:
    out = shown(read=False)
    assert words not in out and "has not been read" in out and "Please send a translation." in out
