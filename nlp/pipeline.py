"""The one spaCy pipeline: a blank English tokenizer with Foursight's components, one a file.

The pipeline finds what exact rules find best: contact points, dates and times. What needs judgement (behaviours, status,
people and roles) is learned by the reader in ``models``. Nothing here changes the text, so offsets are those of the text as sent.
"""

from __future__ import annotations

from functools import lru_cache

import spacy
from spacy.language import Language

# Importing registers the factories.
from nlp import contact_points, times  # noqa: F401
from nlp.text import MAX_CHARACTERS


@lru_cache(maxsize=1)
def pipeline() -> Language:
    """Return the pipeline, built once. ``doc.spans`` then holds the groups ``contact_points`` and ``times``."""
    nlp = spacy.blank("en")
    nlp.max_length = MAX_CHARACTERS + 1
    for component in ("foursight_contact_points", "foursight_times"):
        nlp.add_pipe(component)
    return nlp
