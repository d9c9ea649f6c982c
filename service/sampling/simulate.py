"""The estimators in simulation: samples drawn from populations whose truth is known, read by readers who err.

Every cell of the table draws from many populations around one share of misrecorded reports, so that no single lucky or unlucky
one decides it. Each has four strata (flagged or not, two recorded offences), as a plan would draw them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from service.sampling.estimates import Estimate, Strata, flagged_share, share
from service.sampling.fairness import CHANCE, LEAST, chance_of
from service.sampling.intervals import Array
from service.sampling.readers import PATTERNS, VERDICT, error_rates

SHARES = (0.03, 0.10, 0.30)
# (misses a share of what is stalking, says stalking of a share of what is not), for the first, second and third reader.
READERS: dict[str, tuple[tuple[float, float], ...]] = {
    "none": ((0.0, 0.0),) * 3,
    "small": ((0.02, 0.005), (0.05, 0.010), (0.03, 0.015)),
    "large": ((0.05, 0.020), (0.12, 0.040), (0.08, 0.030)),
}
REPORTS = 20_000
# Reports read: flagged and not, of the one recorded offence and the other. 2,000 in all.
READ = np.array([300, 200, 900, 600])
FLAGGED = np.array([True, True, False, False])
_PER_POPULATION = 50
_BATCH = 2000


@dataclass(frozen=True)
class Cell:
    """One line of the table. ``bias`` and ``width`` are in percentage points, ``covered`` in per cent."""

    share: float
    errors: str
    corrected: bool
    measure: str
    truth: float
    bias: float
    covered: float
    width: float
    samples: int

    @property
    def claims(self) -> bool:
        """Meant to be right: corrected, or of readers without error."""
        return self.corrected or self.errors == "none"

    @property
    def holds(self) -> bool:
        """Bias under half a point and 94 to 96 of 100 intervals holding the truth."""
        return abs(self.bias) < 0.5 and 94.0 <= round(self.covered, 1) <= 96.0


@dataclass(frozen=True)
class _Population:
    """Reports by stratum, and those misrecorded among them, (samples, strata)."""

    frame: Array
    stalking: Array


def simulate(samples: int = 10_000, seed: int = 1, each: Callable[[], None] | None = None) -> Iterator[Cell]:
    """Yield the table's cells. ``each`` is called after each batch, for a progress bar (see ``batches``)."""
    generator = np.random.default_rng(seed)
    for level in SHARES:
        for name, errors in READERS.items():
            tallies: dict[tuple[bool, str], list[Array]] = {}
            for start in range(0, samples, _BATCH):
                size = min(_BATCH, samples - start)
                for key, tally in _batch(generator, level, errors, size).items():
                    tallies.setdefault(key, []).append(tally)
                if each:
                    each()
            for (corrected, measure), found in tallies.items():
                truth, off, inside, width = np.concatenate(found, axis=1)
                yield Cell(
                    level, name, corrected, measure, 100 * float(truth.mean()), 100 * float(np.nanmean(off)),
                    100 * float(inside.mean()), 100 * float(np.nanmean(width)), samples,
                )  # fmt: skip


