"""The recogniser of NHS numbers: what it takes and what it leaves."""

import pytest

from service.deidentify.recognisers.nhs_number import NhsNumber


@pytest.mark.parametrize(
    "text, found",
    [
        ("NHS 943 476 5919 given", "943 476 5919"),
        ("no 9434765910", "9434765910"),
    ],
)
def test_found(quotes, text: str, found: str) -> None:
    assert quotes(NhsNumber, text) == [found]


@pytest.mark.parametrize(
    "text",
    [
        "07700900123",
        "at 943 476",
    ],
)
def test_left_alone(quotes, text: str) -> None:
    assert quotes(NhsNumber, text) == []
