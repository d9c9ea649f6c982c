"""Telephones, emails, handles, registrations, postcodes and references by exact patterns."""

import time

import pytest

from nlp.contact_points import _PATTERNS, normalise
from nlp.pipeline import pipeline
from nlp.spans import exact_spans
from nlp.taxonomy import EntityType


def found(text: str) -> list[tuple[str, str]]:
    doc = pipeline()(text)
    return [(label, text[s:e]) for s, e, label in exact_spans(doc, "contact_points")]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("rang from 07700 900123 twice", ("phone", "07700 900123")),
        ("rang from +44 7700 900123.", ("phone", "+44 7700 900123")),
        ("office 0113 496 0123 ext", ("phone", "0113 496 0123")),
        ("rang (0113) 4960123 again", ("phone", "(0113) 4960123")),
        ("rang (0113) 496 0123.", ("phone", "(0113) 496 0123")),
        ("from 00447700900123 all night", ("phone", "00447700900123")),
        ("from 0044 (0)7700 900123", ("phone", "0044 (0)7700 900123")),
        ("from +4407700900123", ("phone", "+4407700900123")),
        ("mail from dean.k+x@example.co.uk, again", ("email", "dean.k+x@example.co.uk")),
        ("on insta @dean_k99 again", ("handle", "@dean_k99")),
        ("Snapchat: dean_88 adds me", ("handle", "dean_88")),
        ("msgs from insta dean_88", ("handle", "dean_88")),
        ("SNAPCHAT: DEAN_88", ("handle", "DEAN_88")),
        ('on TikTok as "dean.k99", then', ("handle", "dean.k99")),
        ("username is dean88", ("handle", "dean88")),
        ("blue Corsa, AB 12 CDE, left", ("vehicle", "AB 12 CDE")),
        ("blue corsa ab12 cde left", ("vehicle", "ab12 cde")),
        ("silver van, reg ab 12 cde", ("vehicle", "ab 12 cde")),
        ("VRM A1 BCD seen", ("vehicle", "A1 BCD")),
        ("old Volvo P123 BCD", ("vehicle", "P123 BCD")),
        ("blue Corsa, AB12 CDE, left", ("vehicle", "AB12 CDE")),
        ("blue corsa ab12cde left", ("vehicle", "ab12cde")),
        ("of LS1 4AP since", ("place", "LS1 4AP")),
        ("of ls1 4ap since", ("place", "ls1 4ap")),
        ("of Sw1a1aa since", ("place", "Sw1a1aa")),
        ("under CRN 45210012345 and", ("reference", "CRN 45210012345")),
        ("under CRN: 45210012345 and", ("reference", "CRN: 45210012345")),
        ("Log 311 of 2nd refers", ("reference", "Log 311 of 2nd")),
        ("see 13/45678/26 for", ("reference", "13/45678/26")),
        ("linked to CAD 1216 earlier", ("reference", "CAD 1216")),
    ],
)
def test_exact_forms_are_found_whole(text: str, expected: tuple[str, str]) -> None:
    assert expected in found(text)


@pytest.mark.parametrize(
    "text",
    [
        "he rang 12 times on 3 May",
        "flat 12, room 4b",
        "at 1900hrs",
        "paid £07,500",
        "3 or 4 lads @ the shop",
        "K9 DOG UNIT ATTENDED",
        "S5 POA considered",
        "S1 MCA",
        "LOG 04/02 09:40",
        "asked to log 40 calls",
        "OP12 adv ring 999",
        "HE WAS THERE ON 19 MAY AT 14 HRS",
        "PC 14 SAW HIM",
        "lives in LS11 yet",
        "on the A421 RTC",
        "gone b4 2nd bus, m8 4th time",
        "insta msgs, fb x12, snap may26 and insta 2nite",
        "his facebook messages",
        "Facebook: he wrote to me",
    ],
)
def test_ordinary_numbers_are_not_contact_points(text: str) -> None:
    assert found(text) == []


def test_normalised_forms_compare_equal() -> None:
    assert (
        normalise(EntityType.PHONE, "+44 (0)7700 900123")
        == normalise(EntityType.PHONE, "07700-900123")
        == "+447700900123"
    )
    assert normalise(EntityType.VEHICLE, "ab12 cde") == normalise(EntityType.VEHICLE, "AB 12 CDE") == "AB12CDE"
    assert (
        normalise(EntityType.PHONE, "(0113) 4960123") == normalise(EntityType.PHONE, "0113 496 0123") == "+441134960123"
    )
    assert normalise(EntityType.HANDLE, "Dean_88") == normalise(EntityType.HANDLE, "@dean_88") == "@dean_88"
    assert normalise(EntityType.PLACE, "ls14ap") == "LS1 4AP" and normalise(EntityType.PLACE, "the  park") == "the park"


@pytest.mark.parametrize("number", ["00447700900123", "0044 (0)7700 900123", "+4407700900123", "+44 7700 900123"])
def test_a_number_dialled_from_abroad_is_the_same_number(number: str) -> None:
    assert normalise(EntityType.PHONE, number) == "+447700900123"


def test_hostile_text_is_read_in_time() -> None:
    started = time.monotonic()
    for text in ("a." * 20_000 + "@", "0" * 50_000, "a@" * 25_000, "1 " * 25_000, "-" * 50_000):
        pipeline()(text)
    assert time.monotonic() - started < 30


@pytest.mark.parametrize(
    "text", ["insta " * 8_000, "insta a" + "a." * 20_000, "reg no no " * 5_000, "(0113) " * 7_000, "0044 0" * 8_000]
)
def test_no_pattern_backtracks_for_long(text: str) -> None:
    started = time.monotonic()
    for _, pattern in _PATTERNS:
        assert pattern.findall(text) is not None
    assert time.monotonic() - started < 5


@pytest.mark.parametrize("quote", ["a withheld number", "ending 432", "+1 555 010 9999", "a second phone"])
def test_what_is_no_whole_uk_number_is_not_given_a_national_form(quote: str) -> None:
    assert normalise(EntityType.PHONE, quote) == quote


def test_a_road_is_not_a_registration() -> None:
    assert found("ON THE A64 AND M62 AND GONE") == []
