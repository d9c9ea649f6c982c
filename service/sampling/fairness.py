"""Does flagging work alike for all groups? Each group's recall and false-flag rate against everyone else's, and a warning where they
differ beyond chance.

The test is Wald's with Agresti and Caffo's two added reports a side (2000, The American Statistician 54, 280-288), on the effective
numbers of reports. Many comparisons are made at once, so Holm's correction keeps the chance of any false warning under 5%
(1979, Scandinavian Journal of Statistics 6, 65-70).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import ndtr

from service.sampling.estimates import Estimate

if TYPE_CHECKING:
    from service.sampling.results import Line

# A group needs so many reports of the kind that the measure is about; with fewer no difference could be told from chance.
LEAST = 5
CHANCE = 0.05


@dataclass(frozen=True)
class Comparison:
    """One group against the others. ``chance`` is Holm's corrected p value; nan where there are too few reports."""

    measure: str
    attribute: str
    group: str
    value: float
    low: float
    high: float
    others: float
    reports: int
    chance: float

    @property
    def warns(self) -> bool:
        return bool(self.chance < CHANCE)

    @property
    def too_few(self) -> bool:
        return bool(np.isnan(self.chance))


def compare(
    groups: Mapping[str, Sequence[Line]], pair: Callable[[str, str, str], tuple[Estimate, Estimate]]
) -> list[Comparison]:
    """Compare every group of each attribute with the rest of it. Where an attribute has two groups one comparison says it."""
    found = []
    for attribute, lines in groups.items():
        for measure in ("recall", "false_flags"):
            these = [line for line in lines if line.measure == measure]
            if len(these) < 2:
                continue
            total = sum(line.reports for line in these)
            for place, line in enumerate(these):
                one, rest = pair(measure, attribute, line.group)
                few = line.reports < LEAST or total - line.reports < LEAST
                said_already = len(these) == 2 and place == 1
                chance = float("nan") if few else float(chance_of(one, rest))
                found.append(
                    (Comparison(measure, attribute, line.group, float(one.value), float(one.low), float(one.high), float(rest.value), line.reports, chance), said_already)
                )  # fmt: skip
    return _holm(found)


def chance_of(one: Estimate, rest: Estimate) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """The two-sided p value of a difference at least as large, if there were none."""
    shares, spreads = [], []
    for estimate in (one, rest):
        p = (estimate.value * estimate.size + 1) / (estimate.size + 2)
        shares.append(p)
        spreads.append(p * (1 - p) / (estimate.size + 2))
    z = np.abs(shares[0] - shares[1]) / np.sqrt(spreads[0] + spreads[1])
    return np.asarray(2 * ndtr(-z), float)


def _holm(found: Sequence[tuple[Comparison, bool]]) -> list[Comparison]:
    """Holm's correction over all that were tested once; a comparison said already takes its twin's value."""
    tested = sorted(
        (i for i, (c, twin) in enumerate(found) if not c.too_few and not twin), key=lambda i: found[i][0].chance
    )
    corrected, highest = {}, 0.0
    for rank, i in enumerate(tested):
        highest = max(highest, min(1.0, found[i][0].chance * (len(tested) - rank)))
        corrected[i] = highest
    done = []
    for i, (comparison, twin) in enumerate(found):
        chance = corrected.get(i - 1 if twin else i, float("nan"))
        done.append(replace(comparison, chance=chance))
    return done
