"""The estimators by themselves: known values, limits that make sense at the edges, and a small simulation that they hold."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.sampling.estimates import Strata, count, flagged_share, share
from service.sampling.fairness import chance_of
from service.sampling.intervals import jeffreys, ratio_limits
from service.sampling.plans import FEWEST, Framed, Key, Measure, Plan, SamplingError, size, strata
from service.sampling.readers import PATTERNS, error_rates, kappa, settled
from service.sampling.simulate import false_warnings, simulate


def _counts(*hits_and_rest: tuple[float, float]) -> np.ndarray:
    counts = np.zeros((len(hits_and_rest), len(PATTERNS)))
    for i, (hits, rest) in enumerate(hits_and_rest):
        counts[i, 0], counts[i, -1] = hits, rest
    return counts


def test_jeffreys_gives_the_published_limits() -> None:
    low, high = jeffreys([0.1, 0.0, 1.0, 0.5], [10, 20, 20, 0])
    # Brown, Cai and DasGupta 2001, table 5: 1 of 10.
    assert (round(float(low[0]), 3), round(float(high[0]), 3)) == (0.011, 0.381)
    assert low[1] == 0 and 0.09 < high[1] < 0.13 and high[2] == 1
    assert (low[3], high[3]) == (0, 1), "no report says nothing"


def test_a_simple_sample_of_a_large_frame_is_the_plain_interval() -> None:
    counts = _counts((30, 70))
    drawn = Strata(np.array([1e9]), np.array([100.0]), np.array([True]))
    found = share(drawn, counts, counts)
    low, high = jeffreys(0.3, 100)
    assert float(found.value) == pytest.approx(0.3)
    assert float(found.low) == pytest.approx(float(low), abs=0.004)
    assert float(found.high) == pytest.approx(float(high), abs=0.004)


def test_weights_undo_what_the_design_did() -> None:
    """Half of the sample is flagged, a tenth of the frame: the share is that of the frame."""
    counts = _counts((50, 50), (2, 98))
    drawn = Strata(np.array([1000.0, 9000.0]), np.array([100.0, 100.0]), np.array([True, False]))
    assert float(share(drawn, counts, counts).value) == pytest.approx(0.1 * 0.5 + 0.9 * 0.02)
    recall = flagged_share(drawn, counts, counts)
    assert 500 / 680 - 0.03 < float(recall.value) < 500 / 680 + 0.03
    assert float(recall.low) < float(recall.value) < float(recall.high)


def test_reading_everything_leaves_no_doubt() -> None:
    counts = _counts((50, 50), (2, 98))
    drawn = Strata(np.array([100.0, 100.0]), np.array([100.0, 100.0]), np.array([True, False]))
    for found, truth in ((share(drawn, counts, counts), 52 / 200), (flagged_share(drawn, counts, counts), 50 / 52)):
        assert float(found.low) == pytest.approx(truth, abs=1e-3) and float(found.high) == pytest.approx(
            truth, abs=1e-3
        )


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40), st.integers(0, 500)), min_size=2, max_size=5),
    st.booleans(),
)
def test_limits_always_hold_the_estimate(given_strata: list[tuple[int, int, int]], correct: bool) -> None:
    """Also with no hit, nothing but hits, one report, all read, and no report at all."""
    counts = _counts(*((h, r) for h, r, _ in given_strata))
    read = counts.sum(-1)
    flagged = np.arange(len(read)) % 2 == 0
    drawn = Strata(read + [more for *_, more in given_strata], read, flagged)
    errors = error_rates(counts) if correct else None
    estimates = [
        share(drawn, counts, counts, errors),
        share(drawn, np.where(flagged[:, None], counts, 0), counts, errors),
        flagged_share(drawn, counts, counts, errors),
        flagged_share(drawn, counts, counts, errors, stalking=False),
    ]
    for found in estimates:
        value, low, high = float(found.value), float(found.low), float(found.high)
        assert np.isnan([value, low, high]).all() or 0 <= low <= value + 1e-9 <= high + 2e-9 <= 1 + 3e-9


def test_ratio_limits_at_the_edges() -> None:
    none = (np.array(0.0), np.array(3.0))
    low, high = ratio_limits(0.0, none, 10.0, (np.array(5.0), np.array(17.0)))
    assert low == 0 and 0 < high < 1
    low, high = ratio_limits(10.0, (np.array(5.0), np.array(17.0)), 0.0, none)
    assert low > 0 and high == np.inf


def test_readers_errors_are_found_from_double_readings() -> None:
    rng = np.random.default_rng(3)
    truth = {"sensitivity": (0.95, 0.85, 0.9), "false": (0.02, 0.06, 0.03)}
    counts = np.zeros((2, len(PATTERNS)))
    for place, positive in enumerate((4000, 400)):
        for number, says in ((positive, truth["sensitivity"]), (10_000 - positive, truth["false"])):
            one, two, three = (rng.random(number) < p for p in says)
            for pattern, (a, b, c) in enumerate(PATTERNS):
                hit = (one == a) & (two == b) & (np.ones(number, bool) if c is None else three == c)
                counts[place, pattern] += hit.sum()
    found = error_rates(counts)
    assert found.readers[:, 0] == pytest.approx(truth["sensitivity"], abs=0.02)
    assert found.readers[:, 1] == pytest.approx(truth["false"], abs=0.01)
    assert float(found.false) == pytest.approx(float(settled(np.array(truth["false"]))), abs=0.001)


def test_kappa_is_cohens() -> None:
    found = kappa(np.array([[20.0, 5.0], [10.0, 15.0]]))
    assert found and found.kappa == pytest.approx(0.4) and found.low < 0.4 < found.high and found.same == 0.7
    assert kappa(np.array([[9.0, 0.0], [0.0, 0.0]])) is None and kappa(np.zeros((2, 2))) is None


def test_groups_are_compared_by_fishers_exact_test() -> None:
    one, two = np.array([1.0, 1.0]), np.array([True, False])
    # Fisher's tea: 3 of 4 against 1 of 4.
    assert chance_of(np.array([3.0, 1.0]), np.array([4.0, 4.0]), one, two) == pytest.approx(34 / 70)
    assert chance_of(np.array([50.0, 50.0]), np.array([100.0, 100.0]), one, two) == pytest.approx(1.0)
    assert chance_of(np.array([95.0, 5.0]), np.array([100.0, 100.0]), one, two) < 1e-6
    assert chance_of(np.array([3.0, 0.0]), np.array([4.0, 0.0]), one, two) == 1.0, "nothing missed, nothing to compare"


def test_warnings_are_rare_where_flagging_works_alike() -> None:
    assert max(false_warnings(samples=200, seed=5).values()) <= 7


def test_the_estimators_hold_in_a_small_simulation() -> None:
    """The full table is `make simulate`; 1,000 samples a line are enough to see a fault, so the bounds are wider here."""
    for cell in simulate(samples=1000, seed=11):
        if cell.claims:
            assert abs(cell.bias) < 0.5 and 92.5 < cell.covered < 97.5, cell


def _frame(flagged: int, other: int) -> list[Framed]:
    return [
        Framed(f"{n:05}", f"{n:05}", "review_as_stalking" if n < flagged else "no_change", 0.7 if n < flagged else 0.04, {Key.RECORDED: "assault" if n % 3 else "breach"}, ("1", "d"))
        for n in range(flagged + other)
    ]  # fmt: skip


def test_a_plan_reads_enough_and_no_more() -> None:
    frame = _frame(1000, 9000)
    by_width = {}
    for within in (0.02, 0.03, 0.05):
        plan = Plan(name="x", within=within)
        found = size(plan, strata(plan, frame))
        by_width[within] = found.total
        assert found.reached and found.expected[Measure.MISRECORDED][1] <= within
    assert by_width[0.02] > by_width[0.03] > by_width[0.05] >= 2 * FEWEST
    simple = Plan(name="x", within=0.03, stratified=False)
    assert size(simple, strata(simple, frame)).total > by_width[0.03], "strata save reading"
    recall = Plan(name="x", within=0.03, measure=Measure.RECALL)
    assert size(recall, strata(recall, frame)).total > by_width[0.03]


def test_small_strata_are_joined_and_an_empty_frame_is_an_error() -> None:
    frame = [*_frame(100, 200), Framed("a", "a", "no_change", 0.1, {Key.RECORDED: "other"}, ("1", "d"))]
    plan = Plan(name="x", by=[Key.RECORDED])
    cut = strata(plan, frame)
    assert sum(len(s.members) for s in cut) == 301
    assert {s.label["recorded"] for s in cut} == {"assault", "breach", "the rest"}
    with pytest.raises(SamplingError, match="no report matches"):
        size(plan, strata(plan, []))


@pytest.mark.parametrize("group", [0.12, 0.4])
def test_intervals_of_a_group_hold_the_truth_though_its_size_is_estimated(group: float) -> None:
    """100 of 300 reports read, 40% of them flagged; a group of which six in ten are stalking."""
    chance = np.random.default_rng(4)
    flagged = np.arange(300) < 120
    member = chance.permutation(300) < 300 * group
    stalking = chance.random(300) < np.where(flagged, 0.8, 0.35)
    truth_count = float((member & stalking).sum())
    truth_rate = float((member & ~stalking & flagged).sum() / (member & ~stalking).sum())
    held_count, held_rate, draws = 0, 0, 600
    frame, read = np.array([120.0, 180.0]), np.array([50.0, 50.0])
    for _ in range(draws):
        drawn = np.concatenate([chance.choice(np.flatnonzero(flagged == f), 50, replace=False) for f in (True, False)])
        inside = [member[drawn] & (flagged[drawn] == f) for f in (True, False)]
        members = _counts(*((float(stalking[drawn][i].sum()), float((~stalking[drawn][i]).sum())) for i in inside))
        halves = [flagged[drawn] == f for f in (True, False)]
        everyone = _counts(*((float(stalking[drawn][h].sum()), float((~stalking[drawn][h]).sum())) for h in halves))
        strata_ = Strata(frame, read, np.array([True, False]))
        found = count(strata_, members, everyone)
        held_count += float(found.low) <= truth_count <= float(found.high)
        rate = flagged_share(strata_, members, everyone, stalking=False)
        held_rate += not np.isfinite(rate.value) or float(rate.low) <= truth_rate <= float(rate.high)
    assert held_count / draws >= 0.92 and held_rate / draws >= 0.92
