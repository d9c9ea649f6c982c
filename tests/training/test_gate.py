"""The comparison and the gate's judgement on made answers: what counts as worse, in numbers that can be checked by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import average_precision_score

from models.contracts import ModelInfo
from training.compare import BehaviourPair, Comparison, Difference, _draws, difference
from training.corpus import load_corpus
from training.figures import FIGURES, Table, _curve
from training.gate import judge, load_gate, sign_test

INFO = ModelInfo(name="m", version="1", digest="d")


def made(probability: np.ndarray, truth: np.ndarray) -> Table:
    n = len(truth)
    return Table(
        truth=truth,
        clear=np.ones(n, dtype=bool),
        probability=probability,
        review=probability >= 0.5,
        none=probability < 0.2,
        spans=np.tile([1.0, 2.0, 1.0, 1.0], (n, 1)),
        status=np.tile([1.0, 2.0], (n, 1)),
        four=np.tile([1.0, 2.0, 1.0], (n, 4, 1)),
        relationship=np.ones(n),
        occasions=np.full(n, np.nan),
        twins=np.zeros((n, 2)),
    )


def test_the_curve_is_scikit_learns_with_ties_too() -> None:
    chance = np.random.default_rng(1)
    for _ in range(50):
        truth = chance.random(60) < 0.4
        scores = np.round(chance.random(60), 1)
        precision, recall = _curve(truth, scores)
        ours = float(np.sum(np.diff(recall, prepend=0.0) * precision))
        assert ours == pytest.approx(average_precision_score(truth, scores))


def test_figures_by_hand() -> None:
    table = made(np.array([0.9, 0.6, 0.1, 0.3]), np.array([True, False, True, False]))
    everyone = np.arange(4)
    values = {name: figure.of(table, everyone) for name, figure in FIGURES.items()}
    assert values["recall_flagged"] == 0.5 and values["recall_reviewed"] == 0.5 and values["false_review"] == 0.5
    assert values["clear_asked"] == 0.25 and np.isnan(values["unclear_asked"]) and np.isnan(values["twin_order"])
    assert values["span_f1"] == pytest.approx(2 * 0.5 * 1 / 1.5) and values["status_accuracy"] == 0.5
    assert values["four_f1"] == pytest.approx(2 / 3) and np.isnan(values["occasions"])


def test_a_difference_is_paired_so_that_the_same_errors_cancel() -> None:
    records = load_corpus().split("dev")[:200]
    chance = np.random.default_rng(2)
    truth = chance.random(200) < 0.5
    base = np.clip(truth * 0.3 + chance.random(200) * 0.7, 0.01, 0.99)
    draws = _draws(records, times=200)
    everyone = np.arange(200)
    same = difference("average_precision", (made(base, truth), made(base, truth)), everyone, draws, 0.95)
    assert same and same.gain == same.low == same.high == 0
    worse = difference("average_precision", (made(base, truth), made(1 - base, truth)), everyone, draws, 0.95)
    assert worse and worse.high < 0
    rises = difference("false_review", (made(base, truth), made(np.full(200, 0.9), truth)), everyone, draws, 0.95)
    assert rises and rises.gain < 0 and rises.b == 1.0, "more false reviews is a loss"


def comparison(**more: object) -> Comparison:
    fine = Difference(name="average_precision", reports=100, a=0.7, b=0.7, gain=0.0, low=-0.02, high=0.02)
    held = Difference(name="calibration_error", reports=100, a=0.07, b=0.08, gain=-0.01, low=-0.03, high=0.01)
    fields = {
        "a": INFO,
        "b": INFO,
        "split": "test",
        "corpus_digest": "c",
        "confidence": 0.95,
        "group_confidence": 0.99,
        "metrics": {"average_precision": fine, "calibration_error": held},
        "groups": {},
        "differing": [],
        "behaviour": {"negation": BehaviourPair(cases=10, a=9, b=9, broken=["n-1"], mended=["n-2"])},
        "latency_ms": (50.0, 55.0),
    }
    return Comparison.model_validate(fields | more)


def lost(name: str, gain: float, high: float) -> Difference:
    return Difference(name=name, reports=50, a=0.8, b=0.8 + gain, gain=gain, low=gain - 0.1, high=high)


def test_each_part_refuses_by_itself_and_says_why() -> None:
    gate = load_gate()
    assert judge(comparison(), gate) == []
    error = Difference(name="calibration_error", reports=100, a=0.07, b=0.12, gain=-0.05, low=-0.08, high=-0.02)
    fine = comparison().metrics
    cases = {
        "metrics": {"metrics": fine | {"span_f1": lost("span_f1", -0.1, -0.02)}},
        "groups": {"groups": {"relationship neighbour: others reviewed": lost("false_review", -0.2, -0.05)}},
        "behaviour": {"behaviour": {"typos": BehaviourPair(cases=10, a=9, b=3, broken=list("abcdef"), mended=[])}},
        "calibration": {"metrics": fine | {"calibration_error": error}},
        "latency": {"latency_ms": (50.0, 70.0)},
    }
    for part, change in cases.items():
        refusals = judge(comparison(**change), gate)
        assert {r.part for r in refusals} == {part}, part
        assert all(r.why for r in refusals)


def test_chance_and_trifles_do_not_refuse() -> None:
    gate = load_gate()
    fine = comparison().metrics
    within = comparison(metrics=fine | {"span_f1": lost("span_f1", -0.05, 0.01)})
    trifle = comparison(metrics=fine | {"span_f1": lost("span_f1", -0.004, -0.001)})
    swapped = comparison(
        behaviour={"typos": BehaviourPair(cases=20, a=10, b=10, broken=list("abcde"), mended=list("fghij"))}
    )
    assert judge(within, gate) == judge(trifle, gate) == judge(swapped, gate) == []


def test_the_sign_test_by_hand() -> None:
    assert sign_test(0, 0) == 1.0
    assert sign_test(5, 0) == 1 / 32
    assert sign_test(3, 1) == 5 / 16


def test_a_gate_with_a_wrong_entry_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "gate.toml"
    path.write_text('split = "train"\n')
    with pytest.raises(ValueError, match="split"):
        load_gate(path)
