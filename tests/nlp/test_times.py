"""Where dates and times stand in a text."""

from datetime import date

import pytest

from nlp.dates import read_when
from nlp.pipeline import pipeline
from nlp.spans import exact_spans

REPORTED = date(2026, 11, 24)  # a Tuesday


def resolve(quote: str, reported: date | None) -> date | None:
    return read_when(quote, reported).day


def found(text: str) -> list[str]:
    return [text[s:e] for s, e, _ in exact_spans(pipeline()(text), "times")]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("on 3rd March 2026 and again on 12/04", ["3rd March 2026", "12/04"]),
        ("every night since March", ["every night since March"]),
        ("came yesterday at 7.30pm", ["yesterday", "7.30pm"]),
        ("Last Tuesday night he rang", ["Last Tuesday night"]),
        ("two weeks ago, then for six weeks", ["two weeks ago", "for six weeks"]),
        ("1944 hrs by the gate, 19:44 gone", ["1944 hrs", "19:44"]),
    ],
)
def test_times_are_found_whole(text: str, expected: list[str]) -> None:
    assert found(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "he sat in his car",
        "in the sun",
        "they wed young",
        "HE SAT IN HIS CAR",
        "24/7",
        "3-4 times a week",
        "1.5 miles",
        "9/10 for pain",
        "at 10.11",
    ],
)
def test_ordinary_words_and_numbers_are_not_days(text: str) -> None:
    assert [resolve(t, REPORTED) for t in found(text) if resolve(t, REPORTED)] == []


def test_short_days_are_found_where_they_are_days() -> None:
    assert found("came Sat, again on sun and LAST WED") == ["Sat", "on sun", "LAST WED"]


@pytest.mark.parametrize(
    ("quote", "day"),
    [
        ("12/04/2026", date(2026, 4, 12)),
        ("12.04.26", date(2026, 4, 12)),
        ("3rd March", date(2026, 3, 3)),
        ("25 December", date(2025, 12, 25)),  # the last one before the report
        ("yesterday", date(2026, 11, 23)),
        ("last Tuesday", date(2026, 11, 17)),
        ("Tuesday", date(2026, 11, 24)),
        ("Sunday night", date(2026, 11, 22)),
        ("two weeks ago", date(2026, 11, 10)),
        ("31/02/2026", None),
        ("13/13/2026", None),
        ("every Friday", None),
        ("since March", None),
    ],
)
def test_days_are_resolved_against_the_report_or_left_open(quote: str, day: date | None) -> None:
    assert resolve(quote, REPORTED) == day


def test_without_a_report_date_only_full_dates_are_resolved() -> None:
    assert resolve("12/04/2026", None) == date(2026, 4, 12)
    assert resolve("12/04", None) is resolve("yesterday", None) is resolve("Tuesday", None) is None


def test_a_telephone_number_is_not_a_date() -> None:
    assert found("from 07700 900123") == []


@pytest.mark.parametrize(
    "text", ["a letter from Marlon", "a card from Decker", "a call from Augusta", "it came from Junior"]
)
def test_a_name_that_begins_like_a_month_is_no_time(text: str) -> None:
    assert found(text) == []


def test_the_past_week_is_the_seven_days_before() -> None:
    when = read_when("the past week", REPORTED)
    assert (when.start, when.end) == (date(2026, 11, 17), REPORTED)
