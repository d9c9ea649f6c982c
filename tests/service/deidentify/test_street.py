"""The recogniser of streets: what it takes and what it leaves."""

import pytest

from service.deidentify.recognisers.street import Street


@pytest.mark.parametrize(
    "text, found",
    [
        ("of 14b Station Road, Hull", "14b Station Road"),
        ("Flat 2, Mill Lane", "Flat 2, Mill Lane"),
        ("AT 7 HIGH STREET SINCE", "7 HIGH STREET"),
    ],
)
def test_found(quotes, text: str, found: str) -> None:
    assert quotes(Street, text) == [found]


@pytest.mark.parametrize(
    "text",
    [
        "down the long road",
        "the end of the close",
    ],
)
def test_left_alone(quotes, text: str) -> None:
    assert quotes(Street, text) == []
