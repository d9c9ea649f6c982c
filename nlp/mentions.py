"""People, places, organisations, orders and times by a trained recogniser; people carry their role in the label."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import srsly
from spacy.language import Language
from spacy.tokens import Doc
from spacy.util import load_model_from_config, registry
from thinc.api import Config

from nlp.spans import add_group, exact_spans
from nlp.taxonomy import EntityType, Role

MODEL_FILE = Path(__file__).resolve().parent / "data" / "entities.spacy"
# What exact patterns cannot find.
LEARNED = frozenset((EntityType.PERSON, EntityType.PLACE, EntityType.TIME, EntityType.ORDER, EntityType.ORGANISATION))


def label_of(kind: EntityType, role: Role) -> str:
    """Return the recogniser's label: the type, and for a person the role."""
    return f"{kind.value}:{role.value}" if kind is EntityType.PERSON else kind.value


def read_label(label: str) -> tuple[EntityType, Role]:
    """Return the type and role of a label of the recogniser."""
    kind, _, role = label.partition(":")
    return EntityType(kind), Role(role) if role else Role.NONE


_OFFICER = re.compile(r"(?:PC|PS|PCSO|DC|DS|DI|OIC|Sgt|Sergeant|Insp(?:ector)?|officers?|constable)\b", re.IGNORECASE)

# An officer by rank and collar number is no name, and has an exact form.
_COLLAR = re.compile(r"\b(?:PC|PS|PCSO|DC|DS|Sgt|Sergeant)\s?[A-Z]?\d{2,5}\b")


@contextmanager
def _without_plugins() -> Iterator[None]:
    """Keep spaCy from importing what other installed packages offer it: Presidio's plugin alone brings transformers and torch, seconds that no report needs."""
    plugins = registry._entry_point_factories
    before, plugins.entry_points = plugins.entry_points, False
    try:
        yield
    finally:
        plugins.entry_points = before


def load_recogniser() -> Language:
    """Return the trained recogniser: a pipeline of the English tokenizer and spaCy's entity recogniser."""
    data = MODEL_FILE.read_bytes()
    config = Config().from_bytes(srsly.msgpack_loads(data)["config.cfg"])
    with _without_plugins():
        nlp = load_model_from_config(config, auto_fill=False, validate=False)
    return nlp.from_bytes(data, exclude=["vocab", "tokenizer"])


@Language.component("foursight_symbols")
def bar_symbols(doc: Doc) -> Doc:
    """Keep the recogniser from reading a mention across a symbol: it was trained on none, and takes what follows an emoji for more of a name."""
    doc.set_ents([], blocked=[doc[t.i : t.i + 1] for t in doc if _is_symbol(t.text)], default="unmodified")
    return doc


def _is_symbol(token: str) -> bool:
    """Whether a token is nothing but an emoji, a part of one, or another symbol. A plus sign is not: it joins, as in "mon + thurs"."""
    kinds = {unicodedata.category(c) for c in token.strip("+")}
    return bool(kinds) and all(kind[0] in "SM" or kind == "Cf" for kind in kinds)


@Language.component("foursight_mentions")
def join_mentions(doc: Doc) -> Doc:
    """Fill ``doc.spans["mentions"]``, labels as ``label_of``: exact forms first, then dates and times, then what the recogniser found."""
    text = doc.text  # Joined anew from the tokens each time it is asked for.
    taken = bytearray(len(text))
    found: list[tuple[int, int, str]] = []
    learned = [(e.start_char, e.end_char, e.label_) for e in doc.ents]
    officers = [(*m.span(), label_of(EntityType.PERSON, Role.OFFICER)) for m in _COLLAR.finditer(text)]
    for group in (*(exact_spans(doc, name) for name in ("contact_points", "orders", "times")), officers, learned):
        free = [g for g in group if not any(taken[g[0] : g[1]])]
        for start, end, kind in free:
            taken[start:end] = b"\1" * (end - start)
            officer = kind.startswith(EntityType.PERSON) and _OFFICER.match(text, start)
            found.append((start, end, label_of(EntityType.PERSON, Role.OFFICER) if officer else kind))
    add_group(doc, "mentions", found)
    return doc
