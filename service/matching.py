"""Finding by the beginning of a word, the same on every database."""

from __future__ import annotations

from sqlalchemy import ColumnElement, String, cast, func
from sqlalchemy.orm import InstrumentedAttribute

# SQLite folds the letters A to Z and no others; so does PostgreSQL in this collation.
_FOLDS_A_TO_Z = String().with_variant(String(collation="C"), "postgresql")


def begins(column: InstrumentedAttribute[str], start: str) -> ColumnElement[bool]:
    """Whether a column's text begins with ``start``. Capitals and small letters of A to Z count as the same; ``%`` and ``_`` are themselves."""
    folded = start.encode().lower().decode()  # bytes fold A to Z only
    return func.lower(cast(column, _FOLDS_A_TO_Z)).startswith(folded, autoescape=True)
