"""Intervals that hold at low shares. Every function takes arrays and works along the last axis where it sums over strata.

A share of a stratified sample gets the interval that a simple random sample of its *effective* size would get (Korn and
Graubard 1998, Survey Methodology 24, 193-201), by Jeffreys' method in place of Clopper and Pearson's, which is wider than it
need be (Brown, Cai and DasGupta 2001, Statistical Science 16, 101-133; Franco and others 2019, Journal of Survey Statistics
and Methodology 7, 334-364, compare them under stratified designs). A ratio of two independent totals gets its interval from
theirs (MOVER-R: Donner and Zou 2012, Statistical Methods in Medical Research 21, 347-359).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import betaincinv

Array = NDArray[np.float64]
LEVEL = 0.95


def jeffreys(share: ArrayLike, size: ArrayLike, level: float = LEVEL) -> tuple[Array, Array]:
    """The lower and upper limit of a share seen in a (possibly fractional) number of reports. No reports: from 0 to 1."""
    p, n = np.broadcast_arrays(np.asarray(share, float), np.asarray(size, float))
    n = np.clip(n, 0.0, 1e12)
    hits = np.clip(p, 0.0, 1.0) * n
    tail = (1 - level) / 2
    low = betaincinv(hits + 0.5, n - hits + 0.5, tail)
    high = betaincinv(hits + 0.5, n - hits + 0.5, 1 - tail)
    low = np.where((hits <= 0) | (n <= 0), 0.0, low)
    high = np.where((hits >= n) | (n <= 0), 1.0, high)
    return low, high


def ratio_limits(
    top: ArrayLike, top_limits: tuple[Array, Array], bottom: ArrayLike, bottom_limits: tuple[Array, Array]
) -> tuple[Array, Array]:
    """Limits of ``top / bottom`` for two independent estimates that are not negative. A bottom that may be 0: no upper limit."""
    a, b = np.asarray(top, float), np.asarray(bottom, float)
    (la, ua), (lb, ub) = top_limits, bottom_limits
    below, above = la * (2 * a - la), ua * (2 * a - ua)
    much, little = ub * (2 * b - ub), lb * (2 * b - lb)
    with np.errstate(divide="ignore", invalid="ignore"):
        # The usual formula of the lower limit, (ab - root) / much, multiplied out: it holds where ``much`` is 0 or less, too.
        low = below / (a * b + np.sqrt(np.maximum((a * b) ** 2 - below * much, 0.0)))
        high = np.where(little > 0, (a * b + np.sqrt(np.maximum((a * b) ** 2 - above * little, 0.0))) / little, np.inf)
    return np.nan_to_num(np.maximum(low, 0.0), nan=0.0), np.nan_to_num(high, nan=np.inf, posinf=np.inf)
