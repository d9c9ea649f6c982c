"""Which texts are taken for another language, and which never."""

import json

import pytest

from nlp.entries import TIMED
from nlp.language import _DATA, hardly_english, other_language
from nlp.pipeline import pipeline
from nlp.spans import exact_spans
from training.corpus import DATASETS, Record, load_corpus

READINGS = [
    json.loads(line) for line in (DATASETS / "reading/languages.jsonl").read_text(encoding="utf-8").splitlines()
]
FOREIGN = [(r["text"], r["code"]) for r in READINGS if r["code"] != "en"]
ENGLISH = [r["text"] for r in READINGS if r["code"] == "en"]


@pytest.fixture(scope="module")
def written() -> list[Record]:
    corpus = load_corpus()
    return [*corpus.split("train"), *corpus.split("dev")]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Mi ex marido me sigue todos los días hasta el trabajo y no para de llamarme.", "es"),
        ("Fostul meu soț mă așteaptă în fața blocului în fiecare seară.", "ro"),
        ("ਉਹ ਹਰ ਰੋਜ਼ ਮੇਰਾ ਪਿੱਛਾ ਕਰਦਾ ਹੈ", "pa"),
        ("我的前夫每天晚上都在我家门口等我。他不停地给我打电话。", "zh"),
        ("Mae fy nghyn-ŵr yn fy nilyn adref bob nos ac yn ffonio o rifau newydd.", "cy"),
        ("Ninkaygii hore ayaa i daba socda maalin kasta", "so"),
        ("МОЙ БЫВШИЙ МУЖ КАЖДЫЙ ДЕНЬ СТОИТ У МОЕГО ДОМА И ЗВОНИТ МНЕ", "ru"),
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


@pytest.mark.parametrize("shout", [False, True])
def test_languages_typed_without_marks_are_named_or_asked_about(shout: bool) -> None:
    texts = [(text.upper() if shout else text, code) for text, code in FOREIGN]
    found = {text: other_language(text) for text, _ in texts}
    unknown = [text for text, _ in texts if found[text] is None and not hardly_english(text)]
    named = sum(language is not None and language.code == code for text, code in texts if (language := found[text]))
    assert len(unknown) <= 1 and named >= 0.93 * len(texts)


def test_english_loan_words_do_not_make_a_text_english() -> None:
    text = "Mera ex husband mere work ke door pe aata hai, police ko phone kiya par house ke bahar wait karta hai day and night."
    found = other_language(text)
    assert found is not None and found.name == "Hindi or Urdu" and found.share == 1.0


def test_a_sentence_of_both_languages_is_no_english_sentence() -> None:
    text = (
        "wo mujhe call karta hai and says that he will come to my house aur mere bachon ko le jayega, main nahi rahungi"
    )
    found = other_language(text)
    assert found is not None and found.code == "hi-Latn"


def test_shorthand_beside_a_foreign_sentence_is_not_of_that_language() -> None:
    notes = "Ex attd HA x3 prior arr. Linked crimes, prev DV marker, bail conds live, Met CAD. Obs circulated re silver Corsa. "
    quoted = "Zabije cie jesli mnie nie wpuscisz do domu."
    assert other_language(notes + quoted) is None
    found = other_language(notes + 3 * (quoted + " "))
    assert found is not None and found.code == "pl" and found.share < 0.7
    assert (notes + 3 * (quoted + " "))[found.start : found.end] == quoted[:-1]


@pytest.mark.parametrize("text", ENGLISH)
def test_shorthand_text_speak_and_shouting_are_english(text: str) -> None:
    assert other_language(text) is None and other_language(text.upper()) is None


def test_no_written_report_and_no_sentence_of_one_is_called_foreign(written: list[Record]) -> None:
    texts = {r.text for r in written}
    assert not [text for text in texts if hardly_english(text)]
    sentences = {s.strip() for text in texts for s in text.replace("\n", ".").split(".")}
    called = [t for t in (*texts, *sentences, *map(str.upper, sentences)) if other_language(t) is not None]
    assert not called
    assert sum(map(hardly_english, sentences)) < 0.002 * len(sentences)


def test_a_function_word_of_another_language_is_none_of_english() -> None:
    data = json.loads(_DATA.read_text(encoding="utf-8"))
    sure, shared = (set(data["english"][name].split()) for name in ("sure", "shared"))
    assert not sure & shared
    for code, words in data["others"].items():
        assert not set(words.split()) & (sure | shared), code
        assert all(w.isascii() and w == w.lower() for w in words.split()), code


def test_particles_of_names_are_no_foreign_text() -> None:
    assert other_language("Ex Jose de la Cruz outside flat") is None


def test_a_foreign_quotation_does_not_make_the_report_foreign() -> None:
    found = other_language("He wrote 我的前夫每天晚上都在我家门口等我 on my door.")
    assert found is not None and found.code == "zh" and found.share < 0.7


@pytest.mark.parametrize(
    ("text", "hardly"),
    [
        ("mera ex husband roz mere ghar ke bahar khada rehta hai", True),
        ("moj byly maz stoi pod moim domem kazdej nocy", True),
        ("wysyla mi smsy caly czas", True),
        ("Ex-partner followed victim home repeatedly", False),
        ("Mum en route", False),
        ("Caller states ex outside again, third night, kicking the door", False),
    ],
)
def test_text_with_hardly_an_english_word_is_known(text: str, hardly: bool) -> None:
    assert hardly_english(text) is hardly


def entries(text: str) -> list[tuple[str, str]]:
    return [(text[s:e], label) for s, e, label in exact_spans(pipeline()(text), "entries")]


def test_a_call_log_is_split_into_timed_entries() -> None:
    found = entries("1412 INFT rang, ex outside.\n1420 PC 883 attended. No trace.\n1431 Ex back.")
    assert [t[:4] for t, _ in found] == ["1412", "1420", "1431"] and {label for _, label in found} == {TIMED}


def test_other_text_is_split_into_sentences_and_nothing_is_lost() -> None:
    text = "He rang at 7.30pm. Mr. Hall saw it! Then\nshe left"
    found = [t for t, _ in entries(text)]
    assert found == ["He rang at 7.30pm.", "Mr. Hall saw it!", "Then", "she left"]
