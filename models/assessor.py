"""The one door to the model: a Report in, an explained Assessment out."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Self

from pydantic import ValidationError
from spacy.tokens import Doc

from models import explain
from models.bundle import DEFAULT_BUNDLE, BundleError, Manifest, open_bundle
from models.contracts import Assessment, Entity, ModelInfo, OccasionCount, Report, TimelineEntry
from models.decision import DecisionModel
from models.reader import OnnxReader
from models.reading import Reading, sigmoid
from models.rules import facts, questions, rules
from nlp.contact_points import normalise
from nlp.dates import read_when
from nlp.pipeline import pipeline
from nlp.spans import exact_spans
from nlp.taxonomy import EntityType, Offence, Relationship, Suggestion

# Reports read together, at most so many and so many characters: their token states are kept until each is explained, some 800 bytes a character.
TOGETHER = 64
TOGETHER_CHARACTERS = 100_000
# spaCy's memory zones neither nest nor share.
_ZONE = threading.Lock()


class Assessor:
    """Assesses reports with one bundle. Safe to call from several threads; ONNX Runtime sessions are."""

    def __init__(self, folder: Path, manifest: Manifest, threads: int = 0) -> None:
        self.manifest = manifest
        self.reader = OnnxReader(folder, manifest, threads)
        try:
            self.decision = DecisionModel.model_validate_json((folder / "decision.json").read_text(encoding="utf-8"))
        except ValidationError as error:
            raise BundleError(
                f"{folder / 'decision.json'} is not a decision model of this version. Export the bundle again."
            ) from error
        self.info = ModelInfo(name=manifest.name, version=manifest.version, digest=manifest.digest)

    @classmethod
    def load(cls, folder: Path = DEFAULT_BUNDLE, threads: int = 0) -> Self:
        """Check and load a bundle. ``threads``: 0 takes every core. Raises BundleError."""
        return cls(folder, open_bundle(folder), threads)

    def assess(self, report: Report) -> Assessment:
        """Assess one report."""
        return self.assess_many([report])[0]

    def assess_many(self, reports: Sequence[Report]) -> list[Assessment]:
        """Assess reports; results in the order given."""
        results: list[Assessment] = []
        for group in _groups(reports):
            readings = self.reader.read_many([r.text for r in group], keep_states=True)
            # The zone forgets the words of these reports afterwards: else spaCy's vocabulary would grow, and keep them, for ever.
            with _ZONE, pipeline().memory_zone():
                docs = pipeline().pipe(r.text for r in group)
                results += [self._assessment(*args) for args in zip(group, readings, docs, strict=True)]
        return results

    def _assessment(self, report: Report, reading: Reading, doc: Doc) -> Assessment:
        text = report.text
        probability = self.decision.probability(reading)
        suggestion = self.decision.suggestion(probability, reading)
        four = explain.four(text, reading)
        serious = bool(sigmoid(reading.document["offence"])[0] >= 0.5)
        found = facts(reading, serious)
        offence = Offence.NONE
        if suggestion is Suggestion.REVIEW:
            offence = Offence.S4A if serious else Offence.S2A
        reported = report.reported_at.date() if report.reported_at else None
        return Assessment(
            reference=report.reference,
            probability=round(probability, 4),
            suggestion=suggestion,
            offence=offence,
            relationship=Relationship(found.relationship),
            four=four,
            evidence=explain.evidence(text, reading, explain.weigh(reading, self.reader, self.decision)),
            occasions=OccasionCount(at_least=found.occasions, timeline=timeline(doc, reported)),
            entities=entities(text, doc, reading),
            points_for=explain.points_for(text, reading, four),
            points_against=explain.points_against(text, reading),
            rules=rules(found),
            questions=questions(reading, found) if suggestion is Suggestion.ASK else [],
            model=self.info,
        )


def _groups(reports: Sequence[Report]) -> Iterator[Sequence[Report]]:
    start = characters = 0
    for at, report in enumerate(reports):
        if at > start and (at - start == TOGETHER or characters + len(report.text) > TOGETHER_CHARACTERS):
            yield reports[start:at]
            start, characters = at, 0
        characters += len(report.text)
    if reports:
        yield reports[start:]


def timeline(doc: Doc, reported: date | None) -> list[TimelineEntry]:
    """Return the dated expressions in the order of the text."""
    entries = []
    for start, end, _ in exact_spans(doc, "times"):
        quote = doc.text[start:end]
        day = read_when(quote, reported).day
        entries.append(TimelineEntry(start=start, end=end, quote=quote, date=day.isoformat() if day else None))
    return entries


def entities(text: str, doc: Doc, reading: Reading) -> list[Entity]:
    """Join exact patterns with learned mentions; where they overlap the exact pattern stands."""
    found = [
        Entity(start=s, end=e, quote=text[s:e], type=EntityType(label), value=normalise(EntityType(label), text[s:e]))
        for group in ("contact_points", "times")
        for s, e, label in exact_spans(doc, group)
    ]
    for mention in reading.entities:
        if not any(mention.start < f.end and f.start < mention.end for f in found):
            quote = text[mention.start : mention.end]
            found.append(
                Entity(
                    start=mention.start,
                    end=mention.end,
                    quote=quote,
                    type=mention.type,
                    role=mention.role,
                    value=normalise(mention.type, quote),
                )
            )
    return sorted(found, key=lambda f: (f.start, f.end))
