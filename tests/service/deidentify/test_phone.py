"""The recogniser of UK telephone numbers: what it takes and what it leaves."""

import pytest

from service.deidentify.recognisers.phone import Phone


@pytest.mark.parametrize(
    "text, found",
    [
        ("rang from 07700 900123 again", "07700 900123"),
        ("+44 (0)7700 900 123", "+44 (0)7700 900 123"),
        ("on 0113-496-0000", "0113-496-0000"),
        ("a number ending 418.", "ending 418"),
        ("+353 85 012 3456", "+353 85 012 3456"),
    ],
)
def test_found(quotes, text: str, found: str) -> None:
    assert quotes(Phone, text) == [found]


@pytest.mark.parametrize(
    "text",
    [
        "between 0900 and 1000",
        "at 02:10 and 03:10",
        "on 06/03 0915",
    ],
)
def test_left_alone(quotes, text: str) -> None:
    assert quotes(Phone, text) == []
