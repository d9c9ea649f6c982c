"""What a text may be: empty, too long, wrong characters."""

import pytest

from nlp.text import MAX_CHARACTERS, TextError, TextTooLong, check_text


@pytest.mark.parametrize("text", ["", " \n\t ", "\u2003"])
def test_blank_text_is_refused(text: str) -> None:
    with pytest.raises(TextError, match="empty or blank"):
        check_text(text)


def test_limit_is_exact() -> None:
    assert check_text("a" * MAX_CHARACTERS)
    with pytest.raises(TextTooLong, match="50,001"):
        check_text("a" * (MAX_CHARACTERS + 1))


@pytest.mark.parametrize(("text", "offset"), [("secret\0words", 6), ("secret\ud800words", 6)])
def test_unreadable_characters_are_named_by_place_and_the_text_is_not_repeated(text: str, offset: int) -> None:
    with pytest.raises(TextError, match=str(offset)) as caught:
        check_text(text)
    assert "secret" not in str(caught.value)


def test_everything_else_is_kept_as_sent() -> None:
    text = "<script>alert(1)</script> \x07 \U0001f600 e\u0301 \u202e"
    assert check_text(text) == text
