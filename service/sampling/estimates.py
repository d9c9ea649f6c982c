"""Estimates from a stratified sample, weighted by its design. Reports are counted by stratum and pattern of readings
(``readers.PATTERNS``): counts have the shape ``(..., strata, 6)``, estimates ``(...)``; shares are in [0, 1].

A stratum here always holds reports of one flag only (flagged or not), so that the two parts of recall are independent. A
simple random sample is cut the same way after the event (post-stratified), by the counts of the frame that it was drawn from.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri, stdtrit

from service.sampling.intervals import Array, jeffreys, ratio_limits
from service.sampling.readers import VERDICT, ErrorRates

_Z = float(ndtri(0.975))
_CERTAIN = 1e12


@dataclass(frozen=True)
class Estimate:
    """A share with its 95% interval; nan where there is nothing to say. ``size``: the effective number of reports behind it."""

    value: Array
    low: Array
    high: Array
    size: Array


@dataclass(frozen=True)
class Strata:
    """What was drawn: ``frame`` reports in each stratum (..., strata), ``read`` of them, and which strata are ``flagged`` (strata,)."""

    frame: Array
    read: Array
    flagged: Array  # of bool

    @property
    def weight(self) -> Array:
        """How many reports of the frame one that was read stands for."""
        return np.where(self.read > 0, self.frame / np.maximum(self.read, 1), 0.0)

    @property
    def unread_share(self) -> Array:
        """The finite population correction: reading all of a stratum leaves no doubt about it."""
        return np.clip(1 - self.read / np.maximum(self.frame, 1), 0.0, 1.0)

    def endless(self) -> Strata:
        """The same shares of a frame without end: for asking how flagging works, not how it worked on these very reports."""
        return Strata(self.frame * 1e6, self.read, self.flagged)


def share(strata: Strata, members: Array, everyone: Array, errors: ErrorRates | None = None) -> Estimate:
    """The share of verdicts of stalking among ``members`` (reports read of a group, or all), ``everyone`` being all reports read.

    With ``errors`` it is corrected for those of the readers: (seen - false) / (sensitivity - false), the estimator of Rogan
    and Gladen 1978 (American Journal of Epidemiology 107, 71-76).
    """
    return _share(strata, members, everyone, VERDICT, errors)


def flagged_share(
    strata: Strata, members: Array, everyone: Array, errors: ErrorRates | None = None, stalking: bool = True
) -> Estimate:
    """Of the members that are stalking, the share that is flagged: recall. Of those that are not (``stalking=False``): the false-flag rate."""
    verdict = VERDICT if stalking else ~VERDICT
    rates = errors if stalking or errors is None else errors.turned()
    found = _part(strata, members, everyone, verdict, rates, True)
    missed = _part(strata, members, everyone, verdict, rates, False)
    a, b = found.value, missed.value
    total = a + b
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        plain = np.where(total > 0, a / total, 0.5)
        low_odds, high_odds = ratio_limits(b, (missed.low, missed.high), a, (found.low, found.high))
        if rates is not None:
            # The same readers read both parts, so their errors move both: stretch the limits by what that does to the spread.
            apart = (1 - plain) ** 2 * found.variance + plain**2 * missed.variance
            lean = [
                (1 - plain)[..., None, None] * f - plain[..., None, None] * m
                for f, m in zip(found.leans, missed.leans, strict=True)
            ]
            stretch = np.where(apart > 0, np.sqrt(_variance(strata, members, everyone, lean[0], lean[1]) / apart), 1.0)
            odds = b / a
            usable = (odds > 0) & np.isfinite(odds) & (low_odds > 0) & np.isfinite(high_odds)
            low_odds = np.where(usable, odds * (low_odds / odds) ** stretch, low_odds)
            high_odds = np.where(usable, odds * (high_odds / odds) ** stretch, high_odds)
        low, high = 1 / (1 + high_odds), 1 / (1 + low_odds)
        # The ratio of two estimates leans to one side by this much, to second order (Cochran 1977, Sampling Techniques, section 6.8).
        lean_a, lean_b = ((x.high - x.low) / 2 / _Z for x in (found, missed))
        value = np.clip(plain - (a * lean_b**2 - b * lean_a**2) / total**3, low, high)
        spread = ((high - low) / 2 / _Z) ** 2
        inner = np.clip(plain, 0.01, 0.99)
        size = np.where(spread > 0, inner * (1 - inner) / spread, _CERTAIN)
    return _known(total > 0, value, low, high, size)


def count(
    strata: Strata, members: Array, everyone: Array, errors: ErrorRates | None = None, flagged: bool | None = None
) -> Estimate:
    """How many reports of the frame are stalking members, in reports; of the flagged or the others alone where ``flagged`` says so.

    Estimated as a total, not as a share of a group: how large a group is in the frame is itself only known from the sample.
    """
    part = _part(strata, members, everyone, VERDICT, errors, flagged)
    return Estimate(part.value, part.low, part.high, strata.read.sum(-1))


def _known(known: NDArray[np.bool_], value: Array, low: Array, high: Array, size: Array) -> Estimate:
    value, low, high = (np.where(known, part, np.nan) for part in (value, low, high))
    return Estimate(value, low, high, np.where(known, size, 0.0))


def _share(strata: Strata, members: Array, everyone: Array, verdict: Array, errors: ErrorRates | None) -> Estimate:
    weight = strata.weight
    inside = members.sum(-1)
    base = (weight * inside).sum(-1)
    safe = np.maximum(base, 1e-9)
    seen = (weight * members[..., verdict].sum(-1)).sum(-1) / safe
    lean = weight[..., None] * (verdict - seen[..., None, None]) / safe[..., None, None]
    value, false, told = _correct(seen, errors, 1.0)
    inner, outer = _through(lean, value, 1.0, errors)
    variance = _variance(strata, members, everyone, inner, outer)
    size = _size(seen, variance * told**2, safe**2, (weight**2 * inside * strata.unread_share).sum(-1), inside)
    size = size * _few(members[..., verdict], false, seen, errors)
    low, high = (np.clip((limit - false) / told, 0.0, 1.0) for limit in jeffreys(seen, size))
    return _known(base > 0, value, low, high, size)


@dataclass(frozen=True)
class _Part:
    """How many reports of the frame, flagged or not (or either), are members with the verdict; ``leans``: how a member, and another report, move it."""

    value: Array
    low: Array
    high: Array
    variance: Array
    leans: tuple[Array, Array]


def _part(
    strata: Strata, members: Array, everyone: Array, verdict: Array, errors: ErrorRates | None, flagged: bool | None
) -> _Part:
    here = np.ones_like(strata.flagged, dtype=bool) if flagged is None else strata.flagged == flagged
    frame = np.maximum(strata.frame[..., here].sum(-1), 1e-9)
    weight = strata.weight * here
    inside = members.sum(-1)
    seen = (weight * members[..., verdict].sum(-1)).sum(-1) / frame
    group = (weight * inside).sum(-1) / frame
    value, false, told = _correct(seen, errors, group)
    rate = errors.false[..., None, None] if errors is not None else 0.0
    each = frame[..., None, None]
    lean = np.broadcast_to(weight[..., None] * (verdict - rate) / each, members.shape)
    inner, outer = _through(lean, value, group, errors)
    variance = _variance(strata, members, everyone, inner, outer)
    drawn = strata.read * here
    size = _size(seen, variance * told**2, frame**2, (weight**2 * drawn * strata.unread_share).sum(-1), drawn)
    size = size * _few(members[..., here, :][..., verdict], false, seen, errors)
    # How large a group is in the frame is itself estimated: only where readers' errors are taken off does its size bound what is left.
    most = 1.0 if errors is None else group
    low, high = (np.clip((limit - false) / told, 0.0, most) for limit in jeffreys(seen, size))
    return _Part(frame * value, frame * low, frame * high, frame**2 * variance, (each * inner, each * outer))


def _correct(seen: Array, errors: ErrorRates | None, group: Array | float) -> tuple[Array, Array, Array]:
    """From the share seen to the share that is; with what is taken off, and what it is divided by."""
    if errors is None:
        return seen, np.zeros_like(seen), np.ones_like(seen)
    false, told = errors.false * group, errors.told
    return np.clip((seen - false) / told, 0.0, group), false, told


def _through(lean: Array, value: Array, group: Array | float, errors: ErrorRates | None) -> tuple[Array, Array]:
    """How a member, and any other report, move a corrected share: by itself, and through the error rates learned from it."""
    if errors is None:
        return lean, np.zeros_like(lean)
    p, rest = value[..., None, None], (group - value)[..., None, None]
    told = errors.told[..., None, None]
    outer = -(p * errors.sensitivity_influence + rest * errors.false_influence) / told
    return lean / told + outer, outer


def _variance(strata: Strata, members: Array, everyone: Array, inner: Array, outer: Array) -> Array:
    """Of an estimate that each member moves by ``inner`` and each other report by ``outer``: sampling without replacement by stratum."""
    n, others = strata.read, everyone - members
    total = (members * inner + others * outer).sum(-1)
    square = (members * inner**2 + others * outer**2).sum(-1)
    spread = np.maximum(square - total**2 / np.maximum(n, 1), 0.0) * n / np.maximum(n - 1, 1)
    found: Array = (strata.unread_share * spread).sum(-1)
    return found


def _size(seen: Array, variance: Array, base_squared: Array | float, unread: Array, inside: Array) -> Array:
    """The size of the simple random sample, drawn with replacement, that would tell as much."""
    with np.errstate(divide="ignore", invalid="ignore"):
        size = seen * (1 - seen) / variance
        # No hit at all, or nothing else: the spread says nothing, and Kish's effective size does.
        size = np.where((seen > 0) & (seen < 1), size, base_squared / unread)
        # Few reports behind the spread: Student's t for the normal, as Korn and Graubard do.
        freedom = np.maximum(inside.sum(-1) - (inside > 0).sum(-1), 1.0)
        size = size * (_Z / stdtrit(freedom, 0.975)) ** 2
    found: Array = np.minimum(np.nan_to_num(size, nan=0.0, posinf=_CERTAIN), _CERTAIN)
    return found


def _few(hits: Array, false: Array, seen: Array, errors: ErrorRates | None) -> Array | float:
    """How much less a corrected share tells for resting on few verdicts, some of them wrong: how many are is uncertain by itself.

    Student's t with a degree of freedom for each verdict, in the measure in which they are expected to be wrong.
    """
    if errors is None:
        return 1.0
    wrong = np.where(seen > 0, np.clip(false / np.maximum(seen, 1e-12), 0.0, 1.0), 1.0)
    found: Array = (_Z / stdtrit(np.maximum(hits.sum((-1, -2)), 2.0), 0.975)) ** (2 * wrong)
    return found
