"""Dated phrases, each with its meaning (datasets/reading/dates.jsonl), and dates that cannot be."""

import json
import time
from datetime import date
from pathlib import Path

import pytest

from nlp.dates import read_times, read_when
from nlp.entries import find_entries
from nlp.pipeline import pipeline
from nlp.spans import exact_spans, marked
from nlp.times import find_times
from nlp.when import DateFault

GOLD = [
    json.loads(line)
    for line in (Path(__file__).parents[2] / "datasets/reading/dates.jsonl").read_text(encoding="utf-8").splitlines()
]
REPORTED = date(2026, 11, 24)  # a Tuesday


@pytest.mark.parametrize(
    "gold", GOLD, ids=[f"{g['phrase']}{'' if g['reported'] else ' (no report date)'}" for g in GOLD]
)
def test_phrase_means_what_it_says(gold: dict[str, str | int | None]) -> None:
    reported = date.fromisoformat(str(gold["reported"])) if gold["reported"] else None
    when = read_when(str(gold["phrase"]), reported)
    assert (when.start.isoformat() if when.start else None) == gold["start"]
    assert (when.end.isoformat() if when.end else None) == gold["end"]
    assert when.days == gold["days"]
    assert when.fault == gold["fault"]


@pytest.mark.parametrize(
    ("quote", "clock"),
    [
        ("7.30pm", "19:30"),
        ("1944 hrs", "19:44"),
        ("1900hrs", "19:00"),
        ("03:05", "03:05"),
        ("12am", "00:00"),
        ("noon", "12:00"),
        ("at 1930", "19:30"),
        ("approx 2000", "20:00"),
        ("24/11 1905", "19:05"),
        ("since about 2010", None),
        ("March 2026", None),
    ],
)
def test_times_of_day(quote: str, clock: str | None) -> None:
    assert read_when(quote, REPORTED).clock == clock


@pytest.mark.parametrize("quote", ["25:61", "13pm", "2575hrs"])
def test_an_impossible_time_is_said_to_be_so(quote: str) -> None:
    assert read_when(quote, REPORTED).fault is DateFault.IMPOSSIBLE


@pytest.mark.parametrize(
    "quote",
    [
        "",
        "the",
        "1" * 5000,
        "99999999 years ago",
        "for 999 years",
        "since 9999",
        "0/0/0000",
        "the 0th",
        "٣ مارس",
        "3 May 0000",
        "May 0000",
        "0000-05-03",
    ],
)
def test_odd_words_never_fail(quote: str) -> None:
    for reported in (REPORTED, None, date.min, date.max, date(2024, 2, 29)):
        read_when(quote, reported)


@pytest.mark.parametrize("reported", [date.min, date(1000, 1, 1), date(9998, 12, 31), date.max], ids=str)
def test_a_report_of_any_day_is_read(reported: date) -> None:
    for gold in GOLD:
        read_when(str(gold["phrase"]), reported)


@pytest.mark.parametrize("quote", ["3 May 0000", "May 0000", "0000-05-03"])
def test_the_year_nought_is_impossible(quote: str) -> None:
    assert read_when(quote, REPORTED).fault is DateFault.IMPOSSIBLE


def test_hostile_text_is_read_in_time() -> None:
    started = time.monotonic()
    for piece in ("1 and ", "1,", "1st - ", "for a ", "every ", "sat ", "00:", "between 1 and "):
        pipeline()(piece * (30_000 // len(piece)))
    assert time.monotonic() - started < 25


def test_hostile_dates_are_read_together_in_time() -> None:
    started = time.monotonic()
    for piece in ("since May 9 times ", "on three occasions ", "the next day ", "1 Nov, ", "on Mon, ", "from May to "):
        doc = find_times(find_entries(pipeline().make_doc(piece * (30_000 // len(piece)))))
        read_times(marked(doc), [(start, end) for start, end, _ in exact_spans(doc, "times")], REPORTED)
    assert time.monotonic() - started < 15


def test_a_date_after_the_report_does_not_count() -> None:
    when = read_when("3 January 2027", REPORTED)
    assert when.fault is DateFault.FUTURE
    assert (when.day, when.keys, when.dated) == (None, (), False)


def test_many_times_are_how_people_speak() -> None:
    assert not read_when("nine times since March", REPORTED).recurring
    assert read_when("40 times since March", REPORTED).recurring


def test_a_day_has_one_name_with_its_year_and_without() -> None:
    assert read_when("3 May", REPORTED).keys == read_when("3 May 2026", REPORTED).keys == ("-05-03",)
