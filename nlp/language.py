"""Which language a text is in. Foursight reads English; a text, or a large part of one, in another language is said to be so.

English is told by its function words, which is exact enough, costs nothing, and is not put off by shorthand. Only where they are
missing is a language identifier asked which language it is (py3langid, after Lui and Baldwin 2012, "langid.py").
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

# Common function words of English that are not words of other languages too ("a", "me", "no", "in"), and words that stand in police shorthand where they would.
_ENGLISH = frozenset(
    [
        "the",
        "and",
        "but",
        "if",
        "of",
        "to",
        "at",
        "by",
        "for",
        "from",
        "with",
        "about",
        "into",
        "over",
        "after",
        "before",
        "since",
        "until",
        "than",
        "that",
        "this",
        "these",
        "those",
        "there",
        "here",
        "she",
        "it",
        "they",
        "you",
        "him",
        "her",
        "his",
        "hers",
        "its",
        "them",
        "their",
        "our",
        "my",
        "your",
        "was",
        "were",
        "are",
        "be",
        "been",
        "being",
        "have",
        "had",
        "does",
        "did",
        "not",
        "will",
        "would",
        "can",
        "could",
        "should",
        "when",
        "where",
        "who",
        "what",
        "which",
        "how",
        "all",
        "again",
        "back",
        "up",
        "down",
        "out",
        "off",
        "then",
        "now",
        "just",
        "only",
        "very",
        "ip",
        "susp",
        "inft",
        "caller",
        "informant",
        "states",
        "reports",
        "reported",
        "says",
        "said",
        "told",
        "work",
        "door",
        "house",
        "phone",
        "police",
        "every",
        "each",
        "night",
        "day",
        "week",
        "attended",
        "refused",
        "male",
        "female",
    ]
)
# Languages spoken by more than a few thousand people in England and Wales (Census 2021, main language), as the identifier names them.
NAMES = {
    "en": "English", "pl": "Polish", "ro": "Romanian", "pa": "Panjabi", "ur": "Urdu", "pt": "Portuguese", "es": "Spanish", "ar": "Arabic",
    "bn": "Bengali", "gu": "Gujarati", "it": "Italian", "ta": "Tamil", "fr": "French", "lt": "Lithuanian", "zh": "Chinese", "tr": "Turkish",
    "bg": "Bulgarian", "hu": "Hungarian", "el": "Greek", "de": "German", "ru": "Russian", "fa": "Persian", "uk": "Ukrainian", "so": "Somali",
    "sq": "Albanian", "cy": "Welsh", "ku": "Kurdish", "lv": "Latvian", "sk": "Slovak", "cs": "Czech", "hi": "Hindi", "vi": "Vietnamese",
    "ne": "Nepali", "ml": "Malayalam", "nl": "Dutch", "ja": "Japanese", "ps": "Pashto", "am": "Amharic",
}  # fmt: skip
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
_PIECE = re.compile(r"[^.!?\n;]+")
ENGLISH_SHARE = 0.12  # Below this share of function words a piece of text is doubted.
LEAST_WORDS = 6  # A shorter piece says too little of its language.
FOREIGN_SHARE = 0.3  # A text with so large a part in another language is said to be mixed.
SURE = 0.9


@dataclass(frozen=True)
class Language:
    """The language of a text: its name in English, the share of words in it, and the first stretch of them."""

    code: str
    name: str
    share: float
    start: int
    end: int


@lru_cache(maxsize=1)
def _identifier() -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier  # seconds to load, and hardly ever needed

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    identifier.set_languages([code for code in NAMES if code in set(identifier.labels)])
    return identifier


def _english(words: list[str]) -> bool:
    return sum(w.lower() in _ENGLISH for w in words) >= ENGLISH_SHARE * len(words)


def other_language(text: str) -> Language | None:
    """Return the language of a text that is not English in whole or in a large part, or None."""
    every = _WORD.findall(text)
    if not every:
        return None
    doubted: list[tuple[int, int, int]] = []
    unspaced = sum(ord(c) > 0x2E7F for c in text)
    for piece in _PIECE.finditer(text):
        words = _WORD.findall(piece[0])
        if len(words) >= LEAST_WORDS and not _english(words):
            doubted.append((*piece.span(), len(words)))
    if unspaced > len(text) * FOREIGN_SHARE:
        doubted, every = [(0, len(text), 1)], every[:1]
    if not doubted and len(every) >= 3 and not _english(every):
        doubted = [(0, len(text), len(every))]
    share = sum(n for _, _, n in doubted) / len(every)
    if share < FOREIGN_SHARE:
        return None
    joined = " ".join(text[s:e] for s, e, _ in doubted)
    # Capitals are not a language: shouting is read in small letters.
    code, probability = _identifier().classify(joined.lower() if joined.isupper() else joined)
    if code == "en" or probability < SURE:
        return None
    start, end, _ = doubted[0]
    start += len(text[start:end]) - len(text[start:end].lstrip())
    return Language(
        code, NAMES.get(code, "another language"), min(1.0, share), start, start + len(text[start:end].rstrip())
    )
