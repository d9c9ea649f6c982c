"""Each rule: when it applies, and what it says is missing, with one fact changed at a time."""

from dataclasses import replace

import pytest

from models.contracts import Span
from models.rules import Facts, rule_data, rules

WHOLE = Facts(
    occasions=3,
    codes=frozenset(["following", "contact", "impact", "breach", "relationship"]),
    relationship="former_partner",
    serious=True,
    four=frozenset(["fixated", "obsessive", "unwanted", "repeated"]),
    acts_by_suspect=True,
    order=True,
    after_order=True,
    spans={"following": [Span(start=5, end=9, quote="here")]},
)


def verdict(facts: Facts, name: str) -> tuple[bool, str]:
    found = dict(zip((r.id for r in rule_data()), rules(facts), strict=True))[name]
    return found.applies, found.why


@pytest.mark.parametrize("name", [r.id for r in rule_data()])
def test_every_rule_applies_when_all_it_needs_is_there(name: str) -> None:
    assert verdict(WHOLE, name)[0]


@pytest.mark.parametrize(
    ("name", "change", "words"),
    [
        ("course_of_conduct", {"occasions": 1}, "a second occasion (the text shows 1)"),
        ("acts", {"codes": frozenset(["threat"])}, "s.2A(3)(a) to (g)"),
        ("stalking", {"occasions": 1}, "a second occasion"),
        ("stalking", {"four": frozenset()}, "about the person"),
        ("stalking", {"codes": frozenset(["impact"])}, "an act associated with stalking"),
        ("stalking", {"against": frozenset(["mutual"])}, "both sides contact"),
        ("fear_or_distress", {"serious": False}, "substantial effect on day-to-day life"),
        ("fear_or_distress", {"codes": frozenset(["contact"])}, "threat, violence or an effect"),
        ("fear_or_distress", {"occasions": 1}, "a second occasion"),
        ("former_partner", {"relationship": "colleague"}, "reads as: colleague"),
        ("former_partner", {"occasions": 0}, "a second occasion"),
        ("former_partner", {"against": frozenset(["dispute"])}, "a dispute explains"),
        ("former_partner", {"acts_by_suspect": False}, "an act by the former partner"),
        ("former_partner", {"many_people": True}, "the same person each time"),
        ("course_of_conduct", {"many_people": True}, "the same person each time"),
        ("breach", {"order": False}, "an order, bail with conditions, a warning or a block that stands"),
        ("breach", {"after_order": False}, "an act said to have happened after the order"),
    ],
)
def test_the_missing_fact_is_named(name: str, change: dict[str, object], words: str) -> None:
    applies, why = verdict(replace(WHOLE, **change), name)  # type: ignore[arg-type]
    assert not applies
    assert why.startswith("Missing: ") and words in why


def test_every_rule_cites_its_source_and_speaks_of_the_report() -> None:
    for rule in rule_data():
        assert any(word in rule.citation for word in ("Act", "Rules"))
        assert " is a stalker" not in rule.applies and "the suspect is" not in rule.applies.lower()


def test_paragraphs_are_named_and_evidence_is_shown() -> None:
    acts = next(r for r in rules(WHOLE) if r.citation.endswith("s.2A(3)"))
    assert "following (a)" in acts.why and "contact (b)" in acts.why
    assert [s.quote for s in acts.evidence] == ["here"]


def test_a_broken_condition_of_bail_is_not_called_an_offence() -> None:
    assert "not an offence by itself" in verdict(replace(WHOLE, bail=True), "breach")[1]
    assert "bail is not" not in verdict(WHOLE, "breach")[1]
