"""Contact points with exact forms: UK telephone numbers, email addresses, handles, vehicle registrations, postcodes, crime references."""

from __future__ import annotations

import re

from spacy.language import Language
from spacy.tokens import Doc

from nlp.spans import add_group
from nlp.taxonomy import EntityType

# Bounded repetition everywhere: a hostile text cannot make these backtrack for long.
_PATTERNS: tuple[tuple[EntityType, re.Pattern[str]], ...] = (
    (EntityType.EMAIL, re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@(?:[\w-]{1,63}\.){1,5}[A-Za-z]{2,24}(?![\w-])")),
    (EntityType.PHONE, re.compile(r"(?<![\w+])(?:\+44\s?(?:\(0\)\s?)?|0)(?:\d[\s-]?){8,9}\d(?!\w)")),
    (EntityType.HANDLE, re.compile(r"(?<![\w@.])@[A-Za-z0-9_][A-Za-z0-9_.]{1,29}(?<!\.)")),
    # Current style (two letters, two digits, three letters); prefix and suffix styles need their capitals to be told from words.
    (
        EntityType.VEHICLE,
        re.compile(r"(?<!\w)[A-HJ-PR-Ya-hj-pr-y][A-HJ-PR-Za-hj-pr-z]\d{2}\s?[A-HJ-PR-Za-hj-pr-z]{3}(?!\w)"),
    ),
    (
        EntityType.VEHICLE,
        re.compile(r"(?<!\w)[A-HJ-NPR-TV-Y]\d{1,3}\s?(?!AND|THE|FOR|HAS|HER|ARE|BUT|NEAR)[A-HJ-PR-Z]{3}(?!\w)"),
    ),
    # Postcode: area, district, sector and unit (Royal Mail, "Programmers' guide to the Postcode Address File").
    (EntityType.PLACE, re.compile(r"(?<!\w)[A-Z]{1,2}\d[A-Z\d]?\s?\d[ABD-HJLNP-UW-Z]{2}(?!\w)")),
    (EntityType.REFERENCE, re.compile(r"(?<!\w)\d{2}[A-Z]{0,3}/\d{3,7}/\d{2}(?!\w)")),
    (
        EntityType.REFERENCE,
        re.compile(r"(?<!\w)(?:CAD|URN|CRN|NICHE|STORM|log)\s?(?:no\.?\s?)?[A-Z]{0,3}\d{2,8}(?:/\d{2,4})?(?!\w)"),
    ),
)


@Language.component("foursight_contact_points")
def find_contact_points(doc: Doc) -> Doc:
    """Fill ``doc.spans["contact_points"]`` with labels from EntityType."""
    text = doc.text
    found = [(m.start(), m.end(), kind.value) for kind, pattern in _PATTERNS for m in pattern.finditer(text)]
    add_group(doc, "contact_points", found)
    return doc


def normalise(kind: EntityType, quote: str) -> str:
    """Return the form to compare and search by: digits of a number with +44, capitals of a registration, lower-case handles."""
    if kind is EntityType.PHONE:
        # "a withheld number" and "ending 432" are mentions of a phone too: only a whole UK number has a national form.
        digits = re.sub(r"\D", "", quote.replace("(0)", ""))
        national = digits[2:] if quote.strip().startswith("+44") else digits[1:] if digits.startswith("0") else ""
        return f"+44{national}" if len(national) in (9, 10) else " ".join(quote.split())
    if kind is EntityType.VEHICLE:
        return re.sub(r"\s", "", quote).upper()
    if kind in (EntityType.EMAIL, EntityType.HANDLE):
        return quote.lower()
    return " ".join(quote.split())
