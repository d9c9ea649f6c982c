"""Exported decisions as records: what each outcome teaches, what is left out, how much it weighs."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from nlp.taxonomy import Label
from training.corpus import DECISIONS_DESK, CorpusError, load_corpus
from training.decisions import mix, read_decisions

TEXT = "He waited outside my work every night. I told him to stop."
SPAN = {"code": "loitering", "status": "asserted", "start": 3, "end": 22, "quote": "waited outside my w"}


def line(**more: object) -> dict[str, object]:
    return {
        "reference": "ab12",
        "revision": 1,
        "text": TEXT,
        "recorded_offence": "harassment",
        "reported_at": None,
        "outcome": "record_as_stalking",
        "offence": "s2A",
        "reason": "course_of_conduct",
        "question": "",
        "reviewer": "r1",
        "decided_at": "2026-11-01T10:00:00+00:00",
        "evidence": [SPAN],
        "assessment": {
            "suggestion": "no_change",
            "probability": 0.1,
            "relationship": "colleague",
            "four": {"fixated": False, "obsessive": False, "unwanted": True, "repeated": True},
            "occasions": 2,
            "model": {"name": "m", "version": "1", "digest": "d"},
        },
    } | more


def written(path: Path, *lines: dict[str, object]) -> Path:
    path.write_text("".join(json.dumps(x) + "\n" for x in lines))
    return path


def test_outcomes_become_labels_and_reasons_points_against(tmp_path: Path) -> None:
    keep = line(reference="c", outcome="keep", offence=None, reason="dispute", evidence=[])
    ask = line(reference="d", outcome="ask_officer", offence=None, reason="occasions_missing", question="How often?")
    found = read_decisions(written(tmp_path / "d.jsonl", line(), keep, ask))
    stalking, other, unclear = found.records
    assert (stalking.label, stalking.offence, stalking.against) == (Label.STALKING, "s2A", None)
    assert all(stalking.four.values()) and stalking.spans[0].quote == SPAN["quote"]
    assert (other.label, other.against, other.four["repeated"]) == (Label.NOT_STALKING, ["dispute"], True)
    assert (unclear.label, unclear.missing) == (Label.UNCLEAR, "How often?")


def test_what_teaches_nothing_is_left_out_and_counted(tmp_path: Path) -> None:
    unsure = line(reference="a", outcome="not_sure", offence=None)
    bare = line(reference="b", evidence=[])
    unseen = line(reference="c", assessment=None)
    found = read_decisions(written(tmp_path / "d.jsonl", unsure, bare, unseen))
    assert found.records == () and sum(found.left_out.values()) == 3 and len(found.left_out) == 3


def test_of_two_decisions_on_one_report_the_later_one_counts(tmp_path: Path) -> None:
    later = line(outcome="keep", offence=None, reason="dispute", evidence=[], decided_at="2026-11-02T10:00:00+00:00")
    found = read_decisions(written(tmp_path / "d.jsonl", later, line()))
    assert [r.label for r in found.records] == [Label.NOT_STALKING] and found.left_out == {"decided again later": 1}


def test_a_span_that_is_not_in_the_text_is_named_by_line_without_the_text(tmp_path: Path) -> None:
    with pytest.raises(CorpusError) as caught:
        read_decisions(written(tmp_path / "d.jsonl", line(), line(evidence=[SPAN | {"start": 4}]), {"reference": "x"}))
    assert "d.jsonl:2" in str(caught.value) and "d.jsonl:3" in str(caught.value) and "waited" not in str(caught.value)


def test_a_weight_is_how_often_a_decision_comes_and_is_the_same_each_time(tmp_path: Path) -> None:
    found = read_decisions(written(tmp_path / "d.jsonl", *(line(reference=f"r{n}") for n in range(200))))
    corpus = load_corpus()
    mixed = mix(corpus, found, 1.5)
    copies = Counter(r.id.partition("~")[0] for r in mixed.split("train") if r.desk == DECISIONS_DESK)
    assert set(copies.values()) == {1, 2} and 270 < copies.total() < 330
    assert mix(corpus, found, 1.5).digest == mixed.digest != mix(corpus, found, 2).digest
    assert mixed.split("dev") == corpus.split("dev") and mixed.split("test") == corpus.split("test")
    with pytest.raises(ValueError, match="weight"):
        mix(corpus, found, 0)
