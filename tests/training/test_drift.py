"""Drift on made profiles: none where there is none, said plainly where there is."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from nlp.profile import profile
from training.drift import Expected, Row, measure, print_drift, psi, read_profile, save

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
    assert words.verdict == "as in training"
    save(result, tmp_path)
    assert "data:image/png" in (tmp_path / "drift.html").read_text()


def test_scores_by_another_model_are_left_aside(usual: Expected) -> None:
    compared = replace(usual, model="new")
    found = [r.model_copy(update={"model": "old", "probability": 0.99}) for r in rows(100, date(2026, 11, 2))]
    result = measure(found, compared)
    assert "probability" not in {m.measure for m in result.overall}
    assert any(line.startswith("100 scores are by another model") for line in result.verdict)


def test_few_reports_are_no_verdict(usual: Expected) -> None:
    result = measure(rows(10, date(2026, 11, 2)), usual)
    assert result.verdict == ["Too few reports to say."]
    with (console := Console(width=200)).capture() as said:
        print_drift(result, console)
    assert "drift: too few to say" in said.get()


def test_the_index_is_nought_for_the_same_and_corrected_for_chance() -> None:
    shares = np.full(10, 0.1)
    assert psi(shares, shares, 1000) == 0
    assert psi(shares, np.array([0.5, *[0.5 / 9] * 9]), 1000) > 0.25


def test_a_bad_line_is_named(tmp_path: Path) -> None:
    path = tmp_path / "p.jsonl"
    path.write_text('{"week": "soon"}\n')
    with pytest.raises(ValueError, match=r"p.jsonl, line 1: week"):
        read_profile(path)


def test_a_profile_tells_languages_apart() -> None:
    assert profile("He has been waiting outside my house and he will not stop").function_words > 0.3
    assert profile("Il m'attend devant chez moi depuis des semaines").function_words < 0.2
    assert profile("").words == 0
