"""Which models made the suggestions that a sample's strata rest on, and of how many reports each.

Kept with the strata when the sample is drawn. Later nothing else tells: the next model takes the place of what is shown, and which
reports were in the frame but not drawn is kept nowhere.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from service.sampling.plans import Framed


@dataclass(frozen=True)
class Judge:
    """One model, and how many reports of the frame show its assessment."""

    version: str
    digest: str
    reports: int

    def __str__(self) -> str:
        return f"{self.version} (digest {self.digest[:12]}), {self.reports:,} report{'' if self.reports == 1 else 's'}"


def judges(members: Iterable[Framed]) -> list[Judge]:
    """The models behind some reports of the frame, the one with most first."""
    return _ordered(Counter(report.model for report in members))


def to_keep(members: Iterable[Framed]) -> list[list[str | int]]:
    """The same as a stratum keeps it: version, digest, reports."""
    return [[judge.version, judge.digest, judge.reports] for judge in judges(members)]


def kept_judges(strata: Iterable[Mapping[str, Any]]) -> list[Judge]:
    """The models behind all kept strata together; none for a sample that was drawn before they were kept."""
    counted: Counter[tuple[str, str]] = Counter()
    for stratum in strata:
        for version, digest, reports in stratum.get("models", []):
            counted[version, digest] += reports
    return _ordered(counted)


def _ordered(counted: Counter[tuple[str, str]]) -> list[Judge]:
    ordered = sorted(counted.items(), key=lambda item: (-item[1], item[0]))
    return [Judge(version, digest, reports) for (version, digest), reports in ordered]


def sentence(found: list[Judge]) -> str:
    """In words, for whoever reads a plan or its results."""
    if not found:
        return "Which model judged the reports was not kept: the sample was drawn before Foursight kept it."
    if len(found) == 1:
        return f"The reports were judged by model {found[0]}."
    named = "; ".join(map(str, found))
    return f"The reports were judged by {len(found)} models, and the results are of them together: {named}."
