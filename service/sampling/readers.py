"""How far readers agree, and what their errors do to the verdict.

Two people read each report blind and a third settles where they differ, so the error rates of all three can be had from the
readings alone: each reader misses a share of what is stalking and says stalking of a share of what is not, independently given
the truth (Dawid and Skene 1979, Applied Statistics 28, 20-28; with two groups of different shares the rates of two readers
are identified: Hui and Walter 1980, Biometrics 36, 167-171). The third reader sees only the reports on which the others differ.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri

from service.sampling.intervals import Array

# How a report was read, by first reader, second reader, third reader (None: did not read). The order of the last axis of counts.
PATTERNS: tuple[tuple[bool, bool, bool | None], ...] = (
    (True, True, None),
    (True, False, True),
    (True, False, False),
    (False, True, True),
    (False, True, False),
    (False, False, None),
)
VERDICT = np.array([True, True, False, True, False, False])
_SAYS = np.array([[1, 1, 0], [1, 0, 1], [1, 0, 0], [0, 1, 1], [0, 1, 0], [0, 0, 0]], float)
_READ = np.array([[True, True, third is not None] for *_, third in PATTERNS], float)
# As if so many reports had been read with (first row) and without the reader saying stalking, for stalking (first column) and the
# rest: a touch that keeps a rate off 0 and 1 where few reports bear on it.
_PRIOR = np.array([[2.0, 0.1], [0.2, 1.0]])
# And each reader is taken to be like the three together, as far as so many reports would tell.
_POOL = 10.0


@dataclass(frozen=True)
class ErrorRates:
    """Of the settled verdict: ``sensitivity`` is the share of stalking called so, ``false`` the share of the rest called so.

    ``readers`` holds the three readers' own, shape (..., 3, 2): sensitivity and false rate. The influences, (..., strata, 6),
    say how far one more report of a stratum with one pattern would move each rate: what a variance is made of.
    """

    sensitivity: Array
    false: Array
    readers: Array
    sensitivity_influence: Array
    false_influence: Array

    @property
    def told(self) -> Array:
        """Youden's index: what a verdict tells, 1 for readers without error. Shares are divided by it."""
        return np.maximum(self.sensitivity - self.false, 0.05)

    def turned(self) -> ErrorRates:
        """The same errors for the opposite verdict."""
        return ErrorRates(
            1 - self.false, 1 - self.sensitivity, self.readers, -self.false_influence, -self.sensitivity_influence
        )


def settled(rates: Array) -> Array:
    """The chance that three readers, each saying stalking with ``rates`` (..., 3), settle on stalking; the third reads on a difference."""
    a, b, c = rates[..., 0], rates[..., 1], rates[..., 2]
    return a * b + (a * (1 - b) + b * (1 - a)) * c


def error_rates(counts: Array, rounds: int = 500) -> ErrorRates:
    """Estimate by expectation-maximisation from ``counts`` (..., strata, 6): reports of each stratum by PATTERNS.

    Strata are groups whose shares differ, flagged and not flagged at the least.
    """
    n = counts.sum(-1)
    rates = np.broadcast_to(np.array([0.9, 0.03]), (*counts.shape[:-2], 3, 2)).copy()
    share = (counts[..., VERDICT].sum(-1) + 0.5) / (n + 1)
    for _ in range(rounds):
        told = _chances(rates)
        true, other = share[..., None] * told[..., None, 0, :], (1 - share)[..., None] * told[..., None, 1, :]
        weight = true / np.maximum(true + other, 1e-300)
        positive, negative = counts * weight, counts * (1 - weight)
        share = (positive.sum(-1) + 1e-6) / (n + 2e-6)
        by_pattern = np.stack([positive.sum(-2), negative.sum(-2)], axis=-2)  # (..., truth, pattern)
        said = np.einsum("...tp,pr->...rt", by_pattern, _SAYS * _READ)
        seen = np.einsum("...tp,pr->...rt", by_pattern, _READ)
        common = (said.sum(-2, keepdims=True) + _PRIOR[0]) / (seen.sum(-2, keepdims=True) + _PRIOR.sum(0))
        new = (said + _POOL * common) / (seen + _POOL)
        moved = float(np.max(np.abs(new - rates), initial=0.0))
        rates = new
        if moved < 1e-6:
            break
    influence = _influence(rates, common, share, n)
    parts = []
    for truth in (0, 1):
        slopes = _slopes(rates[..., truth])
        parts.append(np.einsum("...r,...rsp->...sp", slopes, influence[..., truth::2, :, :]))
    return ErrorRates(settled(rates[..., 0]), settled(rates[..., 1]), rates, parts[0], parts[1])


