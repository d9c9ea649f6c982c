"""What the recogniser takes for a mention."""

import pytest

from nlp.mentions import read_label
from nlp.pipeline import pipeline
from nlp.spans import exact_spans
from nlp.taxonomy import EntityType


def found(text: str, kind: EntityType) -> list[str]:
    mentions = exact_spans(pipeline()(text), "mentions")
    return [text[start:end] for start, end, label in mentions if read_label(label)[0] is kind]


@pytest.mark.parametrize("symbol", ["😡", "❤️", "👩🏽‍🦰", "😭😭", ">", "™"])
@pytest.mark.parametrize("rest", ["keeps coming to my house and shouting", "keeps texting me"])
def test_a_person_ends_at_a_symbol(symbol: str, rest: str) -> None:
    assert found(f"My ex {symbol} {rest}", EntityType.PERSON) == ["My ex"]


def test_a_person_after_an_emoji_is_still_found() -> None:
    assert found("He rang me 😭 and Dave came round 🙄 with my mum", EntityType.PERSON) == ["Dave", "my mum"]


def test_a_plus_sign_joins_two_days() -> None:
    assert found("Turned up again mon + thurs", EntityType.TIME) == ["mon + thurs"]
