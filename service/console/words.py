"""Plain English for what the contracts say in codes. Only wording lives here; the codes are those of nlp.taxonomy."""

from __future__ import annotations

from datetime import date, datetime

from models.contracts import CLOCK, Assessment, Evidence
from nlp.taxonomy import (
    BEHAVIOUR_NAMES,
    BY_CODE,
    EntityType,
    Offence,
    RecordedOffence,
    Relationship,
    Role,
    Status,
    Style,
    Suggestion,
)
from service.decisions import WITHDRAWN, Outcome, ReviewStatus
from service.reviewing_queue import Assigned, Band, Sort

SUGGESTION_TAG: dict[Suggestion, tuple[str, str]] = {
    Suggestion.REVIEW: ("Review as stalking", "govuk-tag--orange"),
    Suggestion.ASK: ("Ask for information", "govuk-tag--blue"),
    Suggestion.NO_CHANGE: ("No change", "govuk-tag--grey"),
}

ALREADY = ("Recorded as stalking already", "govuk-tag--green")

OFFENCE: dict[Offence, str] = {
    Offence.S2A: "Stalking: Protection from Harassment Act 1997, section 2A",
    Offence.S4A: "Stalking involving fear of violence or serious alarm or distress: Protection from Harassment Act 1997, section 4A",
    Offence.NONE: "The text does not support a stalking offence",
}

SECTION: dict[str, str] = {Offence.S2A: "section 2A", Offence.S4A: "section 4A"}

OPEN = "Open until the answers to the questions come"

RECORDED: dict[RecordedOffence, str] = {
    RecordedOffence.HARASSMENT: "Harassment",
    RecordedOffence.MALICIOUS_COMMUNICATIONS: "Malicious communications",
    RecordedOffence.CRIMINAL_DAMAGE: "Criminal damage",
    RecordedOffence.PUBLIC_ORDER: "Public order",
    RecordedOffence.ASSAULT: "Assault",
    RecordedOffence.BREACH: "Breach of an order",
    RecordedOffence.NON_CRIME: "Non-crime incident",
    RecordedOffence.STALKING: "Stalking",
    RecordedOffence.OTHER: "Other",
}

# The same, as it reads in the middle of a sentence.
RECORDED_AS: dict[RecordedOffence, str] = {
    **{offence: plain.lower() for offence, plain in RECORDED.items()},
    RecordedOffence.PUBLIC_ORDER: "a public order offence",
    RecordedOffence.BREACH: "a breach of an order",
    RecordedOffence.NON_CRIME: "a non-crime incident",
    RecordedOffence.OTHER: "another offence",
}

RELATIONSHIP: dict[Relationship, str] = {
    Relationship.FORMER_PARTNER: "Former partner",
    Relationship.CURRENT_PARTNER: "Current partner",
    Relationship.FAMILY: "Family",
    Relationship.ACQUAINTANCE: "Acquaintance",
    Relationship.COLLEAGUE: "Colleague",
    Relationship.NEIGHBOUR: "Neighbour",
    Relationship.SERVICE: "Someone providing or using a service",
    Relationship.STRANGER: "Stranger",
    Relationship.UNKNOWN: "Not clear from the text",
}

# What goes before a behaviour's name when the text does not assert it.
STATUS_PREFIX: dict[Status, str] = {
    Status.ASSERTED: "",
    Status.NEGATED: "Did not happen",
    Status.HYPOTHETICAL: "Only supposed",
    Status.SUSPECT_ACCOUNT: "Suspect says",
    Status.OTHER_PARTY: "Someone else",
}

STATUS: dict[Status, str] = {
    Status.ASSERTED: "Said to have happened",
    Status.NEGATED: "Said not to have happened",
    Status.HYPOTHETICAL: "Supposed, feared or advised",
    Status.SUSPECT_ACCOUNT: "The suspect's account",
    Status.OTHER_PARTY: "Done by or to someone else",
}

ROLE: dict[Role, str] = {
    Role.VICTIM: "Injured party",
    Role.SUSPECT: "Suspect",
    Role.WITNESS: "Witness",
    Role.CHILD: "Child",
    Role.OFFICER: "Officer",
    Role.OTHER: "Other",
    Role.NONE: "",
}

# What is named in a report besides people.
KIND: dict[EntityType, str] = {
    EntityType.PERSON: "Person",
    EntityType.PHONE: "Phone number",
    EntityType.EMAIL: "Email address",
    EntityType.HANDLE: "Account name",
    EntityType.VEHICLE: "Vehicle",
    EntityType.PLACE: "Place",
    EntityType.TIME: "Time",
    EntityType.ORDER: "Order",
    EntityType.REFERENCE: "Reference",
    EntityType.ORGANISATION: "Organisation",
}
BAND: dict[Band, str] = {
    Band.HIGH: "75% or more",
    Band.MEDIUM: "50 to 75%",
    Band.LOW: "25 to 50%",
    Band.VERY_LOW: "under 25%",
}

