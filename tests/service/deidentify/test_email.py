"""The recogniser of email addresses: what it takes and what it leaves."""

import pytest

from service.deidentify.recognisers.email import Email


@pytest.mark.parametrize(
    "text, found",
    [
        ("from r.cole+1@mail.example.co.uk, again", "r.cole+1@mail.example.co.uk"),
        ("R_COLE@EXAMPLE.COM", "R_COLE@EXAMPLE.COM"),
    ],
)
def test_found(quotes, text: str, found: str) -> None:
    assert quotes(Email, text) == [found]


@pytest.mark.parametrize(
    "text",
    [
        "meet @ noon",
        "a@b",
    ],
)
def test_left_alone(quotes, text: str) -> None:
    assert quotes(Email, text) == []
