"""The recogniser of dates of birth: what it takes and what it leaves."""

import pytest

from service.deidentify.recognisers.date_of_birth import DateOfBirth


@pytest.mark.parametrize(
    "text, found",
    [
        ("IP (DOB 12/03/1980) states", "DOB 12/03/1980"),
        ("she was born on 3 May 1979", "born on 3 May 1979"),
        ("D.O.B: 1-2-99.", "D.O.B: 1-2-99"),
    ],
)
def test_found(quotes, text: str, found: str) -> None:
    assert quotes(DateOfBirth, text) == [found]


@pytest.mark.parametrize(
    "text",
    [
        "on 12/03/2026 he rang",
        "the baby was born last May",
    ],
)
def test_left_alone(quotes, text: str) -> None:
    assert quotes(DateOfBirth, text) == []