ASSIGNED: dict[Assigned, str] = {
    Assigned.ME: "Me",
    Assigned.NONE: "Nobody",
    Assigned.ANYONE: "Somebody",
}

SORT: dict[Sort, str] = {
    Sort.PRIORITY: "Most likely first",
    Sort.OLDEST: "Oldest first",
    Sort.NEWEST: "Newest first",
}

REVIEW_STATUS: dict[ReviewStatus, str] = {
    ReviewStatus.WAITING: "To review",
    ReviewStatus.DECIDED: "Decided",
    ReviewStatus.ASKED: "Officer asked",
    ReviewStatus.SECOND_REVIEW: "Second review",
}

# The lists beside the plain queue, in the order of their tabs.
QUEUE_TABS: dict[ReviewStatus, str] = {
    status: REVIEW_STATUS[status] for status in (ReviewStatus.SECOND_REVIEW, ReviewStatus.ASKED, ReviewStatus.DECIDED)
}

OUTCOME: dict[Outcome, str] = {
    Outcome.RECORD: "Record as stalking",
    Outcome.KEEP: "Keep as recorded",
    Outcome.ASK: "Ask the officer",
    Outcome.NOT_SURE: "Not sure: second review",
}

# The same, once it is done.
DECIDED: dict[str, str] = {
    Outcome.RECORD: "to be recorded as stalking",
    Outcome.KEEP: "kept as recorded",
    Outcome.ASK: "officer asked",
    Outcome.NOT_SURE: "sent to a second reviewer",
    WITHDRAWN: "decision taken back",
}

# How a report came in, where the recording system uses these words of the labelling guide; others are shown as sent.
SOURCE: dict[str, str] = {
    Style.CRIME_REPORT: "Crime report",
    Style.CALL_LOG: "Call log",
    Style.ONLINE_FORM: "Online form",
    Style.STATEMENT: "Statement",
    Style.THIRD_PARTY: "Third party",
}


def source(given: str | None) -> str:
    return SOURCE.get(given, given) if given else "Not given"


def recorded(offence: str | None) -> str:
    return RECORDED[RecordedOffence(offence)] if offence else "Not given"


def percent(probability: float) -> str:
    """A percentage that never claims certainty."""
    if probability >= 0.995:
        return "over 99%"
    if probability < 0.005:
        return "under 1%"
    return f"{round(probability * 100)}%"


def weight(log_odds: float, strongest: float) -> str:
    """How much the score leans on a mark, in words, beside the ``strongest`` mark of the report: log-odds by themselves mean nothing to a reviewer."""
    share = log_odds / strongest if strongest > 0 else 0.0
    if share <= -1 / 3:
        return "against"
    return "strong" if share >= 2 / 3 else "some" if share >= 1 / 3 else "little"


def who(evidence: Evidence) -> str:
    """Who does it to whom, where the text says so plainly; else nothing."""
    actor = ROLE[evidence.actor].lower() if evidence.actor else ""
    target = ROLE[evidence.target].lower() if evidence.target else ""
    if actor and target:
        return f"by the {actor}, to the {target}"
    return f"by the {actor}" if actor else f"to the {target}" if target else ""


# From here on the text is said to describe stalking; below, that it may.
SURE = 0.65


def likelihood(probability: float) -> str:
    """What the probability means, for someone who does not think in percentages."""
    for least, words in ((0.9, "very likely"), (SURE, "likely"), (0.35, "could be either"), (0.1, "possible")):
        if probability >= least:
            return words
    return "unlikely"


def frequency(probability: float) -> str:
    """The probability as a count of similar reports: easier to weigh than a percentage. It holds for the written reports of dev; what comes in elsewhere holds less stalking."""
    hundred = min(99, max(1, round(probability * 100)))
    return f"Of 100 reports written for testing, with a score like this, about {hundred} describe{'s' if hundred == 1 else ''} stalking."


def although(suggestion: Suggestion, probability: float) -> str:
    """Why a review is suggested of a report that more likely than not describes no stalking; else nothing."""
    if suggestion is not Suggestion.REVIEW or probability >= 0.5:
        return ""
    return "A review is suggested from a low score on purpose: missing stalking costs more than reading a report."


def tag(suggestion: Suggestion, recorded_offence: str | None) -> tuple[str, str]:
    """The suggestion as a tag: its words and its colour. What is recorded as stalking needs no review as stalking."""
    already = recorded_offence == RecordedOffence.STALKING and suggestion is Suggestion.REVIEW
    return ALREADY if already else SUGGESTION_TAG[suggestion]


def offence(assessment: Assessment) -> str:
    """The offence that the text supports. While something is to be asked, none yet is not none."""
    return OPEN if assessment.suggestion is Suggestion.ASK else OFFENCE[assessment.offence]


