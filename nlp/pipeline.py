"""The one spaCy pipeline: the English tokenizer, a trained recogniser and Foursight's components, one a file.

Exact rules find contact points, orders, dates and times; the recogniser finds people with their roles, places, organisations and other orders. Behaviours and
their status need more judgement and are read in ``models``. Nothing here changes the text, so offsets are those of the text as sent.
"""

from __future__ import annotations

from functools import lru_cache

from spacy.language import Language

# Importing registers the factories.
from nlp import contact_points, entries, orders, times  # noqa: F401
from nlp.mentions import load_recogniser
from nlp.text import MAX_CHARACTERS


@lru_cache(maxsize=1)
def pipeline() -> Language:
    """Return the pipeline, built once. ``doc.spans`` then holds ``contact_points``, ``orders``, ``times``, ``mentions`` and ``entries``."""
    nlp = load_recogniser()
    nlp.max_length = MAX_CHARACTERS + 1
    nlp.add_pipe("foursight_symbols", first=True)
    for component in ("contact_points", "orders", "times", "mentions", "entries"):
        nlp.add_pipe(f"foursight_{component}")
    return nlp
