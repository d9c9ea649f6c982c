"""A report is as good as its weakest link, and old bundles that weigh findings are still read."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from models.assessor import Assessor
from models.contracts import Report
from models.decision import DecisionModel, _blank, features, links, weakest
from models.heads import AGAINST_NAMES, DOCUMENT_GROUPS
from models.reading import Reading
from nlp.taxonomy import BEHAVIOUR_NAMES, CODE_NAMES, FOUR, Suggestion

ALL = {"impression": 4.0, "act": 5.0, "occasions": 3.0, "fixated": 6.0, "unwanted": 2.5, "no_reason_against": 3.5}


def reading(**changed: float) -> Reading:
    """A reading in which every link holds, but for those named."""
    made, wanted = _blank(), ALL | changed
    document = {name: values.copy() for name, values in made.document.items()}
    document["label"][0] = wanted["impression"]
    document["occasions"][DOCUMENT_GROUPS["occasions"].index("2")] = wanted["occasions"]
    for name in ("fixated", "unwanted"):
        document["four"][FOUR.index(name)] = wanted[name]
    document["against"][:] = -9.0
    document["against"][AGAINST_NAMES.index("dispute")] = -wanted["no_reason_against"]
    marks = np.full(len(CODE_NAMES), -9.0, dtype=np.float32)
    marks[CODE_NAMES.index(BEHAVIOUR_NAMES[0])] = wanted["act"]
    return replace(made, document=document, marks=marks)


def test_the_links_are_read_from_the_heads_and_the_marks() -> None:
    assert links(reading()) == ALL


@pytest.mark.parametrize("name", list(ALL))
def test_each_link_alone_can_hold_the_score_down(name: str) -> None:
    whole, broken = weakest(reading()), weakest(reading(**{name: -4.0}))
    assert whole > 1.0 and -4.1 < broken <= -4.0
    better = weakest(reading(**{name: -3.0}))
    assert broken < better < whole, "and lifting it lifts the score"


def test_the_facts_alone_leave_the_impression_out() -> None:
    assert weakest(reading(impression=-6.0), impression=False) == pytest.approx(weakest(reading(impression=60.0)))


def test_a_decision_that_weighs_findings_is_still_read() -> None:
    names = ["head_stalking", "head_fixated"]
    old = DecisionModel(
        names=names, mean=[0.0, 0.0], scale=[1.0, 2.0], weights=[0.5, 1.0], intercept=-1.0, slope=1.0, shift=0.0,
        low=0.2, high=0.3, ask=1.0, sure=1.0, squash=16.0,
    )  # fmt: skip
    row = features(reading(), 16.0)
    assert old.log_odds(reading()) == pytest.approx(-1.0 + 0.5 * row["head_stalking"] + row["head_fixated"] / 2)


def test_the_shipped_decision_asks_about_the_fact_that_is_open(assessor: Assessor) -> None:
    text = "My neighbour rang about the fence, then about the bins, and now most nights about nothing."
    found = assessor.assess(Report(reference="r", text=text))
    assert assessor.decision.names == ["weakest_link"]
    assert found.suggestion is Suggestion.ASK and found.questions[0].startswith("What is the contact about?")
