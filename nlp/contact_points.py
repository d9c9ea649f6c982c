"""Contact points with exact forms: UK telephone numbers, email addresses, handles, vehicle registrations, postcodes, crime references."""

from __future__ import annotations

import re

from spacy.language import Language
from spacy.tokens import Doc

from nlp.spans import add_group
from nlp.taxonomy import EntityType

# Areas of the United Kingdom's postcodes (Royal Mail, "Programmers' guide to the Postcode Address File").
_AREAS = (
    "AB|AL|BA|BB|BD|BH|BL|BN|BR|BS|BT|CA|CB|CF|CH|CM|CO|CR|CT|CV|CW|DA|DD|DE|DG|DH|DL|DN|DT|DY|EC|EH|EN|EX|FK|FY|GL|GU|GY|HA|HD|HG|HP|HR|HS|HU|HX|"
    "IG|IM|IP|IV|JE|KA|KT|KW|KY|LA|LD|LE|LL|LN|LS|LU|ME|MK|ML|NE|NG|NN|NP|NR|NW|OL|OX|PA|PE|PH|PL|PO|PR|RG|RH|RM|SA|SE|SG|SK|SL|SM|SN|SO|SP|SR|SS|ST|SW|SY|"
    "TA|TD|TF|TN|TQ|TR|TS|TW|UB|WA|WC|WD|WF|WN|WR|WS|WV|YO|ZE|B|E|G|L|M|N|S|W"
)
_OUTWARD = rf"(?=[A-Z]{{1,2}}\d)(?:{_AREAS})\d[A-Z\d]?"
_UNIT = "[ABD-HJLNP-UW-Z]{2}"
# In small letters "b4 2nd" and "m8 4hr" look like postcodes too.
_POSTCODE = re.compile(rf"{_OUTWARD}\s?\d(?!(?-i:st|nd|rd|th|hr|yr)){_UNIT}", re.IGNORECASE)
# A registration: two letters, two digits, three letters since 2001; before that a letter, digits and three letters. I and Q are hardly used.
_PAIR, _TRIO = "[A-HJ-PR-Y][A-HJ-PR-Z]", "[A-HJ-PR-Z]{3}"
# Words of two and three letters stand round numbers as well: "ON 19 MAY", "op12 adv", "PC 14 HAS".
_NO_PAIR = "(?!AM|AN|AS|AT|BE|BY|DC|DO|DS|EX|GO|HE|ME|MY|NO|OF|ON|OP|OR|PC|PS|RM|SO|WD|WE)"
_NO_TRIO = (
    "(?!ADV|AGO|ALL|AND|ANY|ARE|BUS|BUT|CAN|CAR|DAD|DAY|FEB|FOR|FRM|GOT|HAD|HAS|HER|HOW|HRS|JAN|JUL|JUN|LET|MAR|MAY|MEN|MPH|MUM|NEW|NOT|NOW|OFF|OLD|OUR|"
    "OUT|PEN|PUT|RAN|SAT|SAW|SEP|SHE|SON|TEN|THE|TOO|VAN|WAS|WHO|WHY|YET|YOU|YRS)"
)
_REGISTRATION_WORDS = r"(?:reg|registration|VRM|VRN|index|plate|plates)"
_PLATFORMS = (
    r"(?:insta|instagram|ig|snap|snapchat|tik\s?tok|twitter|fb|face\s?book|messenger|telegram|discord|reddit|kik|twitch|youtube|bluesky|tinder|hinge|bumble|"
    r"grindr|onlyfans|linkedin|gamertag|psn|xbox|username|user\sname|screen\sname|handle)"
)
# Bounded repetition everywhere: a hostile text cannot make these backtrack for long. Where a pattern has a group, that is what was looked for.
_PATTERNS: tuple[tuple[EntityType, re.Pattern[str]], ...] = (
    (EntityType.EMAIL, re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@(?:[\w-]{1,63}\.){1,5}[A-Za-z]{2,24}(?![\w-])")),
    (
        EntityType.PHONE,
        re.compile(
            r"(?<![\w+])(?:(?:\+|00)44\s?(?:\(0\)\s?|0)?(?:\d[\s-]?){8,9}|0(?:\d[\s-]?){8,9}|\(0\d{2,4}\)\s?(?:\d[\s-]?){4,7})\d(?!\w)"
        ),
    ),
    (EntityType.HANDLE, re.compile(r"(?<![\w@.])@[A-Za-z0-9_][A-Za-z0-9_.]{1,29}(?<!\.)")),
    # Without its sign a handle is told by the name of the platform before it, and by a digit or a line in it: "insta msgs" is none, nor "fb x12" or "snap may26".
    (
        EntityType.HANDLE,
        re.compile(
            rf"(?<!\w){_PLATFORMS}(?:\s(?:account|acc|acct|user|username|name|handle|profile|id|is|was|called|under|as)){{0,2}}[\s:\"'‘“(]{{1,4}}"
            r"((?!x?\d|(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6}\d)(?=[a-z.]{0,29}[_\d])[a-z_][\w.]{3,29})(?<!\.)(?![\w@])",
            re.IGNORECASE | re.ASCII,
        ),
    ),
    (EntityType.VEHICLE, re.compile(rf"(?<!\w){_NO_PAIR}{_PAIR}\s?\d{{2}}\s?{_NO_TRIO}{_TRIO}(?!\w)")),
    # In small letters the pair stands by its digits.
    (
        EntityType.VEHICLE,
        re.compile(
            rf"(?<!\w){_NO_PAIR}{_PAIR}\d{{2}}(?:(?-i:(?<=[a-z]\d\d)\s(?=[a-z]))|){_NO_TRIO}{_TRIO}(?!\w)",
            re.IGNORECASE,
        ),
    ),
    # Three digits, and a letter that is no road's: "K9 DOG", "S5 POA" and "A421 RTC" are none.
    (EntityType.VEHICLE, re.compile(rf"(?<!\w)[C-HJ-LNPR-TV-Y]\d{{3}}\s?{_NO_TRIO}{_TRIO}(?!\w)")),
    # What is said to be one may be written anyhow.
    (
        EntityType.VEHICLE,
        re.compile(
            rf"(?<!\w){_REGISTRATION_WORDS}\W{{1,3}}(?:(?:no|number|mark|is|was)\W{{1,2}}){{0,2}}((?:{_PAIR}\s?\d{{2}}|[A-HJ-NPR-TV-Y]\d{{1,3}})\s?{_TRIO})(?!\w)",
            re.IGNORECASE,
        ),
    ),
    (EntityType.PLACE, re.compile(rf"(?<!\w){_POSTCODE.pattern}(?!\w)", re.IGNORECASE)),
    (EntityType.REFERENCE, re.compile(r"(?<!\w)\d{2}[A-Z]{0,3}/\d{3,7}/\d{2}(?!\w)")),
    # A number of eleven digits that begins with nought is a telephone's; "LOG 04/02" heads the entry of a day.
    (
        EntityType.REFERENCE,
        re.compile(
            r"(?<!\w)(?:CAD|URN|CRN|NICHE|STORM|(?<!to )log|Log|LOG):?[ \t]?(?:(?:no\.?|number|ref):?[ \t]?)?(?!\d{1,2}/\d{1,2}(?!\d))"
            r"[A-Z]{0,3}(?:\d{2,8}|[1-9]\d{8,11})(?:/\d{2,4}| of \d{1,2}(?:st|nd|rd|th))?(?!\w)"
        ),
    ),
)


@Language.component("foursight_contact_points")
def find_contact_points(doc: Doc) -> Doc:
    """Fill ``doc.spans["contact_points"]`` with labels from EntityType."""
    text = doc.text
    found = [(*m.span(m.lastindex or 0), kind.value) for kind, pattern in _PATTERNS for m in pattern.finditer(text)]
    add_group(doc, "contact_points", found)
    return doc


def normalise(kind: EntityType, quote: str) -> str:
    """Return the form to compare and search by: digits of a number with +44, capitals of a registration or postcode, handles in small letters with their sign."""
    if kind is EntityType.PHONE:
        # "a withheld number" and "ending 432" are mentions of a phone too: only a whole UK number has a national form.
        digits = re.sub(r"\D", "", quote)
        national = re.match(
            r"(?:44|0044)?0?(\d{9,10})$" if quote.strip().startswith(("+44", "00")) else r"0(\d{9,10})$", digits
        )
        return f"+44{national[1]}" if national else " ".join(quote.split())
    if kind is EntityType.VEHICLE:
        return re.sub(r"\s", "", quote).upper()
    if kind is EntityType.EMAIL:
        return quote.lower()
    if kind is EntityType.HANDLE:
        # A name of several words is no handle with a sign.
        return quote.lower() if " " in quote else f"@{quote.lower().lstrip('@')}"
    if kind is EntityType.PLACE and _POSTCODE.fullmatch(quote):
        return f"{quote[:-3].strip()} {quote[-3:]}".upper()
    return " ".join(quote.split())
