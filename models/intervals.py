"""How far a rate can be trusted that was counted on few."""

from __future__ import annotations

Z = 1.959964  # Standard deviations on either side that hold 95% of a normal distribution.


def wilson(hits: int, trials: int) -> tuple[float, float]:
    """Return the 95% score interval of a rate (Wilson 1927), which holds for few trials and for rates near 0 and 1."""
    rate, square = hits / trials, Z * Z / trials
    middle = (rate + square / 2) / (1 + square)
    half = Z / (1 + square) * (rate * (1 - rate) / trials + square / (4 * trials)) ** 0.5
    return max(0.0, middle - half), min(1.0, middle + half)
