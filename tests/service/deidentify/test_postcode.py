"""The recogniser of postcodes: what it takes and what it leaves."""

import pytest

from service.deidentify.recognisers.postcode import Postcode


@pytest.mark.parametrize(
    "text, found",
    [
        ("lives at HU1 2AB now", "HU1 2AB"),
        ("ec1a1bb", "ec1a1bb"),
        ("in W1A 0AX.", "W1A 0AX"),
    ],
)
def test_found(quotes, text: str, found: str) -> None:
    assert quotes(Postcode, text) == [found]


@pytest.mark.parametrize(
    "text",
    [
        "flat 8 near M62",
        "B12 is a vitamin",
    ],
)
def test_left_alone(quotes, text: str) -> None:
    assert quotes(Postcode, text) == []