def headline(suggestion: Suggestion, recorded_offence: str | None, probability: float = 1.0) -> str:
    """The suggestion as one sentence about this report, no surer than ``likelihood``."""
    already = recorded_offence == RecordedOffence.STALKING
    as_what = f" and is recorded as {RECORDED_AS[RecordedOffence(recorded_offence)]}" if recorded_offence else ""
    describes = "describes" if probability >= SURE else "may describe"
    if suggestion is Suggestion.REVIEW:
        if already:
            return f"The text {describes} stalking, and it is recorded as stalking."
        return f"The text {describes} stalking{as_what}. Review how it is recorded."
    if suggestion is Suggestion.ASK:
        if already:
            return "It is recorded as stalking, and the text leaves open whether it is. Ask for the missing facts."
        return "The text leaves open whether this is stalking. Ask for the missing facts."
    if already:
        return "It is recorded as stalking, and the text read on its own describes none."
    return "The text does not describe stalking. No change is suggested."


def why(assessment: Assessment) -> str:
    """The suggestion's reason in one line: what was done and how often, or the question to ask, or the point against."""
    if assessment.suggestion is Suggestion.ASK and assessment.questions:
        return assessment.questions[0]
    if assessment.suggestion is Suggestion.NO_CHANGE and assessment.points_against:
        return assessment.points_against[0].text
    weights: dict[str, float] = {}
    for item in assessment.evidence:
        if item.status is Status.ASSERTED and item.code in BEHAVIOUR_NAMES:
            weights[item.code] = weights.get(item.code, 0.0) + item.weight
    if not weights:
        return "No act of stalking is said to have happened."
    names = [BY_CODE[code].title.lower() for code in sorted(weights, key=lambda code: -weights[code])[:3]]
    acts = names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
    line = acts[:1].upper() + acts[1:]
    if assessment.occasions.at_least > 1:
        line += f", on {assessment.occasions.at_least} or more occasions"
    refused = any(item.code == "refusal" and item.status is Status.ASSERTED for item in assessment.evidence)
    return f"{line}; told that it is unwanted." if refused and assessment.four.unwanted.present else f"{line}."


def day(moment: datetime | date | None) -> str:
    """A day as it is written here. A moment is told by the clock of the United Kingdom, where the reports are made."""
    if moment is None:
        return "Not given"
    if isinstance(moment, datetime):
        moment = moment.astimezone(CLOCK)
    return f"{moment.day} {moment:%b %Y}"


def day_and_time(moment: datetime | str | None, seconds: bool = False) -> str:
    """Of a moment, or of one kept as ISO 8601."""
    if moment is None:
        return "Not given"
    local = (datetime.fromisoformat(moment) if isinstance(moment, str) else moment).astimezone(CLOCK)
    return f"{day(local)}, {local:{'%H:%M:%S' if seconds else '%H:%M'}} {local.tzname()}"


# What an entry of the audit trail says that was done.
ACTION: dict[str, str] = {
    "access.refused": "Was refused a page",
    "account.added": "Added an account",
    "account.disabled": "Disabled an account",
    "account.enabled": "Enabled an account",
    "account.password_set": "Set a password",
    "account.role_changed": "Changed an account's role",
    "backup.made": "Made a backup",
    "batch.received": "Sent a batch of reports",
    "decision.withdrawn": "Took a decision back",
    "decisions.read": "Fetched decisions",
    "key.added": "Made a key",
    "key.refused": "Calls without a valid key",
    "key.revoked": "Revoked a key",
    "report.amended": "Sent other details of a report",
    "report.claimed": "Took a report to work on",
    "report.created": "Sent a new report",
    "report.decided": "Decided on a report",
    "report.erased": "Erased a report's text",
    "report.exported": "Exported a report",
    "report.found_in_sample": "Found stalking by reading a sample",
    "report.history_viewed": "Read a report's history",
    "report.read_in_sample": "Read a report within a sample",
    "report.released": "Gave a report back",
    "report.revised": "Sent a report's new text",
    "report.viewed": "Opened a report",
    "reports.profiled": "Counted the reports for a look at drift",
    "reports.purged": "Purged old reports",
    "reports.reassessed": "Had a model read the reports again",
    "reports.suggested": "Sought reports worth labelling",
    "sample.drawn": "Drew a sample",
    "sample.exported": "Exported a sample's estimates",
    "sample.viewed": "Opened a sample's results",
    "sessions.ended": "Signed out everywhere else",
    "sign_in": "Signed in",
    "sign_in.failed": "Failed to sign in",
    "sign_in.refused": "Sign-ins were refused unread",
    "sign_out": "Signed out",
}


def action(code: str) -> str:
    """An entry's action in plain words; one without them in its own."""
    plain = code.replace(".", " ").replace("_", " ")
    return ACTION.get(code, plain[:1].upper() + plain[1:])


def clock(moment: datetime) -> str:
    """The time of day, by the clock of the United Kingdom."""
    local = moment.astimezone(CLOCK)
    return f"{local:%H:%M} {local.tzname()}"


def written(found: str | None) -> str:
    """A date that the text gives, in ISO 8601, as ``day`` writes it."""
    try:
        return day(date.fromisoformat(found)) if found else "No date"
    except ValueError:
        return found or "No date"  # a month or a year alone
