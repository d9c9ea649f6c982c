"""Metrics against values worked out by hand."""

import numpy as np
import pytest

from training import metrics
from training.corpus import load_corpus
from training.decide import answers, choose_thresholds


def test_precision_at_recall_takes_the_best_threshold_that_reaches_it() -> None:
    truth = np.array([True] * 20 + [False] * 20)
    scores = np.concatenate((np.linspace(1.0, 0.55, 19), [0.2], np.linspace(0.5, 0.0, 20)))
    # 19 of 20 at no cost reaches 95%; the last would cost many.
    assert metrics.precision_at_recall(truth, scores) == 1.0


def test_calibration_error_is_nought_when_frequencies_match() -> None:
    p = np.repeat([0.25, 0.75], 400)
    truth = np.concatenate((np.tile([True, False, False, False], 100), np.tile([True, True, True, False], 100)))
    assert metrics.expected_calibration_error(truth, p, bins=2) == pytest.approx(0.0)
    assert metrics.expected_calibration_error(truth, np.ones(800), bins=2) == pytest.approx(0.5)


def test_a_tie_between_twins_is_half() -> None:
    assert metrics.twin_order([(0, 1), (2, 3)], np.array([0.9, 0.1, 0.5, 0.5])) == 0.75


def test_bootstrap_keeps_pairs_together() -> None:
    low, high = metrics.bootstrap(["a", "a", "b", "b"], lambda i: float(len(i)))
    assert low == high == 4.0


def test_twins_share_a_resampling_group() -> None:
    records = load_corpus().split("test")
    groups = metrics.pair_groups(records)
    index = {r.id: i for i, r in enumerate(records)}
    assert all(groups[i] == groups[index[r.pair]] for i, r in enumerate(records) if r.pair)


def test_thresholds_reach_the_recall_and_ask_little() -> None:
    chance = np.random.default_rng(3)
    labels = np.array(["stalking"] * 200 + ["not_stalking"] * 250 + ["unclear"] * 50)
    p = np.clip(
        np.concatenate((chance.normal(0.8, 0.15, 200), chance.normal(0.2, 0.15, 250), chance.normal(0.5, 0.15, 50))),
        0.01,
        0.99,
    )
    unclear = np.clip(np.concatenate((chance.normal(0.1, 0.1, 450), chance.normal(0.6, 0.2, 50))), 0, 1)
    acts = np.ones(500, dtype=bool)
    chosen = choose_thresholds(p, unclear, acts, labels)
    given = answers(p, unclear, acts, **chosen)
    assert (given[labels == "stalking"] != "no_change").mean() >= 0.95
    assert (given[labels != "unclear"] == "ask_for_information").mean() <= 0.10
    assert (given[labels == "unclear"] == "ask_for_information").mean() >= 0.50
