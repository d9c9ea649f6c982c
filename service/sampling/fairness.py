"""Does flagging work alike for all groups? Each group's recall and false-flag rate against everyone else's, and a warning where they
differ beyond chance.

A group's recall is everyone else's exactly when the group has the same share of the stalking that is flagged as of the stalking that
is not. So those two shares are compared, by Fisher's exact test (1922, Journal of the Royal Statistical Society 85, 87-94), on the
effective numbers of reports where weights differ. The question is how flagging works, not how it worked on these very reports: no
finite population correction. Many comparisons are made at once, so Holm's correction keeps the chance of any false warning under 5%
(1979, Scandinavian Journal of Statistics 6, 65-70).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln

from service.sampling.estimates import Estimate
from service.sampling.intervals import Array

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
    twin: bool = False  # of two groups the second: the first says it already

    @property
    def warns(self) -> bool:
        return bool(self.chance < CHANCE)

    @property
    def too_few(self) -> bool:
        return bool(np.isnan(self.chance))


def compare(
    groups: Mapping[str, Sequence[Line]], pair: Callable[[str, str, str], tuple[Estimate, Estimate, float]]
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
                one, rest, p = pair(measure, attribute, line.group)
                few = line.reports < LEAST or total - line.reports < LEAST
                chance = float("nan") if few else p
                found.append(
                    Comparison(
                        measure, attribute, line.group, float(one.value), float(one.low), float(one.high),
                        float(rest.value), line.reports, chance, twin=len(these) == 2 and place == 1,
                    )
                )  # fmt: skip
    return _holm(found)


def chance_of(one: Array, everyone: Array, weight: Array, flagged: NDArray[np.bool_]) -> float:
    """The two-sided p value: ``one`` of ``everyone`` are of the group, (strata,), all of the kind asked about (stalking, or not)."""
    table = []
    for side in (True, False):
        w, n, k = weight[flagged == side], everyone[flagged == side], one[flagged == side]
        total = float((w * n).sum())
        if total <= 0:
            return 1.0
        size = round(total**2 / float((w**2 * n).sum()))  # Kish's effective size: n itself where all weigh the same
        table.append((round(float((w * k).sum()) / total * size), size))
    return _fisher(*table[0], *table[1])


def _fisher(a: int, m: int, b: int, n: int) -> float:
    """Fisher's exact test of ``a`` of ``m`` against ``b`` of ``n``: the chance of all tables that are no likelier."""
    both = a + b
    k = np.arange(max(0, both - n), min(m, both) + 1)
    log = -gammaln(k + 1) - gammaln(m - k + 1) - gammaln(both - k + 1) - gammaln(n - both + k + 1)
    chance = np.exp(log - log.max())
    seen = chance[k == a][0]
    return float(chance[chance <= seen * (1 + 1e-9)].sum() / chance.sum())


def _holm(found: Sequence[Comparison]) -> list[Comparison]:
    """Holm's correction over all that were tested; a twin takes the first one's value."""
    tested = [i for i, c in enumerate(found) if not c.too_few and not c.twin]
    corrected, highest = {}, 0.0
    for rank, i in enumerate(sorted(tested, key=lambda i: found[i].chance)):
        highest = max(highest, min(1.0, found[i].chance * (len(tested) - rank)))
        corrected[i] = highest
    return [
        replace(comparison, chance=corrected.get(i - 1 if comparison.twin else i, float("nan")))
        for i, comparison in enumerate(found)
    ]
