"""Where dates and times stand in a text."""

from datetime import date

import pytest

from nlp.dates import names_days, read_times, read_when
from nlp.pipeline import mark, pipeline
from nlp.spans import exact_spans
from nlp.when import DateFault, When

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
        ("on Monday and Tuesday last week he came", ["on Monday and Tuesday last week"]),
        ("on the 3rd, 9th and 12th of March 2026", ["the 3rd, 9th and 12th of March 2026"]),
        ("Monday 2nd, Wednesday 4th and Friday 6th November", ["Monday 2nd, Wednesday 4th and Friday 6th November"]),
        ("3 Nov, 5 Nov, 9 Nov 2025 he rang", ["3 Nov, 5 Nov, 9 Nov 2025"]),
        ("between March and April last year", ["between March and April last year"]),
        ("in March 2026 he came", ["in March 2026"]),
        ("2026.03.14, 14-Mar-2026 and 2026/03/15", ["2026.03.14", "14-Mar-2026", "2026/03/15"]),
        ("the first week of June, the end of March", ["the first week of June", "the end of March"]),
        ("rang at least 9 times between 3 March and 12 April", ["at least 9 times between 3 March and 12 April"]),
        ("came on three occasions", ["on three occasions"]),
        ("came 4 times, on different days in October", ["4 times, on different days in October"]),
        ("rang 9 times", []),
        ("rang up to 9 times since March", ["since March"]),
        ("RO in place exp 12/26", ["exp 12/26"]),
        ("£180 paid 30 Sept\n2210 rang", ["30 Sept"]),
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


def meanings(text: str, reported: date | None = REPORTED) -> list[tuple[str, When]]:
    marked = mark([text])[0]
    places = [(s, e) for s, e, label in marked.spans("mentions") if label == "time"]
    return [(text[s:e], when) for (s, e), when in zip(places, read_times(marked, places, reported), strict=True)]


def clocks(text: str, numbers: list[str]) -> list[str | None]:
    """Read bare numbers as if each were a mention of a time."""
    marked = mark([text])[0]
    places = [(text.index(n), text.index(n) + len(n)) for n in numbers]
    return [when.clock for when in read_times(marked, places, REPORTED)]


def test_a_number_that_opens_an_entry_of_a_log_is_a_time() -> None:
    text = "1900 ex BF texted IP. 1905 texted again. 1910 rang. 1930 rang again. 2000 sent voice note"
    assert clocks(text, ["1900", "1905", "1910", "1930", "2000"]) == ["19:00", "19:05", "19:10", "19:30", "20:00"]
    assert not names_days("1930", When(clock="19:30"))
    assert names_days("2019", read_when("2019", REPORTED))


def test_in_a_log_other_numbers_are_times_too_and_years_stay_years() -> None:
    text = "1900 rang, 1907 rang again. 1910 texted. Split in 2019, moved in March 2020, DOB 1954, 1984 model"
    assert clocks(text, ["1900", "1907", "2019", "2020", "1954", "1984"]) == ["19:00", "19:07", None, None, None, None]


def test_a_number_after_at_is_a_time_and_another_is_a_year() -> None:
    text = "He came at 1930 and left abt 2000. In 2019 he was fined, since about 2010 he drank. In the 2005 case he was warned"
    assert clocks(text, ["1930", "2000", "2019", "2010", "2005"]) == ["19:30", "20:00", None, None, None]


@pytest.mark.parametrize(
    ("text", "quote", "days"),
    [
        ("Between 3 March and 12 April he has rung me 9 times", "Between 3 March and 12 April", 9),
        ("He has rung me 9 times at work between 3 March and 12 April", "between 3 March and 12 April", 9),
        ("In March he rang eleven times", "In March", 1),  # perhaps on one evening
        ("Finished six times, back since May", "since May", 1),
        ("He rang 40 times between 3 March and 12 April", "40 times between 3 March and 12 April", 1),
        ("On Monday he shouted on three occasions", "on three occasions", 1),
        ("On Monday he came on three separate occasions", "on three separate occasions", 3),
    ],
)
def test_occasions_told_in_words_are_a_lower_bound(text: str, quote: str, days: int) -> None:
    assert dict(meanings(text))[quote].days == days


def test_the_following_day_is_the_day_after_the_date_before_it() -> None:
    text = "On 3 March he rang. The following day he came"
    assert dict(meanings(text))["The following day"].day == date(2026, 3, 4)
    assert dict(meanings(text, None))["The following day"].keys == ("-03-04",)
    assert dict(meanings("The following day he came"))["The following day"].day is None


@pytest.mark.parametrize(
    ("text", "quote"),
    [
        ("he is coming for me on Christmas Day", "Christmas Day"),
        ("he will come on Friday", "on Friday"),
        ("he's coming on 5 Dec", "5 Dec"),
        ("I am at work till the 30th so email", "the 30th"),
        ("He is on bail until the 30th", "the 30th"),
    ],
)
def test_what_has_not_happened_yet_has_no_past_date(text: str, quote: str) -> None:
    when = dict(meanings(text))[quote]
    assert (when.start, when.dated) == (None, False)


def test_what_happened_or_recurs_keeps_its_date() -> None:
    assert dict(meanings("he came on Christmas Day"))["Christmas Day"].day == date(2025, 12, 25)
    assert dict(meanings("Will came on Friday"))["on Friday"].day == date(2026, 11, 20)
    assert dict(meanings("he will not stop after what I said last Friday"))["last Friday"].day == date(2026, 11, 20)
    assert dict(meanings("he will ring every night"))["every night"].recurring
    assert dict(meanings("I was away till the 2nd"))["the 2nd"].day == date(2026, 11, 2)
    assert dict(meanings("he came on the 30th"))["the 30th"].day == date(2026, 10, 30)
    assert dict(meanings("he rang from the 28th till the 30th"))["the 30th"].day == date(2026, 10, 30)


def test_one_date_with_the_month_first_leaves_those_open_that_can_be_read_both_ways() -> None:
    found = dict(meanings("03/25/2026 he rang. 03/04/2026 he came. 04/04/2026 and 25/05/2026 too"))
    assert found["03/25/2026"].fault is found["03/04/2026"].fault is DateFault.FOREIGN
    assert found["03/04/2026"].start is None
    assert found["04/04/2026"].day == date(2026, 4, 4)
    assert found["25/05/2026"].day == date(2026, 5, 25)
    assert dict(meanings("03/04/2026 he came"))["03/04/2026"].day == date(2026, 4, 3)
