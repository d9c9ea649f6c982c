"""Which texts are taken for another language, and which never."""

import pytest

from nlp.boilerplate import only_boilerplate
from nlp.entries import TIMED
from nlp.language import hardly_english, other_language
from nlp.pipeline import pipeline
from nlp.spans import exact_spans


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Mi ex marido me sigue todos los días hasta el trabajo y no para de llamarme.", "es"),
        ("Fostul meu soț mă așteaptă în fața blocului în fiecare seară.", "ro"),
        ("ਉਹ ਹਰ ਰੋਜ਼ ਮੇਰਾ ਪਿੱਛਾ ਕਰਦਾ ਹੈ", "pa"),
        ("我的前夫每天晚上都在我家门口等我。他不停地给我打电话。", "zh"),
        ("Mae fy nghyn-ŵr yn fy nilyn adref bob nos ac yn ffonio o rifau newydd.", "cy"),
        ("Ninkaygii hore ayaa i daba socda maalin kasta", "so"),
        ("그는 매일 나를 따라온다", "und"),
    ],
)
def test_other_languages_are_named(text: str, code: str) -> None:
    found = other_language(text)
    assert found is not None and found.code == code
    assert text[found.start : found.end].strip()


@pytest.mark.parametrize(
    "text",
    [
        "IP ex-p attd HA x3, susp dep prior police arr, NFA",
        "HE FOLLOWED ME HOME",
        "ok",
        "12345 !!!",
        "",
        "Ahmed Khan, Mohammed Iqbal, Priya Patel, Kamal Hussain",
        "he follow me every day from work to home i am scare",
        "Ex-partner followed victim home repeatedly",
        "Silent calls continuing",
        "Dominik Kowalski, Anna Nowak, Piotr Zielinski, Warsaw",
        "Ex-husband Krzysztof Wojciechowski outside flat Warszawska",
        "Llanfairpwllgwyngyll, Gwynedd, Aberystwyth",
        "I/P rpts ex BF cont. txt msgs x 40+, blkd no., new nos used",
        "he dinnae stop phonin ma bairn",
    ],
)
def test_english_shorthand_and_names_are_left_alone(text: str) -> None:
    assert other_language(text) is None


def test_a_foreign_quotation_does_not_make_the_report_foreign() -> None:
    found = other_language("He wrote 我的前夫每天晚上都在我家门口等我 on my door.")
    assert found is not None and found.code == "zh" and found.share < 0.7


@pytest.mark.parametrize(
    ("text", "hardly"),
    [
        ("mera ex husband roz mere ghar ke bahar khada rehta hai", True),
        ("moj byly maz stoi pod moim domem kazdej nocy", True),
        ("Ex-partner followed victim home repeatedly", False),
        ("Caller states ex outside again, third night, kicking the door", False),
    ],
)
def test_text_with_hardly_an_english_word_is_known(text: str, hardly: bool) -> None:
    assert hardly_english(text) is hardly


@pytest.mark.parametrize(
    ("text", "stock"),
    [
        ("NFA. No lines of enquiry. Victim updated and happy with outcome. Crime filed.", True),
        ("Thank you for contacting us. Reference: 12345. Please do not reply to this email.", True),
        ("He followed me home. NFA.", False),
        ("...", False),
        ("", False),
    ],
)
def test_stock_text(text: str, stock: bool) -> None:
    assert only_boilerplate(text) is stock


def entries(text: str) -> list[tuple[str, str]]:
    return [(text[s:e], label) for s, e, label in exact_spans(pipeline()(text), "entries")]


def test_a_call_log_is_split_into_timed_entries() -> None:
    found = entries("1412 INFT rang, ex outside.\n1420 PC 883 attended. No trace.\n1431 Ex back.")
    assert [t[:4] for t, _ in found] == ["1412", "1420", "1431"] and {label for _, label in found} == {TIMED}


def test_other_text_is_split_into_sentences_and_nothing_is_lost() -> None:
    text = "He rang at 7.30pm. Mr. Hall saw it! Then\nshe left"
    found = [t for t, _ in entries(text)]
    assert found == ["He rang at 7.30pm.", "Mr. Hall saw it!", "Then", "she left"]
