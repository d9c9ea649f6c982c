"""Telephones, emails, handles, registrations, postcodes and references by exact patterns."""

import time

import pytest

from nlp.contact_points import normalise
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
        ("mail from dean.k+x@example.co.uk, again", ("email", "dean.k+x@example.co.uk")),
        ("on insta @dean_k99 again", ("handle", "@dean_k99")),
        ("blue Corsa, AB12 CDE, left", ("vehicle", "AB12 CDE")),
        ("blue corsa ab12cde left", ("vehicle", "ab12cde")),
        ("of LS1 4AP since", ("place", "LS1 4AP")),
        ("see 13/45678/26 for", ("reference", "13/45678/26")),
        ("linked to CAD 1216 earlier", ("reference", "CAD 1216")),
    ],
)
def test_exact_forms_are_found_whole(text: str, expected: tuple[str, str]) -> None:
    assert expected in found(text)


@pytest.mark.parametrize(
    "text", ["he rang 12 times on 3 May", "flat 12, room 4b", "at 1900hrs", "paid £07,500", "3 or 4 lads @ the shop"]
)
def test_ordinary_numbers_are_not_contact_points(text: str) -> None:
    assert found(text) == []


def test_normalised_forms_compare_equal() -> None:
    assert (
        normalise(EntityType.PHONE, "+44 (0)7700 900123")
        == normalise(EntityType.PHONE, "07700-900123")
        == "+447700900123"
    )
    assert normalise(EntityType.VEHICLE, "ab12 cde") == "AB12CDE"


def test_hostile_text_is_read_in_time() -> None:
    started = time.monotonic()
    for text in ("a." * 20_000 + "@", "0" * 50_000, "a@" * 25_000, "1 " * 25_000, "-" * 50_000):
        pipeline()(text)
    assert time.monotonic() - started < 30


@pytest.mark.parametrize("quote", ["a withheld number", "ending 432", "+1 555 010 9999", "a second phone"])
def test_what_is_no_whole_uk_number_is_not_given_a_national_form(quote: str) -> None:
    assert normalise(EntityType.PHONE, quote) == quote


def test_a_road_is_not_a_registration() -> None:
    assert found("ON THE A64 AND M62 AND GONE") == []
