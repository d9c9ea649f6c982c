"""The recogniser of vehicle registrations: what it takes and what it leaves."""

import pytest

from service.deidentify.recognisers.vehicle import Vehicle


@pytest.mark.parametrize(
    "text, found",
    [
        ("a blue AB12 CDE parked", "AB12 CDE"),
        ("reg ab12cde", "ab12cde"),
        ("an old K123 ABC", "K123 ABC"),
        ("an ABC 123D", "ABC 123D"),
    ],
)
def test_found(quotes, text: str, found: str) -> None:
    assert quotes(Vehicle, text) == [found]


@pytest.mark.parametrize(
    "text",
    [
        "a20 min walk",
        "was 20 a day",
        "FLAT 12B",
        "THE M25 AND THE A1",
    ],
)
def test_left_alone(quotes, text: str) -> None:
    assert quotes(Vehicle, text) == []
