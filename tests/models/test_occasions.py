"""Occasions are separate days: several acts on one day are one, and what recurs is at least three."""

from datetime import date

import pytest

from models.occasions import Act, Timed, occasions
from nlp.dates import read_when

REPORTED = date(2026, 11, 24)


def count(
    text: str,
    acts: list[str],
    times: list[str],
    estimate: int,
    reported: date | None = REPORTED,
    some_own: bool = False,
) -> tuple[int, str]:
    placed = [Act(text.index(a), text.index(a) + len(a), "contact") for a in acts]
    timed = [Timed(text.index(t), text.index(t) + len(t), read_when(t, reported)) for t in times]
    entries, at = [], 0
    for sentence in text.split(". "):
        entries.append((at, at + len(sentence)))
        at += len(sentence) + 2
    found = occasions(text, placed, timed, entries, estimate, some_own)
    for entry in found.timeline:
        assert text[entry.start : entry.end] == entry.quote
    return found.at_least, found.summary


@pytest.mark.parametrize("reported", [REPORTED, None])
def test_three_dates_are_three_and_are_dated(reported: date | None) -> None:
    text = "On 3 March he rang. On 9 March he rang her mother. On 12 April he knocked"
    at_least, summary = count(
        text, ["he rang", "he rang her", "he knocked"], ["3 March", "9 March", "12 April"], 1, reported
    )
    assert at_least == 3
    if reported:
        assert summary == "The text describes at least 3 occasions between 3 March 2026 and 12 April 2026."


def test_several_messages_on_one_day_are_one() -> None:
    text = "Last Tuesday he texted at noon. That Tuesday he texted again at 7pm"
    assert count(text, ["he texted at", "he texted again"], ["Last Tuesday", "That Tuesday"], 1)[0] == 1


def test_what_recurs_is_three_or_more_and_not_what_the_calendar_holds() -> None:
    text = "He has waited outside every evening since March"
    assert count(text, ["waited outside"], ["every evening since March"], 1)[0] == 3


def test_nights_running_are_counted() -> None:
    assert count("He was outside 5th nite running", ["was outside"], ["5th nite running"], 3)[0] == 5


def test_dates_without_conduct_are_no_occasions() -> None:
    assert count("She moved in on 3 May and out on 9 June", [], ["3 May", "9 June"], 0) == (
        0,
        "The text shows no occasion.",
    )


def test_a_date_carries_to_the_next_sentence() -> None:
    text = "On 3 March he came. He rang her from the street"
    assert count(text, ["he came", "He rang her"], ["3 March"], 1)[0] == 1


def test_a_vague_time_bounds_nothing() -> None:
    text = "He left his school last year. He followed her in June. He stood outside until the 24th"
    at_least, summary = count(text, ["followed her", "stood outside"], ["last year", "in June", "the 24th"], 2)
    assert (at_least, summary) == (2, "The text describes at least 2 occasions.")
    text = "He has followed her since June"
    assert count(text, ["followed her"], ["since June"], 3)[1].endswith("between 1 June 2026 and 24 November 2026.")


def test_a_habit_of_the_injured_party_is_no_day_of_the_suspect() -> None:
    assert count("He got on his Tuesday bus and sat behind her", ["sat behind her"], ["Tuesday"], 1)[1].endswith(
        "1 occasion."
    )


def test_a_time_of_day_alone_is_no_row_of_the_timeline() -> None:
    text = "At 0910 he rang. On 3 March he rang again"
    times = [Timed(text.index(t), text.index(t) + len(t), read_when(t, REPORTED)) for t in ("0910", "3 March")]
    found = occasions(text, [Act(text.index("he rang"), 15, "contact")], times, [(0, 16), (17, len(text))], 1)
    assert [e.quote for e in found.timeline] == ["3 March"]


def test_without_an_act_of_another_person_there_is_no_occasion_whatever_the_reader_guesses() -> None:
    assert count("She says I followed her three times", [], [], 3)[0] == 0


def test_days_to_come_and_days_on_which_an_order_ends_are_no_occasions() -> None:
    text = "On 9 November he rang me about 24 December 2026. His NMO expires 12 March"
    assert count(text, ["he rang me", "His NMO"], ["9 November", "24 December 2026"], 1)[0] == 1
    assert count(text, ["he rang me", "His NMO"], ["9 November", "12 March"], 1)[0] == 1
    assert count("Exp. 12 March. On 9 November he rang", ["Exp", "he rang"], ["12 March", "9 November"], 1)[0] == 1


def test_acts_left_out_as_the_injured_partys_own_are_no_part_of_the_guess() -> None:
    text = "I rang him most days. He rang back"
    assert count(text, ["He rang back"], [], 3, some_own=True)[0] == 1
    assert count(text, ["He rang back"], [], 3)[0] == 3
