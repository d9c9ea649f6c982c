from nlp.pipeline import pipeline


def sentences(text: str) -> list[str]:
    return [s.text.strip() for s in pipeline()(text).sents]


def test_prose_splits_at_full_stops_but_not_at_shorthand() -> None:
    assert sentences("PC Gaunt spoke to Mr. Lyle at approx. 1900. He left. No offences.") == [
        "PC Gaunt spoke to Mr. Lyle at approx. 1900.",
        "He left.",
        "No offences.",
    ]


def test_each_line_of_a_call_log_is_an_entry() -> None:
    assert sentences("1344 caller upset\n1350 opr any threat? No\n1410 unit o/s") == [
        "1344 caller upset",
        "1350 opr any threat?",
        "No",
        "1410 unit o/s",
    ]


def test_a_closing_quote_stays_with_its_sentence() -> None:
    assert sentences('She said "go away." He stayed.') == ['She said "go away."', "He stayed."]