def _chances(rates: Array) -> Array:
    """The chance of each pattern given the truth, (..., truth, pattern); truth 0 is stalking."""
    chance = np.clip(np.swapaxes(rates, -1, -2), 1e-9, 1 - 1e-9)[..., None, :]  # (..., truth, 1, reader)
    each = np.where(_SAYS > 0, chance, 1 - chance)
    found: Array = np.where(_READ > 0, each, 1.0).prod(-1)
    return found


def _influence(rates: Array, common: Array, share: Array, n: Array) -> Array:
    """How one report moves each reader's rates, (..., 6, strata, pattern), in the order reader 1 stalking, reader 1 not, and so on.

    Inverse information times score, the shares of the strata estimated beside the rates.
    """
    strata = share.shape[-1]
    told = _chances(rates)
    chance = np.clip(rates, 1e-6, 1 - 1e-6)
    # Slope of the log chance of a pattern in each rate: (..., reader, truth, pattern).
    slope = np.where(_SAYS.T[:, None, :] > 0, 1 / chance[..., None], -1 / (1 - chance[..., None])) * _READ.T[:, None, :]
    mix = np.stack([share, 1 - share], axis=-1)  # (..., strata, truth)
    cell = np.maximum(np.einsum("...st,...tp->...sp", mix, told), 1e-12)
    by_rate = np.einsum("...st,...tp,...rtp->...rtsp", mix, told, slope)
    by_rate = by_rate.reshape(*by_rate.shape[:-4], 6, strata, 6) / cell[..., None, :, :]
    own = (told[..., 0, :] - told[..., 1, :])[..., None, :] / cell  # (..., strata, pattern)
    by_share = own[..., None, :, :] * np.eye(strata)[:, :, None]
    score = np.concatenate([by_rate, by_share], axis=-3)  # (..., 6 + strata, strata, pattern)
    information = np.einsum("...s,...sp,...isp,...jsp->...ij", n, cell, score, score, optimize=True)
    prior = _POOL * (common / chance**2 + (1 - common) / (1 - chance) ** 2)
    diagonal = np.concatenate([prior.reshape(*prior.shape[:-2], 6), np.full(share.shape, 1e-6)], axis=-1)
    information = information + diagonal[..., None] * np.eye(6 + strata)
    found: Array = np.einsum("...ij,...jsp->...isp", np.linalg.inv(information)[..., :6, :], score)
    return found


def _slopes(rates: Array) -> Array:
    """How ``settled`` moves with each reader's rate."""
    a, b, c = rates[..., 0], rates[..., 1], rates[..., 2]
    return np.stack([b + (1 - 2 * b) * c, a + (1 - 2 * a) * c, a * (1 - b) + b * (1 - a)], axis=-1)


@dataclass(frozen=True)
class Agreement:
    """Cohen's kappa with a 95% interval, and the share of reports on which both say the same."""

    kappa: float
    low: float
    high: float
    same: float
    reports: int


def kappa(table: Array) -> Agreement | None:
    """Cohen's kappa of a square table of counts (Cohen 1960), with the large-sample variance of Fleiss, Cohen and Everitt 1969.

    Returns None where it is not defined: no reports, or both readers gave one and the same answer throughout.
    """
    total = table.sum()
    if total <= 0:
        return None
    p = table / total
    rows, columns = p.sum(1), p.sum(0)
    same, chance = float(np.trace(p)), float(rows @ columns)
    if chance >= 1 - 1e-12:
        return None
    k = (same - chance) / (1 - chance)
    on = sum(p[i, i] * ((1 - chance) - (rows[i] + columns[i]) * (1 - same)) ** 2 for i in range(len(p)))
    off = (1 - same) ** 2 * sum(
        p[i, j] * (columns[i] + rows[j]) ** 2 for i in range(len(p)) for j in range(len(p)) if i != j
    )
    variance = (on + off - (same * chance - 2 * chance + same) ** 2) / (total * (1 - chance) ** 4)
    half = float(ndtri(0.975)) * float(np.sqrt(max(variance, 0.0)))
    return Agreement(float(k), max(-1.0, k - half), min(1.0, k + half), same, round(float(total)))
