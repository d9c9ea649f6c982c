"""Orders, bail and warnings that bar somebody from contact, by their names and abbreviations, and whether the words around one say that it stands.

Abbreviations are read in capitals only, and the short ones (RO, PIN) only beside words that orders have: "RO" is a reporting officer too, and a pin is on every map.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from spacy.language import Language
from spacy.tokens import Doc

from nlp.spans import add_group
from nlp.taxonomy import EntityType

_CONTACT = r"(?:contact|approach|enter|attend|go|communicate|harass|molest|come|visit|message|speak)"
# Words in any case. "Order" is cut short as police do: "non-mol", "non mol ord".
_WORDS = (
    r"non[- ]?mol(?:estation)?\b(?:[- ]ord(?:er)?s?\b)?",
    r"(?:restraining|occupation)\sorders?\b",
    r"(?:interim\s)?stalking\s(?:protection\s)?orders?\b",
    r"domestic\s(?:violence|abuse)\sprotection\s(?:orders?|notices?)\b",
    r"(?:high\scourt\s|court\s|civil\s|interim\s)?injunctions?\b",
    r"community\sprotection\s(?:notices?|warnings?)\b",
    r"police\sinformation\snotices?\b",
    r"harassment\s(?:warnings?(?:\s(?:notices?|letters?))?|notices?)\b",
    r"(?:(?:breach\w*|broke|broken|breaks)\s(?:of\s)?)(?P<bail>(?:(?:his|her|their|police|court)\s)?bail\b(?:\sconditions?\b)?)",
    rf"(?:on\s|police\s|court\s)?conditional\sbail\b|bail\s(?:conditions?|conds?)\b|\bconditions?\sof\s(?:his\s|her\s|their\s)?bail\b|(?:on|no[- ]contact)\s(?:police\s|court\s)?bail\b(?:\s(?:with\sconditions?|not\sto\s{_CONTACT}))?|bail\s(?:not\sto|no)\s{_CONTACT}\b",
    r"licen[cs]e\scond(?:ition)?s?\b|(?:out\s|released\s|release\s)?on\slicen[cs]e\b(?!\splate)",
    r"no[- ]contact\s(?:conditions?|orders?|notices?)\b|conditions?\s(?:of\s)?no[- ]contact\b|exclusion\szone\b",
    r"(?:court\s)undertakings?\b|(?<=gave\s)an\sundertaking\b|(?<=signed\s)an\sundertaking\b",
)
# "NMOs", "SPO" ("my SPO" is a probation officer), "DVPN", "CPN letter". Whole words in capitals.
_CAPITALS = r"(?:[Ii]nterim\s)?(?<!\b[Mm]y\s)(?:NMO|SPO|DVP[NO]|DAP[NO]|CP[NW](?:\sletter)?)s?\b"
# A restraining order beside words that orders have, before or after.
_RO = (
    r"(?<=[Bb]reach\s)RO\b|(?<=BREACH\s)RO\b|(?<=[Bb]reach\sof\s)RO\b|(?<=\b[Aa]n\s)RO\b|(?<=\bhas\s)RO\b|(?<=subject\sto\s)RO\b|(?<=[Bb]roke\s)RO\b"
    r"|\bRO\b(?=\s(?:to|til+|until)\s(?:\d|\w+\s\d{4}|next|further)|\s(?:breach|v\s|vs\s|against|in\splace|in\sforce|granted|made|served|expire|runs?\sout|lapsed|\d\s?y)"
    r"|,?\slapsed)"
)
_PIN = r"(?<=\b(?:19|20)\d\d\s)PIN\b|(?<=\b[Aa]\s)PIN\b(?=\s(?:was\s|has\sbeen\s)?(?:issued|served|given)|\sfor\shar)|\bPIN\b(?=\s(?:was\s|has\sbeen\s)?(?:issued|served|given|notice|warning|harassment))|(?<=[Ii]ssued\s)PIN\b|(?<=[Ss]erved\s)PIN\b|(?<=[Ss]erved\swith\sa\s)PIN\b|(?<=[Ii]ssued\swith\sa\s)PIN\b|(?<=[Gg]iven\sa\s)PIN\b"
_PATTERNS = (re.compile(rf"\b(?:{'|'.join(_WORDS)})", re.IGNORECASE), *map(re.compile, (rf"\b{_CAPITALS}", _RO, _PIN)))

# An order that is only asked for, advised or over, that does not exist, or that bars the injured party, bars nobody else now.
_NOT_YET = re.compile(
    r"\b(?:no|not|never|without|any|if|wants?|wanted|ask\w*|appl\w+|advi[sc]\w*|consider\w*|request\w*|seek\w*|sought|get|getting|recommend\w*|explain\w*|discuss\w*|suggest\w*|"
    r"re|about|what|previous|refused|whether|could|can|should|need\w*|old|former|expired|lapsed)\b(?!\s(?:contact|to\s(?:contact|approach|enter|go)))(?:[ ,]+(?!(?:has|have|had|against|on)\b)[\w'’/-]+){0,4}\s*$",
    re.IGNORECASE,
)
_OVER = re.compile(
    r"\s*(?:\([^)]{0,20}\)|\d+\s?(?:yrs?|years?|months?))?[\s,]*(?:(?:which|that|has|had|have|was|were|is|are|to|be|being|now|then|since|it)\s)*"
    r"(?:considered|lapsed|expired|ran\sout|ended|over\b|refused|sought|requested|applied|discussed|advised|explained|dropped|discharged|lifted|not\s(?:granted|made|in\s(?:place|force))|"
    r"application|advice|options?\b|also\san\soption|via\s\w+\salso|against\s(?:me|IP|AP|the\scaller|caller)\b|on\sme\b|v\sIP\b)",
    re.IGNORECASE,
)
# Said of it further on, in its own sentence or at the start of the next.
_RUN_OUT = re.compile(
    r"[^.;\n]*(?:[.;]\s(?:It|The order|This|That))?\s(?:has\s|had\s|since\s)*(?:lapsed|expired|ran\sout|up\sto\slast)\b"
)
# Bail and a licence bar nobody from contact by themselves.
_CONDITIONAL = re.compile(r"bail|licen[cs]e", re.IGNORECASE)
_CONDITION = re.compile(r"\bcond|\b(?:not|no)\b|\bcan['’]?t\b|\bcannot\b|exclusion", re.IGNORECASE)
_ON_THE_WRITER = re.compile(r"\bI\s(?:have\s|had\s)?(?:gave|given|signed)\s$")
_SENTENCE = re.compile(r"[.!?;\n]")

_BROKEN = re.compile(
    r"\b(?:breach(?:ed|es|ing)?(?:\sof)?|bro(?:ke|ken)|breaks|breaking|in\sbreach\sof|contravened|ignored|despite|contrary\sto|whil(?:e|st)\s(?:subject\sto|under))\s"
    r"(?:(?:his|her|their|the|a|an|that|this|own|same)\s){0,2}",
    re.IGNORECASE,
)
_HEADING = re.compile(r"breach(?:es)?\b", re.IGNORECASE)
_ORDER_WORD = re.compile(
    r"(?:court\s|police\s)?(?:order|bail|licen[cs]e|injunction|undertaking|conditions?)\b(?!\s(?:of\scarriage|plate))",
    re.IGNORECASE,
)
# What makes the words for a breach say less than that it happened, or that it was the injured party's.
_UNTOLD = re.compile(
    r"\b(?:no|not|never|n[o']t|if|would|could|may|might|any|alleged(?:ly)?|denie[sd]|denying|without|in\scase|should|risk\sof|future|fears?|unless|previous|neither|whether|won['’]t|didn['’]t|hasn['’]t)\b"
    r"|\b(?:I|IP|AP)\s(?:have\s|has\s|had\s|also\s)*$",
    re.IGNORECASE,
)


@Language.component("foursight_orders")
def find_orders(doc: Doc) -> Doc:
    """Fill ``doc.spans["orders"]``."""
    found = []
    for pattern in _PATTERNS:
        for match in pattern.finditer(doc.text):
            # Where a verb had to stand before it ("broke bail"), the order is the part after the verb.
            start = match.start("bail") if match.groupdict().get("bail") else match.start()
            found.append((start, match.end(), EntityType.ORDER.value))
    add_group(doc, "orders", found)
    return doc


def stands(text: str, start: int, end: int) -> bool:
    """Whether the words around an order leave it standing: not only asked for, advised or denied, not over, and not against the injured party."""
    before = _SENTENCE.split(text[max(0, start - 80) : start])[-1]
    after = _SENTENCE.split(text[end : end + 60])[0]
    if _CONDITIONAL.search(text, start, end) and not _CONDITION.search(text[start:end] + after):
        return False
    if _NOT_YET.search(before) or _ON_THE_WRITER.search(before) or _OVER.match(after):
        return False
    return not _RUN_OUT.match(text, end, end + 90)


def breaches(text: str, orders: Sequence[tuple[int, int]]) -> list[tuple[int, int, bool]]:
    """Return where the text says that an order was broken, as something that happened: (start, end, whether in a sentence).

    "He breached his bail" is a sentence; "Breach NMO" is a heading or what somebody was arrested for, and needs an act beside it.
    """
    at = dict(orders)
    found = []
    for match in _BROKEN.finditer(text):
        end = at.get(match.end())
        if end is None and (word := _ORDER_WORD.match(text, match.end())):
            end = word.end()
        before = _SENTENCE.split(text[max(0, match.start() - 60) : match.start()])[-1]
        if end is not None and not _UNTOLD.search(before):
            found.append((match.start(), end, not _HEADING.match(match[0])))
    return found
