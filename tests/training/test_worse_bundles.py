"""The gate refuses a bundle made worse on purpose, in each of five ways: the shipped bundle against copies of itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import worse

from models.assessor import Assessor
from models.bundle import DEFAULT_BUNDLE
from nlp.spans import Marked
from nlp.taxonomy import Label
from training import metrics
from training.behaviour import Case, load_cases
from training.compare import Side, answers_of, compare, latency
from training.corpus import Record, load_corpus
from training.figures import FIGURES, table
from training.gate import judge, load_gate

pytestmark = pytest.mark.slow


class Remembering:
    """A reader that reads a text once: bundles that differ in their decision only have the same readings."""

    def __init__(self, reader: Any) -> None:
        self.reader, self.seen = reader, {}

    def read_many(self, texts: Sequence[Marked], keep_states: bool = False) -> list[Any]:
        new = [t for t in dict.fromkeys(texts) if t not in self.seen]
        self.seen |= dict(zip(new, self.reader.read_many(new, keep_states=True), strict=True)) if new else {}
        return [self.seen[t] for t in texts]

    def __getattr__(self, name: str) -> Any:
        return getattr(self.reader, name)


@pytest.fixture(scope="module")
def records() -> list[Record]:
    """Short reports of dev: two dozen whose writer says "ex", and 150 others, enough for a calibration error to mean something."""
    dev = [r for r in load_corpus().split("dev") if len(r.text) < 400 and r.label is not Label.UNCLEAR]
    partners = [r for r in dev if r.relationship.value == "former_partner" and " ex " in r.text]
    stalking = [r for r in partners if r.label is Label.STALKING][:16]
    chosen = stalking + [r for r in partners if r.label is not Label.STALKING][:8]
    return chosen + [r for r in dev if r not in partners][:150]


@pytest.fixture(scope="module")
def cases() -> dict[str, list[Case]]:
    """Cases that ask for no change, six of a capability: several must be answered so before they can be lost."""
    found = {
        name: [c for c in group if c.kind == "minimum" and c.label is Label.NOT_STALKING][:6]
        for name, group in load_cases().items()
    }
    return {name: group for name, group in found.items() if group}


@pytest.fixture(scope="module")
def champion(records: list[Record], cases: dict[str, list[Case]]) -> tuple[Assessor, Side]:
    assessor = Assessor.load(DEFAULT_BUNDLE)
    assessor.reader = Remembering(assessor.reader)  # type: ignore[assignment]
    return assessor, answers_of(assessor, records, cases)


@pytest.mark.parametrize(
    ("change", "part"),
    [
        (worse.ranks_upside_down, "metrics"),
        (worse.too_sure, "calibration"),
        (worse.sends_all_to_review, "behaviour"),
        (worse.blind_to_former_partners, "groups"),
    ],
)
def test_a_worse_bundle_is_refused(
    records: list[Record],
    cases: dict[str, list[Case]],
    champion: tuple[Assessor, Side],
    tmp_path: Path,
    change: Callable[[Path, dict[str, Any]], None],
    part: str,
) -> None:
    challenger = Assessor.load(worse.copied(DEFAULT_BUNDLE, tmp_path / "worse", change, "0.0.9"))
    if change is worse.blind_to_former_partners:
        cases = {}  # the tokenizer differs, so all is read afresh
    else:
        challenger.reader = champion[0].reader
    result = compare(records, champion[1], answers_of(challenger, records, cases), cases, (10.0, 10.0), "dev", "corpus")
    assert part in {r.part for r in judge(result, load_gate())}


def test_a_slow_bundle_is_refused(records: list[Record], champion: tuple[Assessor, Side], tmp_path: Path) -> None:
    few = records[:6]
    challenger = Assessor.load(worse.copied(DEFAULT_BUNDLE, tmp_path / "worse", worse.slow, "0.0.9"))
    timed = latency(Assessor.load(DEFAULT_BUNDLE), challenger, few[:3])
    side = Side(champion[1].info, champion[1].assessments[:6], {})
    result = compare(few, side, answers_of(challenger, few, {}), {}, timed, "dev", "corpus")
    assert "latency" in {r.part for r in judge(result, load_gate())}


def test_figures_are_those_of_an_evaluation(records: list[Record], champion: tuple[Assessor, Side]) -> None:
    assessments = champion[1].assessments
    counted = table(records, assessments)
    everyone = np.arange(len(records))
    values = {name: figure.of(counted, everyone) for name, figure in FIGURES.items()}
    answers = metrics.answers_table(records, assessments)
    assert values["span_f1"] == pytest.approx(metrics.span_f1(records, assessments)["micro"])
    assert values["status_accuracy"] == pytest.approx(metrics.status_accuracy(records, assessments)["all"])
    assert values["occasions"] == pytest.approx(metrics.occasions_accuracy(records, assessments)["exact"])
    assert [values[n] for n in ("recall_flagged", "false_review")] == [
        answers[n] for n in ("recall_flagged", "false_review")
    ]


def test_an_equal_bundle_passes(records: list[Record], champion: tuple[Assessor, Side]) -> None:
    result = compare(records, champion[1], champion[1], {}, (10.0, 10.0), "dev", "corpus")
    assert judge(result, load_gate()) == [] and result.differing == []
