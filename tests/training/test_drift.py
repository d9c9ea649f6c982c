"""Drift on made profiles: none where there is none, said plainly where there is."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest
import typer
from rich.console import Console
from typer.testing import CliRunner

from nlp.profile import profile
from training import learning_commands
from training.drift import (
    Expected,
    Row,
    another_period,
    compare_kinds,
    compare_values,
    measure,
    print_drift,
    psi,
    read_profile,
    save,
    within,
)

CHANCE = np.random.default_rng(5)


@pytest.fixture
def usual() -> Expected:
    values = {
        "words": CHANCE.normal(140, 30, 2000),
        "function_words": CHANCE.normal(0.4, 0.04, 2000),
        "digits": CHANCE.beta(1, 40, 2000),
        "capitals": CHANCE.beta(1, 30, 2000),
        "probability": CHANCE.beta(0.6, 0.6, 300),
    }
    return Expected(values, ["harassment"] * 600 + ["criminal_damage"] * 200)


def rows(n: int, week: date, function_words: float = 0.4, agree: float = 0.9) -> list[Row]:
    made = []
    for _ in range(n):
        p = float(CHANCE.beta(0.6, 0.6))
        suggestion = "review_as_stalking" if p > 0.5 else "no_change"
        right = CHANCE.random() < agree
        made.append(
            Row(
                week=week,
                words=int(CHANCE.normal(140, 30)),
                function_words=float(CHANCE.normal(function_words, 0.04)),
                digits=float(CHANCE.beta(1, 40)),
                capitals=float(CHANCE.beta(1, 30)),
                recorded_offence="harassment" if CHANCE.random() < 0.75 else "criminal_damage",
                probability=p,
                suggestion=suggestion,
                outcome="record_as_stalking" if (suggestion == "review_as_stalking") is right else "keep",
            )
        )
    return made


def test_the_same_kind_of_reports_is_no_drift(usual: Expected) -> None:
    result = measure(rows(300, date(2026, 11, 2)), usual)
    assert result.verdict == ["The reports look like those the model learned from."]


def test_another_language_and_falling_agreement_are_said(usual: Expected, tmp_path: Path) -> None:
    first = date(2026, 10, 5)
    result = measure([*rows(120, first), *rows(120, first + timedelta(7), function_words=0.1, agree=0.3)], usual)
    assert any("English function words: much drift" in line for line in result.verdict)
    assert any("agree less" in line for line in result.verdict)
    words = next(m for m in result.overall if m.measure == "words")
    assert words.verdict == "alike"
    save(result, tmp_path)
    assert "data:image/png" in (tmp_path / "drift.html").read_text()


def test_scores_by_another_model_are_left_aside(usual: Expected) -> None:
    compared = replace(usual, model="new")
    found = [r.model_copy(update={"model": "old", "probability": 0.99}) for r in rows(100, date(2026, 11, 2))]
    result = measure(found, compared)
    assert "probability" not in {m.measure for m in result.overall}
    assert any(line.startswith("100 scores are by another model") for line in result.verdict)


def test_two_periods_of_ones_own_choosing_are_compared() -> None:
    spring, autumn = date(2026, 3, 2), date(2026, 10, 5)
    old = [r.model_copy(update={"model": "old"}) for r in rows(100, spring)]
    same, moved = rows(100, spring + timedelta(7)), rows(100, autumn, function_words=0.1)
    everything = [*old, *same, *moved]
    before, after = within(everything, None, spring + timedelta(7)), within(everything, date(2026, 10, 1), autumn)
    result = measure([r.model_copy(update={"model": "new"}) for r in after], another_period(after, before))
    assert result.reports == 100 and [w.week for w in result.weeks] == ["2026-10-05"]
    assert result.against == "200 reports of the weeks of 2026-03-02 to 2026-03-09"
    assert any("English function words: much drift" in line for line in result.verdict)
    calm = measure(same, another_period(same, old))
    assert calm.verdict == ["The reports look like the 100 reports of the weeks of 2026-03-02 to 2026-03-02."]


def test_two_periods_compare_the_scores_of_one_model_only() -> None:
    def by(model: str, found: list[Row], probability: float) -> list[Row]:
        return [r.model_copy(update={"model": model, "probability": probability}) for r in found]

    before = [*by("old", rows(40, date(2026, 3, 2)), 0.01), *by("new", rows(60, date(2026, 3, 9)), 0.9)]
    after = by("new", rows(60, date(2026, 10, 5)), 0.9)
    result = measure(after, another_period(after, before))
    scores = next(m for m in result.overall if m.measure == "probability")
    assert (scores.expected, scores.verdict) == (0.9, "alike"), "the old model's scores are not part of what is usual"
    assert any(line == "40 scores are by another model and were left aside." for line in result.verdict)
    without = measure(after, another_period(after, before[:40]))
    assert "probability" not in {m.measure for m in without.overall}


def test_periods_that_cannot_be_compared_are_refused() -> None:
    found = rows(60, date(2026, 3, 2))
    with pytest.raises(ValueError, match="both periods hold the week of 2026-03-02"):
        another_period(found, found)
    with pytest.raises(ValueError, match="holds 10 reports"):
        another_period(found, rows(10, date(2026, 3, 9)))
    with pytest.raises(ValueError, match="no week of the file begins between 2026-03-03 and its end"):
        within(found, date(2026, 3, 3), None)


def test_few_reports_are_no_verdict(usual: Expected) -> None:
    result = measure(rows(10, date(2026, 11, 2)), usual)
    assert result.verdict == ["Too few reports to say."]
    with (console := Console(width=200)).capture() as said:
        print_drift(result, console)
    assert "drift: too few to say" in said.get()


def test_the_index_is_nought_for_the_same_and_corrected_for_chance() -> None:
    shares = np.full(10, 0.1)
    assert psi(shares, shares, 1000, 1000) == 0
    assert psi(shares, np.array([0.5, *[0.5 / 9] * 9]), 1000, 1000) > 0.25


def test_two_small_periods_of_the_same_kind_of_reports_are_not_called_drift() -> None:
    """Both are draws, and chance moves both."""
    draws = [[[f"kind {k}" for k in CHANCE.integers(6, size=60)] for _ in range(2)] for _ in range(300)]
    verdicts = [compare_kinds("recorded_offence", one, other).verdict for one, other in draws]
    assert np.mean(np.array(verdicts) != "alike") < 0.03
    numbers = [compare_values("words", CHANCE.normal(size=400), CHANCE.normal(size=40)).verdict for _ in range(300)]
    assert np.mean(np.array(numbers) != "alike") < 0.03
    assert compare_kinds("recorded_offence", ["a"] * 60, ["a"] * 30 + ["b"] * 30).verdict == "much drift"


def test_a_bad_line_is_named(tmp_path: Path) -> None:
    path = tmp_path / "p.jsonl"
    path.write_text('{"week": "soon"}\n')
    with pytest.raises(ValueError, match=r"p.jsonl, line 1: week"):
        read_profile(path)


def test_a_profile_tells_languages_apart() -> None:
    assert profile("He has been waiting outside my house and he will not stop").function_words > 0.3
    assert profile("Il m'attend devant chez moi depuis des semaines").function_words < 0.2
    assert profile("").words == 0


def test_the_command_compares_two_periods_of_one_file(tmp_path: Path) -> None:
    path, out = tmp_path / "p.jsonl", tmp_path / "drift"
    made = [*rows(60, date(2026, 3, 2)), *rows(60, date(2026, 6, 1)), *rows(60, date(2026, 10, 5), function_words=0.1)]
    path.write_text("".join(f"{r.model_dump_json()}\n" for r in made))
    app = typer.Typer()
    learning_commands.register(app)

    def run(*more: str, code: int = 0) -> str:
        done = CliRunner().invoke(app, ["drift", str(path), "--out", str(out), *more])
        assert done.exit_code == code, done.output
        return done.output

    said = run("--since", "2026-10-01", "--against-since", "2026-03-01", "--against-until", "2026-03-31")
    assert "60 reports beside 60 reports of the weeks of 2026-03-02 to 2026-03-02" in " ".join(said.split())
    assert "English function words: much drift" in said
    assert "both periods hold" in run("--against-until", "2026-12-31", code=2)
    assert "no week of the file" in run("--since", "2027-01-01", "--against-until", "2026-12-31", code=2)


def test_a_measure_of_few_values_that_moved_is_not_called_alike() -> None:
    """Shares of digits are mostly nought: ties hide a shift from a test of ranks."""
    usual = np.array([0.0] * 280 + [0.02] * 120)
    found = np.array([0.0] * 24 + [0.05] * 26)
    moved = compare_values("digits", usual, found)
    assert moved.psi > 0.1
    assert moved.verdict != "alike"
    assert compare_values("digits", usual, usual[::8]).verdict == "alike"
