"""Sexed words and their counterparts: he and she, husband and wife. Replacements are word for word."""

from __future__ import annotations

import re

_PAIRS = (
    ("he", "she"), ("himself", "herself"), ("man", "woman"), ("men", "women"), ("male", "female"), ("males", "females"), ("boy", "girl"),
    ("boys", "girls"), ("lad", "lass"), ("husband", "wife"), ("boyfriend", "girlfriend"), ("father", "mother"), ("dad", "mum"), ("son", "daughter"),
    ("sons", "daughters"), ("brother", "sister"), ("brothers", "sisters"), ("uncle", "aunt"), ("nephew", "niece"), ("grandfather", "grandmother"),
    ("grandad", "nan"), ("bloke", "woman"), ("gentleman", "lady"), ("mr", "mrs"), ("stepdad", "stepmum"), ("stepson", "stepdaughter"),
    ("ex-husband", "ex-wife"), ("ex-boyfriend", "ex-girlfriend"), ("fiancé", "fiancée"), ("widower", "widow"),
)  # fmt: skip
_SWAP = dict(_PAIRS) | {b: a for a, b in reversed(_PAIRS)} | {"ms": "mr", "mrs": "mr", "woman": "man"}
_FEMALE = frozenset(b for _, b in _PAIRS) | {"her", "hers", "ms"}
_MALE = frozenset(a for a, _ in _PAIRS) | {"him", "his"}
_OBJECT_AFTER = re.compile(
    r"\s*(?:[.,;:!?)]|$|(?:and|or|a|an|the|what|how|where|which|whether|as|round|twice|once|no|it|his|outside|across|more|cry|go|leave|get|stop|come|feel|think|know|money|to|at|in|on|from|by|for|with|that|when|again|he|she|i|they|up|down|out|off|about|because|if|who|every|all|alone|home|back|there|here|now|then|last|this|since|until|till|after|before|over|into|near|through|while|but|so|not)\b)",
    re.IGNORECASE,
)
WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")


def cased(like: str, word: str) -> str:
    """Return ``word`` in the letter case of another."""
    if like.isupper() and len(like) > 1:
        return word.upper()
    return word[0].upper() + word[1:] if like[0].isupper() else word


def other_sex(text: str, match: re.Match[str]) -> str:
    """Return the counterpart of a word matched in ``text``, or the word itself where it has none."""
    word = match.group()
    lower = word.lower()
    if lower in ("him", "his"):
        return cased(word, "her")
    if lower == "hers":
        return cased(word, "his")
    if lower == "her":
        # "her" is both "him" and "his"; what follows tells.
        return cased(word, "him" if _OBJECT_AFTER.match(text, match.end()) else "his")
    return cased(word, _SWAP[lower]) if lower in _SWAP else word


def more_she(text: str) -> bool:
    """Whether a text has more of "she" than of "he"; of as many, whether its first sexed word is female."""
    words = [m.group().lower() for m in WORD.finditer(text)]
    she, he = words.count("she"), words.count("he")
    if she != he:
        return she > he
    return next((w in _FEMALE for w in words if w in _FEMALE or w in _MALE), False)
