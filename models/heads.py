"""Which output of the encoder pass means what: the layout of token and document logits, in one place.

Training writes these columns and serving reads them; the bundle's manifest records the names so that a mismatch is refused.
"""

from __future__ import annotations

from nlp.taxonomy import AGAINST, CODE_NAMES, FOUR, EntityType, Occasions, Offence, Relationship, Role, Status

# Token columns. ``in:`` and ``begin:`` are independent sigmoids a code; ``status:`` is one softmax over the five values;
# ``entity:`` is one softmax over outside, and begin and inside of each type; ``role:`` a softmax over the roles of persons.
STATUS_NAMES: tuple[str, ...] = tuple(s.value for s in Status)
ENTITY_TAGS: tuple[str, ...] = ("O", *(f"{p}-{t.value}" for t in EntityType for p in "BI"))
ROLE_NAMES: tuple[str, ...] = tuple(r.value for r in Role if r is not Role.NONE)

TOKEN_GROUPS: dict[str, tuple[str, ...]] = {
    "in": CODE_NAMES,
    "begin": CODE_NAMES,
    "status": STATUS_NAMES,
    "entity": ENTITY_TAGS,
    "role": ROLE_NAMES,
}

# Document columns. ``label``: stalking, and unclear, two sigmoids. ``four``: four sigmoids. ``occasions``: cumulative sigmoids (at least
# 1, 2, 3). ``relationship``: a softmax. ``offence``: one sigmoid, s.4A given stalking. ``against``: sigmoids.
RELATIONSHIP_NAMES: tuple[str, ...] = tuple(r.value for r in Relationship)
OCCASION_NAMES: tuple[str, ...] = tuple(o.value for o in Occasions)
AGAINST_NAMES: tuple[str, ...] = tuple(AGAINST)

DOCUMENT_GROUPS: dict[str, tuple[str, ...]] = {
    "label": ("stalking", "unclear"),
    "four": FOUR,
    "occasions": OCCASION_NAMES[1:],
    "relationship": RELATIONSHIP_NAMES,
    "offence": (Offence.S4A.value,),
    "against": AGAINST_NAMES,
}


def columns(groups: dict[str, tuple[str, ...]]) -> dict[str, slice]:
    """Return where each group stands among the columns."""
    result, at = {}, 0
    for name, members in groups.items():
        result[name] = slice(at, at + len(members))
        at += len(members)
    return result


def width(groups: dict[str, tuple[str, ...]]) -> int:
    """Return the number of columns."""
    return sum(len(members) for members in groups.values())


TOKEN_COLUMNS = columns(TOKEN_GROUPS)
DOCUMENT_COLUMNS = columns(DOCUMENT_GROUPS)
