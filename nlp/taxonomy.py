"""The one vocabulary: behaviour and context codes, status values, relationships, offences, styles.

Everything else in Foursight imports these names; nothing spells a code again. The definitions follow
``datasets/labelling-guide.md`` and the Protection from Harassment Act 1997 (PHA) as it applies in England and Wales.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Label(StrEnum):
    """What a report describes, on its own text (labelling guide, section 1)."""

    STALKING = "stalking"
    NOT_STALKING = "not_stalking"
    UNCLEAR = "unclear"


class Status(StrEnum):
    """Whether a behaviour is said to have happened. Only ``asserted`` counts as evidence (labelling guide, section 4)."""

    ASSERTED = "asserted"
    NEGATED = "negated"
    HYPOTHETICAL = "hypothetical"
    SUSPECT_ACCOUNT = "suspect_account"
    OTHER_PARTY = "other_party"


class Relationship(StrEnum):
    """Who the suspect is to the injured party."""

    FORMER_PARTNER = "former_partner"
    CURRENT_PARTNER = "current_partner"
    FAMILY = "family"
    ACQUAINTANCE = "acquaintance"
    COLLEAGUE = "colleague"
    NEIGHBOUR = "neighbour"
    SERVICE = "service"
    STRANGER = "stranger"
    UNKNOWN = "unknown"


class Offence(StrEnum):
    """The offence that the text would support: PHA 1997 s.2A, s.4A, or none."""

    S2A = "s2A"
    S4A = "s4A"
    NONE = "none"


class Occasions(StrEnum):
    """How many distinct occasions the asserted conduct covers."""

    NONE = "0"
    ONE = "1"
    TWO = "2"
    THREE_OR_MORE = "3+"


class RecordedOffence(StrEnum):
    """What the report is recorded as now."""

    HARASSMENT = "harassment"
    MALICIOUS_COMMUNICATIONS = "malicious_communications"
    CRIMINAL_DAMAGE = "criminal_damage"
    PUBLIC_ORDER = "public_order"
    ASSAULT = "assault"
    BREACH = "breach"
    NON_CRIME = "non_crime"
    STALKING = "stalking"
    OTHER = "other"


class Style(StrEnum):
    """How a report came to be written."""

    CRIME_REPORT = "crime_report"
    CALL_LOG = "call_log"
    ONLINE_FORM = "online_form"
    STATEMENT = "statement"
    THIRD_PARTY = "third_party"


class Suggestion(StrEnum):
    """The three answers Foursight gives a reviewer; a person decides."""

    REVIEW = "review_as_stalking"
    ASK = "ask_for_information"
    NO_CHANGE = "no_change"


class EntityType(StrEnum):
    """Mentions that the entity layer marks."""

    PERSON = "person"
    PHONE = "phone"
    EMAIL = "email"
    HANDLE = "handle"
    VEHICLE = "vehicle"
    PLACE = "place"
    TIME = "time"
    ORDER = "order"
    REFERENCE = "reference"
    ORGANISATION = "organisation"


class Role(StrEnum):
    """The part a person plays in a report; ``none`` for everything that is not a person."""

    VICTIM = "victim"
    SUSPECT = "suspect"
    WITNESS = "witness"
    CHILD = "child"
    OFFICER = "officer"
    OTHER = "other"
    NONE = "none"


@dataclass(frozen=True)
class Code:
    """One kind of span. ``paragraph`` is the PHA 1997 s.2A(3) example it matches, or None."""

    code: str
    title: str
    paragraph: str | None
    plain: str
    behaviour: bool


BEHAVIOURS: tuple[Code, ...] = (
    Code(
        "following",
        "Following",
        "(a)",
        "Follows the person on foot or by vehicle, or turns up wherever they are.",
        True,
    ),
    Code(
        "contact",
        "Contact",
        "(b)",
        "Contacts or tries to contact the person by any means, or through someone else.",
        True,
    ),
    Code("publishing", "Publishing", "(c)", "Posts about the person or in their name, or shares their images.", True),
    Code("monitoring", "Monitoring", "(d)", "Tracks the person or their phone, accounts, post or cameras.", True),
    Code(
        "loitering", "Loitering", "(e)", "Waits or hangs about near home, work, school or another place they use.", True
    ),
    Code("interference", "Interference", "(f)", "Damages, enters, takes or moves the person's property.", True),
    Code("watching", "Watching", "(g)", "Watches, spies on or photographs the person, or details what they did.", True),
    Code("threat", "Threat", None, "Threatens harm to the person, others, property or themselves.", True),
    Code("violence", "Violence", None, "Assaults or tries to assault someone, or uses a weapon.", True),
    Code(
        "proxy",
        "Acting through others",
        None,
        "Uses friends, children or complaints to reach or harm the person.",
        True,
    ),
    Code("breach", "Breach", None, "Acts in breach of an order, bail, a warning or a block.", True),
    Code("research", "Finding out", None, "Finds out a new address, number, rota or routine.", True),
)

CONTEXT: tuple[Code, ...] = (
    Code("relationship", "Relationship", None, "Who the suspect is to the person.", False),
    Code("frequency", "How often", None, "How many times, or how often.", False),
    Code("duration", "How long", None, "Since when, or for how long.", False),
    Code("refusal", "Unwanted", None, "The person made plain that it is unwanted.", False),
    Code("impact", "Impact", None, "Fear, distress, or a life changed because of it.", False),
    Code("history", "History", None, "Earlier reports, offences or orders.", False),
)

CODES: tuple[Code, ...] = BEHAVIOURS + CONTEXT
BY_CODE: dict[str, Code] = {c.code: c for c in CODES}
CODE_NAMES: tuple[str, ...] = tuple(c.code for c in CODES)
BEHAVIOUR_NAMES: tuple[str, ...] = tuple(c.code for c in BEHAVIOURS)

FOUR: tuple[str, ...] = ("fixated", "obsessive", "unwanted", "repeated")
FOUR_PLAIN: dict[str, str] = {
    "fixated": "The conduct is about the person, not about a dispute.",
    "obsessive": "It takes disproportionate time, effort or knowledge of their routine, or goes on after being told to stop.",
    "unwanted": "The person does not want it: no reply, a block, a refusal, an order.",
    "repeated": "It happens on two or more occasions.",
}

AGAINST: dict[str, str] = {
    "single_occasion": "The text describes one occasion only.",
    "dispute": "A dispute explains the conduct and bounds it.",
    "mutual": "Both sides contact or provoke each other.",
    "untargeted": "The conduct is not aimed at this person.",
    "lawful": "Someone acting within their job or a lawful pursuit.",
    "group": "A group, with no one person fixated on the victim.",
    "no_act": "A belief or fear, with no act described.",
    "not_asserted": "The acts are denied, hypothetical, advice, or only the suspect's account.",
    "ended": "The conduct is historic and has ended.",
}
