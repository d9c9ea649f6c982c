"""Plain English for samples: measures, strata, groups, and the choices of the form."""

from __future__ import annotations

from collections.abc import Mapping

from nlp.taxonomy import RecordedOffence, Relationship
from service.console import words
from service.reviewing_queue import Band

# Each measure: its name, what it says, and of what it is a share.
MEASURE: dict[str, tuple[str, str, str]] = {
    "misrecorded": ("Misrecorded", "describe stalking", "of reports not recorded as stalking"),
    "precision": ("Precision", "of flagged reports describe stalking", "of flagged reports"),
    "recall": ("Recall", "of reports that describe stalking are flagged", "of reports that describe stalking"),
    "missed": ("Still missed", "describe stalking, with no flag", "of reports with no flag, not recorded as stalking"),
    "false_flags": ("False flags", "of reports that describe none are flagged", "of reports that describe no stalking"),
}

BAND: dict[str, str] = {
    Band.HIGH: "Probability 75% or more",
    Band.MEDIUM: "Probability 50 to 75%",
    Band.LOW: "Probability 25 to 50%",
    Band.VERY_LOW: "Probability under 25%",
}

ATTRIBUTE: dict[str, str] = {
    "recorded": "Recorded as",
    "relationship": "Suspect is",
    "band": "Probability",
    "month": "Month reported",
    "suspect": "Sex of the suspect",
    "injured": "Sex of the injured party",
    "style": "How it came in",
    "length": "Length of the text",
}

_LENGTH = {"short": "Under 400 characters", "medium": "400 to 1,000 characters", "long": "Over 1,000 characters"}

CHOICES: dict[str, dict[str, str]] = {
    "measure": {
        "misrecorded": "Share misrecorded: of reports not recorded as stalking, those that describe it",
        "recall": "Recall: of reports that describe stalking, those that are flagged",
        "precision": "Precision: of flagged reports, those that describe stalking",
        "missed": "Still missed: of reports with no flag, those that describe stalking",
    },
    "within": {"0.02": "2 points", "0.03": "3 points", "0.05": "5 points", "0.1": "10 points"},
    "sampling": {
        "stratified": "Stratified: flagged and not flagged apart, more where more is uncertain",
        "simple": "Simple: every report has the same chance",
    },
    "flag": {
        "review": "Review as stalking",
        "review_or_ask": "Review as stalking, or ask for information",
    },
    "by": {
        "band": "Band of probability",
        "recorded": "Recorded offence",
        "relationship": "Relationship",
        "month": "Month reported",
    },
    "bands": {str(band): text for band, text in BAND.items()},
    "recorded": {str(offence): text for offence, text in words.RECORDED.items()},
    "relationships": {str(kind): text for kind, text in words.RELATIONSHIP.items()},
}


def group_words(attribute: str, value: str) -> str:
    """A group's name on a page."""
    if value == "not given":
        return "Not given"
    if attribute == "recorded" and value in set(RecordedOffence):
        return words.RECORDED[RecordedOffence(value)]
    if attribute == "relationship" and value in set(Relationship):
        return words.RELATIONSHIP[Relationship(value)]
    if attribute == "band":
        return BAND.get(value, value)
    if attribute == "style":
        return words.source(value)
    if attribute == "length":
        return _LENGTH.get(value, value)
    return value[:1].upper() + value[1:]


def label_words(label: Mapping[str, str], flagged: bool) -> str:
    """A stratum's name on a page."""
    parts = ["Flagged" if flagged else "Not flagged"]
    parts += [group_words(name, value) for name, value in label.items()]
    return ", ".join(dict.fromkeys(parts))
