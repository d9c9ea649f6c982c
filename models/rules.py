"""Rules of law and recording as data: what each needs, its citation, and the words for why it applies or which fact is missing.

``models/data/rules.json`` holds the rules. A need names a fact of ``Facts`` and a test on it (``at_least``, ``any_of``, ``none_of``, ``is``); a rule applies when
every need is met, and otherwise names what is missing. Nothing here decides a suggestion.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict, TypeAdapter

from models.contracts import Rule, Span
from nlp.taxonomy import AGAINST, BEHAVIOURS, BY_CODE, EntityType

# Breaking a condition of bail is no offence by itself.
BAIL = " Breaking a condition of bail is not an offence by itself: it allows an arrest (Bail Act 1976, s.7; before a charge, Police and Criminal Evidence Act 1984, s.46A)."
DATA = Path(__file__).resolve().parent / "data"
ACTS = tuple(c.code for c in BEHAVIOURS if c.paragraph)


@dataclass(frozen=True)
class Facts:
    """What the rules look at.

    ``codes``: asserted spans, acts of the injured party left out. ``against``: reasons more likely than not. ``acts_by_suspect``: an asserted act that is not told
    of somebody beside the matter. ``many_people``: each act is told of another person. ``order``: an order, bail, a warning or a block that stands;
    ``after_order``: an act after it; ``bail``: it is bail. ``spans``: by code, and the orders under ``order``.
    """

    occasions: int
    codes: frozenset[str]
    relationship: str
    serious: bool
    four: frozenset[str] = frozenset()
    against: frozenset[str] = frozenset()
    acts_by_suspect: bool = False
    many_people: bool = False
    order: bool = False
    after_order: bool = False
    bail: bool = False
    spans: dict[str, list[Span]] = field(default_factory=dict)


class Need(BaseModel):
    """One thing that a rule needs."""

    model_config = ConfigDict(extra="forbid")

    fact: str
    missing: str
    at_least: int | None = None
    any_of: frozenset[str] | None = None
    none_of: frozenset[str] | None = None
    is_: bool | None = None

    def met(self, facts: Facts) -> bool:
        """Whether the facts meet it."""
        value = getattr(facts, self.fact)
        if self.at_least is not None:
            return bool(value >= self.at_least)
        if self.is_ is not None:
            return bool(value) is self.is_
        held = {value} if isinstance(value, str) else set(value)
        return bool(held & self.any_of) if self.any_of is not None else not held & (self.none_of or frozenset())


class RuleData(BaseModel):
    """A rule as written in the data file."""

    model_config = ConfigDict(extra="forbid")

    id: str
    name: str
    citation: str
    needs: list[Need]
    applies: str
    evidence: list[str]


@lru_cache(maxsize=1)
def rule_data() -> tuple[RuleData, ...]:
    """Return the rules of the data file, checked."""
    text = (DATA / "rules.json").read_text(encoding="utf-8").replace('"is":', '"is_":')
    found = TypeAdapter(list[RuleData]).validate_json(text)
    for rule in found:
        known = set(Facts.__dataclass_fields__)
        if bad := [n.fact for n in rule.needs if n.fact not in known] + [
            c for c in rule.evidence if c not in BY_CODE and c != EntityType.ORDER
        ]:
            raise ValueError(f"rules.json: {rule.id} names {', '.join(bad)}, which is neither a fact nor a code")
    return tuple(found)


def rules(facts: Facts, most: int = 4) -> list[Rule]:
    """Return every rule, whether it applies, why or what is missing, and the first spans that bear on it."""
    named = [f"{BY_CODE[c].title.lower()} {BY_CODE[c].paragraph}" for c in ACTS if c in facts.codes]
    result = []
    for rule in rule_data():
        lacking = [need for need in rule.needs if not need.met(facts)]
        blocking = [c for need in lacking for c in sorted(facts.against & (need.none_of or frozenset()))]
        fill = {
            "occasions": str(facts.occasions),
            "acts": ", ".join(named),
            "relationship": facts.relationship.replace("_", " "),
            "bail": BAIL if facts.bail else "",
            "against": " ".join(AGAINST[c] for c in blocking).lower().rstrip("."),
        }
        if lacking:
            why = "Missing: " + "; ".join(need.missing.format(**fill) for need in lacking) + "."
        else:
            why = rule.applies.format(**fill)
        shown = sorted((s for code in rule.evidence for s in facts.spans.get(code, [])), key=lambda s: s.start)
        result.append(Rule(name=rule.name, citation=rule.citation, applies=not lacking, why=why, evidence=shown[:most]))
    return result
