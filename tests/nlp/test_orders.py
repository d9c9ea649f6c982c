"""Orders by their names and abbreviations, whether they stand, and words for their breach."""

import pytest

from nlp.mentions import read_label
from nlp.orders import breaches, stands
from nlp.pipeline import pipeline
from nlp.spans import exact_spans
from nlp.taxonomy import EntityType


def orders(text: str) -> list[tuple[int, int]]:
    return [(s, e) for s, e, _ in exact_spans(pipeline()(text), "orders")]


def quotes(text: str) -> list[str]:
    return [text[s:e] for s, e in orders(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("She has a non-molestation order.", ["non-molestation order"]),
        ("Ex Rui on non-mol. NMO served 2/2.", ["non-mol", "NMO"]),
        ("He got a Restraining Order in May. BREACH RO x1.", ["Restraining Order", "RO"]),
        ("Interim SPO granted, then a stalking protection order.", ["Interim SPO", "stalking protection order"]),
        ("The occupation order gave me the house.", ["occupation order"]),
        ("DVPN served, DVPO sought, then a DAPN and a DAPO.", ["DVPN", "DVPO", "DAPN", "DAPO"]),
        ("domestic abuse protection notice", ["domestic abuse protection notice"]),
        ("I have a High Court injunction.", ["High Court injunction"]),
        ("CPW in May, CPN letter in June, a community protection notice.", ["CPW", "CPN letter", "community protection notice"]),
        ("PIN issued 4/5. Police information notice.", ["PIN", "Police information notice"]),
        ("He was given a harassment warning.", ["harassment warning"]),
        ("DP on bail not to contact IP.", ["on bail not to contact"]),
        ("Released on conditional bail. Bail conditions: stay away.", ["on conditional bail", "Bail conditions"]),
        ("He breached his bail.", ["his bail"]),
        ("Licence conditions and a no-contact condition.", ["Licence conditions", "no-contact condition"]),
    ],
)  # fmt: skip
def test_an_order_is_found(text: str, expected: list[str]) -> None:
    assert quotes(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "RO to see. Handset kept by RO.",
        "He knows my PIN and dropped a pin on the map. The bank PIN was changed.",
        "All in order. Public order s5. I rang to order a pizza.",
        "My SPO says no. The spo was late.",
        "He has a driving licence and a heart condition.",
        "The conditions of carriage were read out.",
    ],
)
def test_what_only_looks_like_an_order_is_none(text: str) -> None:
    assert quotes(text) == []


def test_the_exact_name_wins_over_the_recogniser() -> None:
    text = "BREACH NMO. IP states NMO v ex-husband."
    found = [read_label(label)[0] for s, e, label in exact_spans(pipeline()(text), "mentions") if text[s:e] == "NMO"]
    assert found == [EntityType.ORDER] * 2


@pytest.mark.parametrize(
    ("text", "standing"),
    [
        ("SUSP is subject to an NMO until 2027.", True),
        ("She holds a restraining order against him.", True),
        ("DP on bail not to contact IP.", True),
        ("There is no restraining order.", False),
        ("I want to get a restraining order.", False),
        ("Advised about a non-molestation order.", False),
        ("Ask that SPO is considered.", False),
        ("Restraining order expired 2021.", False),
        ("Restraining order on her ex ran out in March.", False),
        ("He got a restraining order. It ran out in May.", False),
        ("He holds a restraining order against me.", False),
        ("Charged and released on bail, DASH medium.", False),
        ("I gave an undertaking to the court.", False),
    ],
)
def test_whether_an_order_stands(text: str, standing: bool) -> None:
    ((start, end),) = orders(text)
    assert stands(text, start, end) is standing


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("He breached his bail on Friday.", [("breached his bail", True)]),
        ("She broke the order again.", [("broke the order", True)]),
        ("He came round despite the restraining order.", [("despite the restraining order", True)]),
        ("Arrested, breach NMO.", [("breach NMO", False)]),
        ("Breach of the peace.", []),
        ("He has not breached his bail.", []),
        ("Ring 999 if he breaches the order.", []),
        ("He says I breached the order.", []),
        ("No breach of the order.", []),
    ],
)
def test_words_for_a_breach(text: str, expected: list[tuple[str, bool]]) -> None:
    assert [(text[s:e], plain) for s, e, plain in breaches(text, orders(text))] == expected
