"""What stands in the text, put together: mentions with roles, who does each act, occasions, facts for the rules, and notes on the text itself."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from models.actors import Link, Person, first_person, link, many_actors
from models.contracts import Entity, Note, OccasionCount, Span
from models.decision import counts_as_evidence
from models.heads import AGAINST_NAMES, ROLE_NAMES
from models.occasions import Act, Timed, day_at, occasions
from models.reading import FoundSpan, Reading, relationship_probabilities, sigmoid
from models.rules import Facts
from nlp.boilerplate import only_boilerplate
from nlp.contact_points import normalise
from nlp.dates import read_times
from nlp.language import Language, hardly_english, other_language
from nlp.mentions import read_label
from nlp.orders import breaches, stands
from nlp.spans import Marked
from nlp.taxonomy import BEHAVIOUR_NAMES, FOUR, EntityType, Role, Status
from nlp.when import DateFault

SURE_ROLE = 0.7  # From this probability the reader alone is believed about a person's part.
WHOLLY = 0.7  # From this share of another language a text is not read at all.
MOST_ORDERS = 50
# Somebody beside the matter: an act told of them is not the suspect's.
BESIDE = frozenset((Role.WITNESS, Role.CHILD, Role.OFFICER, Role.OTHER))
DATE_WORDS: dict[DateFault, str] = {
    DateFault.IMPOSSIBLE: "This date or time cannot be as written.",
    DateFault.FOREIGN: "A date is written with the month first, so dates that could be read both ways may be too; they are left undated.",
    DateFault.CONTRADICTION: "The day of the week does not match the date, or the end comes before the beginning.",
    DateFault.FUTURE: "This date is after the day of the report.",
}


@dataclass(frozen=True)
class Findings:
    """Everything read of one report beside the reader's own probabilities.

    ``links``: one a span of ``reading.spans``, or None. ``own``: asserted acts that are plainly the injured party's, and not counted.
    ``entries``: where each entry or sentence stands. ``sparse``: hardly any English word stands there. ``stock``: nothing but stock sentences.
    """

    entities: list[Entity]
    links: list[Link | None]
    own: list[Span]
    entries: list[tuple[int, int]]
    occasions: OccasionCount
    facts: Facts
    notes: list[Note]
    language: Language | None
    sparse: bool
    stock: bool

    @property
    def doubtful(self) -> bool:
        """Whether a part of the text may not have been understood, so that finding nothing proves nothing."""
        return self.sparse or self.language is not None

    @property
    def unread(self) -> bool:
        """Whether the text is in another language as a whole."""
        return self.language is not None and self.language.share >= WHOLLY


def own_acts(spans: Sequence[FoundSpan], links: Sequence[Link | None], written: bool = True) -> list[FoundSpan]:
    """Return the asserted acts of the injured party.

    None where somebody writes as "I" (``written``) and no act of anyone else is asserted, for then the writer may be the suspect.
    """
    asserted = [
        (s, found is not None and found.actor is Role.VICTIM)
        for s, found in zip(spans, links, strict=True)
        if counts_as_evidence(s)
    ]
    return [] if written and all(own for _, own in asserted) else [s for s, own in asserted if own]


def read_findings(marked: Marked, reading: Reading, reported: date | None) -> Findings:
    """Put together what the pipeline and the reader found."""
    text = marked.text
    entities, times = mentions(marked, reported, reading)
    persons = [Person(e.start, e.end, e.role) for e in entities if e.type is EntityType.PERSON]
    acts = [s for s in reading.spans if s.code in BEHAVIOUR_NAMES]
    by_span = dict(zip(map(id, acts), link(text, [(s.start, s.end) for s in acts], persons), strict=True))
    links = [by_span.get(id(s)) for s in reading.spans]
    own = own_acts(reading.spans, links, first_person(text))
    counted = [s for s in reading.spans if s.status is Status.ASSERTED and s not in own]
    language = other_language(text)
    # Sentences of forms are known by how they open; one that tells an act is no stock sentence, whatever it opens with.
    stock = only_boilerplate(text) and not any(map(counts_as_evidence, reading.spans))
    sparse = language is None and not stock and hardly_english(text)
    estimate = 0 if stock else int((sigmoid(reading.document["occasions"]) >= 0.5).sum())
    entries = [(s, e) for s, e, _ in marked.spans("entries")]
    acts_counted = [Act(s.start, s.end, s.code) for s in counted if s.code in BEHAVIOUR_NAMES]
    orders = [(s, e) for s, e, _ in marked.spans("orders")]
    count = occasions(text, acts_counted, times, entries, estimate, bool(own))
    theirs = [(s.start, s.end) for s in counted if s.code in BEHAVIOUR_NAMES and not _beside(by_span.get(id(s)))]
    ordered = order_facts(text, orders, theirs, times, entries)
    known = replace(
        facts(text, reading, counted, count.at_least),
        acts_by_suspect=bool(theirs),
        many_people=many_actors(text, [(a.start, a.end) for a in acts_counted], persons),
    )
    return Findings(
        entities,
        links,
        [_quoted(text, s) for s in own],
        entries,
        count,
        with_orders(known, ordered),
        notes(text, times, language, sparse, stock, conduct=any(s.code in BEHAVIOUR_NAMES for s in reading.spans)),
        language,
        sparse,
        stock,
    )


def _beside(found: Link | None) -> bool:
    return found is not None and found.actor in BESIDE


@dataclass(frozen=True)
class Ordered:
    """The orders that stand and the words for their breach, whether any of it is so at all, and whether an act comes after it."""

    spans: list[Span]
    standing: bool
    after: bool


def order_facts(
    text: str,
    orders: Sequence[tuple[int, int]],
    acts: Sequence[tuple[int, int]],
    times: Sequence[Timed],
    entries: Sequence[tuple[int, int]],
) -> Ordered:
    """Return what the text says of orders. ``acts``: those asserted of the other person; one told after an order counts as after it unless their dates say otherwise."""
    standing = [o for o in orders if stands(text, *o)]
    broken = breaches(text, orders)
    # A text has a handful of orders: the first say enough.
    placed = [(end, day_at((start, end), times, entries)) for start, end in standing[:MOST_ORDERS]]
    told = [(start, day_at((start, end), times, entries)) for start, end in acts] if placed else []
    after = any(in_sentence or acts for _, _, in_sentence in broken) or any(
        day > since if day and since and day != since else start >= end for start, day in told for end, since in placed
    )
    shown = sorted({*standing, *((start, end) for start, end, _ in broken)})
    return Ordered([Span(start=s, end=e, quote=text[s:e]) for s, e in shown], bool(shown), after)


def with_orders(known: Facts, ordered: Ordered) -> Facts:
    """Return the facts with those about orders; an act marked as a breach says both that something stands and that it was broken."""
    marked = "breach" in known.codes
    return replace(
        known,
        order=ordered.standing or marked,
        after_order=ordered.after or marked,
        bail=any("bail" in s.quote.lower() for s in (*ordered.spans, *known.spans.get("breach", ()))),
        spans=known.spans | {EntityType.ORDER.value: ordered.spans},
    )


def _quoted(text: str, span: FoundSpan | Timed | Language) -> Span:
    return Span(start=span.start, end=span.end, quote=text[span.start : span.end])


def role(start: int, end: int, said: Role, reading: Reading) -> Role:
    """Return the part a person has in the matter, where the recogniser of mentions and the reader say the same or the reader is sure; else none.

    On dev the recogniser's role is right for 55 of 100 named persons and the reader's for 67; where they agree or the reader is SURE_ROLE, which is so of 71, for 88
    (docs/reading.md). A wrong part misleads more than none.
    """
    if reading.roles is None or said is Role.OFFICER:  # by rank, an exact rule
        return said
    first = bisect_right(reading.offsets, start, key=lambda offset: offset[1])
    stop = bisect_left(reading.offsets, end, key=lambda offset: offset[0])
    if first >= stop:
        return Role.NONE
    likely = reading.roles[first:stop].mean(axis=0)
    best = Role(ROLE_NAMES[int(likely.argmax())])
    return best if best is said or likely.max() >= SURE_ROLE else Role.NONE


def mentions(marked: Marked, reported: date | None, reading: Reading) -> tuple[list[Entity], list[Timed]]:
    """Return the mentions with their normal forms, and the times among them with their meaning."""
    entities, times = [], []
    read = [(start, end, *read_label(label)) for start, end, label in marked.spans("mentions")]
    whens = iter(
        read_times(marked, [(start, end) for start, end, kind, _ in read if kind is EntityType.TIME], reported)
    )
    for start, end, kind, said in read:
        quote = marked.text[start:end]
        value = normalise(kind, quote)
        if kind is EntityType.TIME:
            when = next(whens)
            times.append(Timed(start, end, when))
            value = when.iso or value
        entities.append(
            Entity(
                start=start,
                end=end,
                quote=quote,
                type=kind,
                role=role(start, end, said, reading) if kind is EntityType.PERSON else said,
                value=value,
            )
        )
    return entities, times


def facts(text: str, reading: Reading, counted: Sequence[FoundSpan], at_least: int) -> Facts:
    """Return what the rules look at."""
    relationships = relationship_probabilities(reading)
    against = dict(zip(AGAINST_NAMES, sigmoid(reading.document["against"]), strict=True))
    spans: dict[str, list[Span]] = {}
    for s in counted:
        spans.setdefault(s.code, []).append(_quoted(text, s))
    return Facts(
        occasions=at_least,
        codes=frozenset(spans),
        relationship=max(relationships, key=lambda name: relationships[name]),
        serious=bool(sigmoid(reading.document["offence"])[0] >= 0.5),
        four=frozenset(n for n, p in zip(FOUR, sigmoid(reading.document["four"]), strict=True) if p >= 0.5),
        against=frozenset(n for n, p in against.items() if p >= 0.5),
        spans=spans,
    )


def notes(
    text: str,
    times: Sequence[Timed],
    language: Language | None,
    sparse: bool,
    stock: bool,
    conduct: bool = True,
    most: int = 10,
) -> list[Note]:
    """Return what a reader should know of the text itself. ``conduct``: an act is told of, whether it is said to have happened or not."""
    found = []
    if language is not None:
        part = "is" if language.share >= WHOLLY else "is in part"
        consequence = (
            "It has not been read: the probability is that of a report of which nothing is known."
            if language.share >= WHOLLY
            else "Only the English has been read."
        )
        found.append(
            Note(
                code="language",
                text=f"The text {part} in {language.name}; Foursight reads English. {consequence}",
                evidence=[_quoted(text, language)],
            )
        )
    if sparse:
        words = "Hardly any common English word stands in the text: it may be another language or very short notes, and may not have been understood."
        found.append(Note(code="few_english_words", text=words))
    if stock:
        found.append(
            Note(
                code="boilerplate",
                text="The text holds only stock sentences about how the report was handled; no conduct is described.",
            )
        )
    if not (conduct or stock or sparse or language):
        found.append(Note(code="no_conduct", text="No conduct was found described in the text."))
    for fault, words in DATE_WORDS.items():
        bad = [t for t in times if t.when.fault is fault]
        if bad:
            found.append(Note(code=f"date_{fault.value}", text=words, evidence=[_quoted(text, t) for t in bad[:most]]))
    return found
