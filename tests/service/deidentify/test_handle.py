"""The recogniser of account names: what it takes and what it leaves."""

import pytest

from service.deidentify.recognisers.handle import Handle


@pytest.mark.parametrize(
    "text, found",
    [
        ("he posts as @ghost.pacer.", "@ghost.pacer"),
        ("callum_m_runs liked it", "callum_m_runs"),
        ("under the user name nightowl77", "nightowl77"),
    ],
)
def test_found(quotes, text: str, found: str) -> None:
    assert quotes(Handle, text) == [found]


@pytest.mark.parametrize(
    "text",
    [
        "r@cole.example",
        "no handle here",
    ],
)
def test_left_alone(quotes, text: str) -> None:
    assert quotes(Handle, text) == []
