"""Which language a text is in. Foursight reads English; a text, or a large part of one, in another language is said to be so.

English is told by its function words, which is exact enough, costs nothing, and is not put off by shorthand. Only where they are
missing is a language identifier asked which language it is (py3langid, after Lui and Baldwin 2012, "langid.py"). In Latin letters it is believed
only where function words of that language stand in the text too: notes and names ("Kowalski, Nowak, outside flat") have none.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from typing import Any

# Common function words of English that are not words of other languages too ("a", "me", "no", "in"), and words that stand in police shorthand where they would.
_ENGLISH = frozenset((
    "the", "and", "but", "if", "of", "to", "at", "by", "for", "from", "with", "about", "into", "over", "after",
    "before", "since", "until", "than", "that", "this", "these", "those", "there", "here", "she", "it", "they", "you",
    "him", "her", "his", "hers", "its", "them", "their", "our", "my", "your", "was", "were", "are", "be", "been",
    "being", "have", "had", "does", "did", "not", "will", "would", "can", "could", "should", "when", "where", "who",
    "what", "which", "how", "all", "again", "back", "up", "down", "out", "off", "then", "now", "just", "only", "very",
    "ip", "susp", "inft", "caller", "informant", "states", "reports", "reported", "says", "said", "told", "work",
    "door", "house", "phone", "police", "every", "each", "night", "day", "week", "attended", "refused", "male",
    "female",
))  # fmt: skip
# Languages spoken by more than a few thousand people in England and Wales (Census 2021, main language), as the identifier names them.
NAMES = {
    "en": "English", "pl": "Polish", "ro": "Romanian", "pa": "Panjabi", "ur": "Urdu", "pt": "Portuguese", "es": "Spanish", "ar": "Arabic",
    "bn": "Bengali", "gu": "Gujarati", "it": "Italian", "ta": "Tamil", "fr": "French", "lt": "Lithuanian", "zh": "Chinese", "tr": "Turkish",
    "bg": "Bulgarian", "hu": "Hungarian", "el": "Greek", "de": "German", "ru": "Russian", "fa": "Persian", "uk": "Ukrainian", "so": "Somali",
    "sq": "Albanian", "cy": "Welsh", "ku": "Kurdish", "lv": "Latvian", "sk": "Slovak", "cs": "Czech", "hi": "Hindi", "vi": "Vietnamese",
    "ne": "Nepali", "ml": "Malayalam", "nl": "Dutch", "ja": "Japanese", "ps": "Pashto", "am": "Amharic",
}  # fmt: skip
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
_UNSPACED = re.compile("[\u2e80-\u9fff\uf900-\ufaff\uff66-\uff9f]+")
_PIECE = re.compile(r"[^.!?\n;]+")
ENGLISH_SHARE = 0.12  # Below this share of function words a piece of text is doubted.
LEAST_WORDS = 6  # A shorter piece says too little of its language.
FOREIGN_SHARE = 0.3  # A text with so large a part in another language is said to be mixed.
SURE = 0.9
UNKNOWN = "another language"
_LAST_LATIN = 0x24F  # The end of Latin Extended-B.
LEAST_FUNCTION_WORDS = 2
# So many words with a smaller share of function words are hardly English; the least share in 2,855 written reports is 0.09.
SPARSE_WORDS = 8
SPARSE_SHARE = 0.05
# Function words of languages for which spaCy has no list.
_FUNCTION_WORDS = {
    "cy": "y yr yn ar ac fy ei mae oedd wedi gan bob ond ddim hi fo nid dw roedd eu",
    "so": "ayaa iyo waa oo waxaa ku ka la soo igu aan uu ay ayuu wuxuu kasta iga",
    "ku": "ez ew di bi li ji re de min tu wî wê ku û ne",
}


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


@lru_cache(maxsize=8)
def _function_words(code: str) -> frozenset[str]:
    """Return the function words of a language that are not words of English: spaCy's stop words, or the list above."""
    if code in _FUNCTION_WORDS:
        return frozenset(_FUNCTION_WORDS[code].split())
    try:
        found: frozenset[str] = frozenset(import_module(f"spacy.lang.{code}.stop_words").STOP_WORDS)
    except ModuleNotFoundError:
        return frozenset()
    english: frozenset[str] = frozenset(import_module("spacy.lang.en.stop_words").STOP_WORDS)
    return found - _ENGLISH - english


def _latin(text: str) -> bool:
    letters = [c for c in text if c.isalpha()]
    return sum(ord(c) <= _LAST_LATIN for c in letters) >= len(letters) / 2


def hardly_english(text: str) -> bool:
    """Whether a text of some length has hardly any English function word: another language in Latin letters, or notes too terse to be read well."""
    words = _WORD.findall(text)
    return len(words) >= SPARSE_WORDS and sum(w.lower() in _ENGLISH for w in words) < SPARSE_SHARE * len(words)


def _english(words: list[str]) -> bool:
    return sum(w.lower() in _ENGLISH for w in words) >= ENGLISH_SHARE * len(words)


def other_language(text: str) -> Language | None:
    """Return the language of a text that is not English in whole or in a large part, or None."""
    every = _WORD.findall(text)
    if not every:
        return None
    doubted, share = _unspaced(text)
    if share < FOREIGN_SHARE:
        doubted, share = _doubted(text, every)
    if share < FOREIGN_SHARE:
        return None
    joined = " ".join(text[s:e] for s, e in doubted)
    # Capitals are not a language: shouting is read in small letters.
    code, probability = _identifier().classify(joined.lower() if joined.isupper() else joined)
    if not _latin(joined):
        # Letters that English does not have: another language, even where it is not known which.
        code = code if probability >= SURE else "und"
    elif (
        code == "en"
        or probability < SURE
        or len({w.lower() for w in _WORD.findall(joined)} & _function_words(code)) < LEAST_FUNCTION_WORDS
    ):
        return None
    start, end = doubted[0]
    start += len(text[start:end]) - len(text[start:end].lstrip())
    return Language(code, NAMES.get(code, UNKNOWN), min(1.0, share), start, start + len(text[start:end].rstrip()))


def _doubted(text: str, every: list[str]) -> tuple[list[tuple[int, int]], float]:
    """Return the pieces of text with too few English words, and the share of all words that stands in them."""
    pieces = [(piece.span(), _WORD.findall(piece[0])) for piece in _PIECE.finditer(text)]
    doubted = [(span, len(words)) for span, words in pieces if len(words) >= LEAST_WORDS and not _english(words)]
    if not doubted and len(every) >= 3 and not _english(every):
        doubted = [((0, len(text)), len(every))]
    return [span for span, _ in doubted], sum(n for _, n in doubted) / len(every)


def _unspaced(text: str) -> tuple[list[tuple[int, int]], float]:
    """Return the stretches of a writing without spaces between words (Chinese, Japanese), and their share of all letters."""
    stretches = [m.span() for m in _UNSPACED.finditer(text)]
    return stretches, sum(e - s for s, e in stretches) / max(1, sum(c.isalpha() for c in text))