def batches(samples: int) -> int:
    """How often ``each`` will be called."""
    return len(SHARES) * len(READERS) * -(-samples // _BATCH)


def _batch(
    generator: np.random.Generator, level: float, errors: tuple[tuple[float, float], ...], size: int
) -> dict[tuple[bool, str], Array]:
    population = _populations(generator, level, size)
    counts = _read(generator, population, errors)
    frame, stalking = population.frame, population.stalking
    strata = Strata(frame, np.broadcast_to(READ, frame.shape).astype(float), FLAGGED)
    rest = frame - stalking
    chosen = FLAGGED[:, None]
    flagged, passed = np.where(chosen, counts, 0), np.where(chosen, 0, counts)
    truths = {
        "misrecorded": stalking.sum(-1) / frame.sum(-1),
        "precision": stalking[:, FLAGGED].sum(-1) / frame[:, FLAGGED].sum(-1),
        "still missed": stalking[:, ~FLAGGED].sum(-1) / frame[:, ~FLAGGED].sum(-1),
        "recall": stalking[:, FLAGGED].sum(-1) / stalking.sum(-1),
        "false flags": rest[:, FLAGGED].sum(-1) / rest.sum(-1),
    }
    found: dict[tuple[bool, str], Array] = {}
    for corrected in (False, True):
        rates = error_rates(counts) if corrected else None
        estimates: dict[str, Estimate] = {
            "misrecorded": share(strata, counts, counts, rates),
            "precision": share(strata, flagged, counts, rates),
            "still missed": share(strata, passed, counts, rates),
            "recall": flagged_share(strata, counts, counts, rates),
            "false flags": flagged_share(strata, counts, counts, rates, stalking=False),
        }
        for measure, estimate in estimates.items():
            truth = truths[measure]
            inside = (estimate.low <= truth) & (truth <= estimate.high)
            found[corrected, measure] = np.stack([truth, estimate.value - truth, inside, estimate.high - estimate.low])
    return found


# Groups that have nothing to do with anything: shares of the reports, by attribute.
GROUPS: tuple[tuple[float, ...], ...] = ((0.7, 0.3), (0.4, 0.25, 0.2, 0.1, 0.05), (0.3, 0.5, 0.2))


def false_warnings(samples: int = 10_000, seed: int = 1) -> dict[float, float]:
    """How many of 100 samples show any warning of fairness.py though flagging works alike for all groups, by share misrecorded."""
    generator = np.random.default_rng(seed)
    found = {}
    for level in SHARES:
        found[level] = 100 * float(np.mean(_warned(generator, level, samples)))
    return found


def _warned(generator: np.random.Generator, level: float, size: int) -> list[bool]:
    population = _populations(generator, level, size)
    counts = _read(generator, population, READERS["none"]).astype(int)
    weight = population.frame / READ
    members = [generator.multinomial(counts, shares) for shares in GROUPS]
    return [_warns([m[i] for m in members], counts[i], weight[i]) for i in range(size)]


def _warns(members: Sequence[NDArray[np.int64]], counts: NDArray[np.int64], weight: Array) -> bool:
    chances = []
    for groups in members:
        for one in range(1 if groups.shape[-1] == 2 else groups.shape[-1]):
            for kind in (VERDICT, ~VERDICT):
                inside, everyone = groups[:, kind, one].sum(-1), counts[:, kind].sum(-1)
                if min(inside.sum(), everyone.sum() - inside.sum()) >= LEAST:
                    chances.append(chance_of(inside, everyone, weight, FLAGGED))
    # Holm's correction finds any difference exactly when Bonferroni's does.
    return bool(chances) and min(chances) * len(chances) < CHANCE


def _populations(generator: np.random.Generator, level: float, size: int) -> _Population:
    """Populations a fifth around ``level``; flagging finds 80 to 92% of each and flags 8 to 20% of the rest."""
    count = -(-size // _PER_POPULATION)
    parts = []
    for of, lean in ((0.6, 1.2), (0.4, 0.7)):
        reports = np.full(count, round(REPORTS * of))
        stalking = np.round(reports * level * lean * generator.uniform(0.8, 1.2, count))
        found = np.round(stalking * generator.uniform(0.80, 0.92, count))
        wrong = np.round((reports - stalking) * generator.uniform(0.08, 0.20, count))
        parts.append((found + wrong, found, reports - found - wrong, stalking - found))
    a, b = parts

    def each_sample(by_stratum: list[Array]) -> Array:
        found: Array = np.repeat(np.stack(by_stratum, axis=-1), _PER_POPULATION, axis=0)[:size]
        return found

    return _Population(each_sample([a[0], b[0], a[2], b[2]]), each_sample([a[1], b[1], a[3], b[3]]))


def _read(generator: np.random.Generator, population: _Population, errors: tuple[tuple[float, float], ...]) -> Array:
    """Draw each sample and have it read: counts (samples, strata, pattern)."""
    frame, stalking = population.frame.astype(int), population.stalking.astype(int)
    drawn = generator.hypergeometric(stalking, frame - stalking, READ)
    total = np.zeros((*drawn.shape, len(PATTERNS)))
    for number, says_yes in ((drawn, [1 - miss for miss, _ in errors]), (READ - drawn, [false for _, false in errors])):
        total += generator.multinomial(number, _pattern_chances(says_yes))
    return total


def _pattern_chances(says_yes: list[float]) -> Array:
    chances = []
    for pattern in PATTERNS:
        chance = 1.0
        for said, yes in zip(pattern, says_yes, strict=True):
            if said is not None:
                chance *= yes if said else 1 - yes
        chances.append(chance)
    return np.array(chances)
