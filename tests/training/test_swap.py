"""Sexes, names and spelling changed, with spans carried through."""

import random

import pytest

from nlp.taxonomy import Status
from training.corpus import GoldSpan, Record, load_corpus
from training.swap import MEASURED_NAMES, TRAINED_NAMES, in_one_form, misspell, swap_names, swap_sexes


def record(text: str, *quotes: str) -> Record:
    spans = [
        GoldSpan(start=text.index(q), end=text.index(q) + len(q), quote=q, code="contact", status=Status.ASSERTED)
        for q in quotes
    ]
    return Record(
        id="x-1", text=text, style="statement", recorded_offence="other", label="not_stalking", offence="none", relationship="unknown",
        four={"fixated": False, "obsessive": False, "unwanted": False, "repeated": False}, spans=spans, scenario="s", why="w",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("She told him to leave her alone.", "He told her to leave him alone."),
        ("He took her keys and her husband rang.", "She took his keys and his wife rang."),
        ("HER EX-HUSBAND", "HIS EX-WIFE"),
        ("He made her cry and gave her a lift.", "She made him cry and gave him a lift."),
        ("Mr Lyle and his daughter", "Mrs Lyle and her son"),
    ],
)
def test_sexes_are_swapped_as_a_person_would(before: str, after: str) -> None:
    assert swap_sexes(record(before)).text == after


def test_spans_are_carried_through() -> None:
    swapped = swap_sexes(
        record("My husband Dean rang her sister and her husband shouted.", "rang her sister", "her husband shouted")
    )
    assert [s.quote for s in swapped.spans] == ["rang his brother", "his wife shouted"]
    assert all(swapped.text[s.start : s.end] == s.quote for s in swapped.spans)


def test_one_name_becomes_one_name() -> None:
    text = swap_names(record("Dean rang Claire. Dean came back with Claire."), "South Asian", TRAINED_NAMES).text
    men, women = TRAINED_NAMES["South Asian"]
    assert text == f"{men[0]} rang {women[1]}. {men[0]} came back with {women[1]}."


def test_every_report_of_the_corpus_can_be_swapped() -> None:
    for r in load_corpus().records[::7]:
        swap_sexes(r)
        swap_names(r, "East Asian", MEASURED_NAMES)


def test_names_that_measure_were_never_trained_on() -> None:
    def flat(names):
        return {n for men, women in names.values() for n in (*men, *women)}

    assert not flat(TRAINED_NAMES) & flat(MEASURED_NAMES)
    assert TRAINED_NAMES.keys() == MEASURED_NAMES.keys()


def test_misspelling_leaves_the_words_in_their_spans() -> None:
    before = record("She said he followed her through Sheffield every evening " * 8, "followed her through Sheffield")
    after = misspell(before, random.Random(3))
    assert (
        after.text != before.text
        and sum(a != b for a, b in zip(after.text.split(), before.text.split(), strict=True)) < 12
    )
    (span,) = after.spans
    assert span.start == after.text.index("her") - len(span.quote.split()[0]) - 1 and span.quote.endswith("Sheffield")


def test_what_is_trained_on_is_what_a_bundle_with_plain_reads() -> None:
    before = record(
        "My ex Khadija Rahman rang her sister and Khadija followed her home.", "Khadija Rahman", "followed her home"
    )
    (after,) = in_one_form([before])
    assert after.text == "My ex Alex Walker rang his brother and Alex followed him home."
    assert [s.quote for s in after.spans] == ["Alex Walker", "followed him home"]
    assert after.label is before.label
    (again,) = in_one_form([swap_sexes(before)])
    assert again.text == after.text, "the same report with the sexes the other way round is the same text"
