"""Which texts are nothing but stock sentences, and that no told act is one."""

import time

import pytest

from nlp.boilerplate import only_boilerplate, stock_sentences
from nlp.taxonomy import BEHAVIOUR_NAMES
from training.corpus import load_corpus


@pytest.mark.parametrize(
    ("text", "stock"),
    [
        ("NFA. No lines of enquiry. Victim updated and happy with outcome. Crime filed.", True),
        ("Thank you for contacting us. Reference: 12345. Please do not reply to this email.", True),
        (
            "Crime number issued, Victims' Code leaflet sent. Body worn video recorded. Signed off by sergeant. Next review in 28 days.",
            True,
        ),
        ("Call taken by operator 4471, line clear. Grade 3. Unit assigned. Log closed.", True),
        ("Date of report: 3/10. Mode of report: front desk. Injuries: none. CCTV: no. Any witnesses? No.", True),
        (
            "I confirm that the information given is true. I am willing to attend court. Sent from my phone. Sorry for any spelling.",
            True,
        ),
        ("PNC checks negative. House to house negative. CCTV requested. MG11 obtained. File NFA.", True),
        (
            "THRIVE completed. Victims’ Code leaflet sent. There is no CCTV. The suspect has not been identified. Closed by control room.",
            True,
        ),
        ("He followed me home. NFA.", False),
        ("Tried to call the victim. Suspect bailed. In breach of bail within the hour.", False),
        ("Update: he came back twice.", False),
        ("CAD: ex outside again.", False),
        ("Location: outside her flat.", False),
        ("Officer: male seen at window.", False),
        ("DASH: has he followed you? No.", False),
        ("Safety advice given re cameras, being followed home.", False),
        ("Advice given: keep a log if he messages from new accounts.", False),
        ("None has come near since.", False),
        ("Yes he has messaged her every week.", False),
        ("1* review Mar, another Tues from new acct, same woman.", False),
        ("Thank you for the flowers you left on my car", False),
        ("I am willing to wait for you", False),
        ("...", False),
        ("", False),
    ],
)
def test_stock_text(text: str, stock: bool) -> None:
    assert only_boilerplate(text) is stock
    assert only_boilerplate(text.upper()) is stock


def test_no_sentence_with_a_marked_act_is_a_stock_one() -> None:
    corpus = load_corpus()
    stock = 0
    for record in (*corpus.split("train"), *corpus.split("dev")):
        for start, end, is_stock in stock_sentences(record.text):
            acts = [s for s in record.spans if s.code in BEHAVIOUR_NAMES and s.start < end and s.end > start]
            assert not (is_stock and acts), (record.id, record.text[start:end])
            stock += is_stock
    assert stock > 500, "and not because none is"


def test_a_long_sentence_is_read_in_time() -> None:
    started = time.monotonic()
    for text in ("nfa " + "a " * 20_000, "update " * 7_000, "attempts made to contact " * 2_000, "- 1 " * 12_000):
        assert only_boilerplate(text) is not None
    assert time.monotonic() - started < 5
