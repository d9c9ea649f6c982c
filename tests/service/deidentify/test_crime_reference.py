"""The recogniser of crime references: what it takes and what it leaves."""

import pytest

from service.deidentify.recognisers.crime_reference import CrimeReference


@pytest.mark.parametrize(
    "text, found",
    [
        ("see 42/1234/26 for more", "42/1234/26"),
        ("under CR/123456/26.", "CR/123456/26"),
        ("CAD 1216 refers", "CAD 1216"),
        ("crime number 6200012345", "crime number 6200012345"),
        ("Log 311 of today", "Log 311"),
    ],
)
def test_found(quotes, text: str, found: str) -> None:
    assert quotes(CrimeReference, text) == [found]


@pytest.mark.parametrize(
    "text",
    [
        "on 12/03/26 he rang",
        "he rang 12 times",
        "crime in 20 minutes",
    ],
)
def test_left_alone(quotes, text: str) -> None:
    assert quotes(CrimeReference, text) == []
