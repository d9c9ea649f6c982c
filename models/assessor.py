"""The one door to the model: a Report in, an explained Assessment out."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Self

from pydantic import ValidationError

from models import explain
from models.bundle import DEFAULT_BUNDLE, BundleError, Manifest, open_bundle
from models.contracts import Assessment, Change, Four, FourLetter, ModelInfo, OccasionCount, Point, Report, day_of
from models.decision import DecisionModel
from models.findings import Findings, read_findings
from models.reader import OnnxReader
from models.reading import Reading
from models.recorded import recorded_notes
from models.rules import rules
from models.what_if import answer, question_words, questions, would_change
from nlp.pipeline import mark, pipeline
from nlp.taxonomy import FOUR, EntityType, Offence, Relationship, Suggestion

# Mentions with an exact form, the same in every language.
EXACT = frozenset((EntityType.PHONE, EntityType.EMAIL, EntityType.HANDLE, EntityType.VEHICLE, EntityType.REFERENCE))
# Reports read together, at most so many and so many characters: their token states are kept until each is explained, some 800 bytes a character.
TOGETHER = 64
TOGETHER_CHARACTERS = 100_000


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
        """Check and load a bundle, and the pipeline, so that the first report does not wait. ``threads``: 0 takes every core. Raises BundleError."""
        pipeline()
        return cls(folder, open_bundle(folder), threads)

    def assess(self, report: Report) -> Assessment:
        """Assess one report."""
        return self.assess_many([report])[0]

    def assess_many(self, reports: Sequence[Report]) -> list[Assessment]:
        """Assess reports; results in the order given."""
        results: list[Assessment] = []
        for group in _groups(reports):
            texts = mark(r.text for r in group)
            readings = self.reader.read_many(texts, keep_states=True)
            for report, text, reading in zip(group, texts, readings, strict=True):
                results.append(
                    self._assessment(report, reading, read_findings(text, reading, day_of(report.reported_at)))
                )
        return results

    def _assessment(self, report: Report, reading: Reading, found: Findings) -> Assessment:
        text = report.text
        if found.unread:
            return self._unread(report, found)
        probability = self.decision.probability(reading)
        # What the injured party did is shown as such, and speaks for nothing.
        own = {(s.start, s.end) for s in found.own}
        counted = replace(reading, spans=[s for s in reading.spans if (s.start, s.end) not in own])
        # Nothing, or not all, of what happened could be read: that is a question, not an answer.
        suggestion = answer(self.decision.suggestion(probability, counted), found.doubtful)
        if found.stock:
            suggestion = Suggestion.ASK
        four = explain.four(text, counted)
        offence = Offence.NONE
        if suggestion is Suggestion.REVIEW:
            offence = Offence.S4A if found.facts.serious else Offence.S2A
        asked = questions(reading, found.facts) if suggestion is Suggestion.ASK else []
        if found.language is not None:
            asked = [question_words()["language"].format(language=found.language.name), *asked[:1]]
        changes: list[Change] = []
        against: list[Point] = []
        if not found.stock:
            changes = would_change(counted, self.reader, self.decision, suggestion, found.doubtful)
            rests = explain.rests_on(reading, self.reader, found.entries)
            against = explain.points_against(text, counted, found.own, rests)
        return Assessment(
            reference=report.reference,
            probability=round(probability, 4),
            suggestion=suggestion,
            offence=offence,
            relationship=Relationship(found.facts.relationship),
            four=four,
            evidence=explain.evidence(text, reading, explain.weigh(reading, self.reader, self.decision), found.links),
            occasions=found.occasions,
            entities=found.entities,
            points_for=explain.points_for(text, counted, four),
            points_against=against,
            rules=rules(found.facts),
            questions=asked,
            would_change=changes,
            notes=[*found.notes, *recorded_notes(report, found.occasions)],
            model=self.info,
        )

    def _unread(self, report: Report, found: Findings) -> Assessment:
        """Return the assessment of a text in another language: nothing found, nothing guessed, a translation asked for."""
        assert found.language is not None
        decision = self.decision
        # Every finding at its mean: what the decision says when it knows nothing.
        known = _logistic(decision.slope * decision.intercept + decision.shift)
        letters = {name: FourLetter(present=False, probability=0.5, evidence=[]) for name in FOUR}
        return Assessment(
            reference=report.reference,
            probability=round(known, 4),
            suggestion=Suggestion.ASK,
            offence=Offence.NONE,
            relationship=Relationship.UNKNOWN,
            four=Four(**letters),
            evidence=[],
            occasions=OccasionCount(at_least=0, timeline=[], summary="The text has not been read."),
            entities=[e for e in found.entities if e.type in EXACT],
            points_for=[],
            points_against=[],
            rules=[],
            questions=[question_words()["language"].format(language=found.language.name)],
            notes=found.notes,
            read=False,
            model=self.info,
        )


def _logistic(x: float) -> float:
    return 1.0 / (1.0 + math.exp(-x))


def _groups(reports: Sequence[Report]) -> Iterator[Sequence[Report]]:
    start = characters = 0
    for at, report in enumerate(reports):
        if at > start and (at - start == TOGETHER or characters + len(report.text) > TOGETHER_CHARACTERS):
            yield reports[start:at]
            start, characters = at, 0
        characters += len(report.text)
    if reports:
        yield reports[start:]
