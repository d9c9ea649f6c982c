"""The interval that stands beside every counted rate."""

import pytest

from models.intervals import wilson


@pytest.mark.parametrize(
    ("hits", "trials", "low", "high"),
    # Newcombe (1998), table I.
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilson_agrees_with_published_values(hits: int, trials: int, low: float, high: float) -> None:
    assert wilson(hits, trials) == pytest.approx((low, high), abs=5e-5)


def test_all_of_a_few_is_not_taken_for_always() -> None:
    low, high = wilson(3, 3)
    assert low < 0.5 and high == 1.0
