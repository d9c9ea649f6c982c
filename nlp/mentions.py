"""People, places, organisations, orders and times by a trained recogniser; people carry their role in the label."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import spacy
from spacy.language import Language
from spacy.tokens import Doc

from nlp.spans import add_group
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
