"""The one spaCy pipeline: the English tokenizer, a trained recogniser and Foursight's components, one a file.

Exact rules find contact points, orders, dates and times; the recogniser finds people with their roles, places, organisations and other orders. Behaviours and
their status need more judgement and are read in ``models``. Nothing here changes the text, so offsets are those of the text as sent.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from functools import lru_cache

from spacy.language import Language

# Importing registers the factories.
from nlp import contact_points, entries, orders, times  # noqa: F401
from nlp.mentions import load_recogniser
from nlp.spans import Marked, marked
from nlp.text import MAX_CHARACTERS

# spaCy's memory zones neither nest nor share.
_ZONE = threading.Lock()


@lru_cache(maxsize=1)
def pipeline() -> Language:
    """Return the pipeline, built once. ``doc.spans`` then holds ``contact_points``, ``orders``, ``times``, ``mentions`` and ``entries``."""
    nlp = load_recogniser()
    nlp.max_length = MAX_CHARACTERS + 1
    nlp.add_pipe("foursight_symbols", first=True)
    for component in ("contact_points", "orders", "times", "mentions", "entries"):
        nlp.add_pipe(f"foursight_{component}")
    return nlp


def mark(texts: Iterable[str]) -> list[Marked]:
    """Return what the pipeline finds in each text, in the order given. Safe to call from several threads, one at a time."""
    # The zone forgets the words of these texts afterwards: else spaCy's vocabulary would grow, and keep them, for ever.
    with _ZONE, pipeline().memory_zone():
        return [marked(doc) for doc in pipeline().pipe(texts)]
