"""Which language a text is in. Foursight reads English; a text, or a large part of one, in another language is said to be so.

English is told by its function words, which is exact enough, costs nothing, and is not put off by shorthand. Only where they are
missing is it asked which other language it is. In Latin letters that is told by function words again, so that notes and names ("Kowalski, Nowak,
outside flat"), which have none, are not taken for one; marks do not matter, for people leave them out on a telephone. A language identifier
(py3langid, after Lui and Baldwin 2012, "langid.py") names other writings and settles between near languages.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

_DATA = Path(__file__).resolve().parent / "data" / "function_words.json"
# Languages spoken by more than a few thousand people in England and Wales (Census 2021, main language), as the identifier names them.
NAMES = {
    "en": "English", "pl": "Polish", "ro": "Romanian", "pa": "Panjabi", "ur": "Urdu", "pt": "Portuguese", "es": "Spanish", "ar": "Arabic",
    "bn": "Bengali", "gu": "Gujarati", "it": "Italian", "ta": "Tamil", "fr": "French", "lt": "Lithuanian", "zh": "Chinese", "tr": "Turkish",
    "bg": "Bulgarian", "hu": "Hungarian", "el": "Greek", "de": "German", "ru": "Russian", "fa": "Persian", "uk": "Ukrainian", "so": "Somali",
    "sq": "Albanian", "cy": "Welsh", "ku": "Kurdish", "lv": "Latvian", "sk": "Slovak", "cs": "Czech", "hi": "Hindi", "vi": "Vietnamese",
    "ne": "Nepali", "ml": "Malayalam", "nl": "Dutch", "ja": "Japanese", "ps": "Pashto", "am": "Amharic", "tl": "Tagalog",
}  # fmt: skip
# Hindi and Urdu are one language in Latin letters.
HINDUSTANI = "hi-Latn"
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
_CONTRACTION = re.compile(r"[a-z]+n['’]t|(?:i|you|he|she|it|we|they|that|there|who|what)['’](?:s|ve|ll|re|d)")
_UNSPACED = re.compile("[\u2e80-\u9fff\uf900-\ufaff\uff66-\uff9f]+")
_PIECE = re.compile(r"[^.!?\n;]+")
_PARTICLES = frozenset((
    "de", "la", "del", "los", "las", "el", "al", "di", "da", "dos", "du", "le", "des", "bin", "van", "von", "der", "den",
))  # fmt: skip
# Letters whose marks are part of them.
_STROKES = str.maketrans("łßıđøæħ", "lsidoah")
ENGLISH_SHARE = 0.12  # Below this share of function words a piece of text is doubted.
MIXED_SHARE = 0.3  # Below this one, it is where more function words of another language than of English stand in it.
LEAST_WORDS = 6  # A shorter piece says too little of its language.
FOREIGN_SHARE = 0.3  # A text with so large a part in another language is said to be mixed.
SURE = 0.9
UNKNOWN = "another language"
_LAST_LATIN = 0x24F  # The end of Latin Extended-B.
LEAST_FUNCTION_WORDS = 2
FUNCTION_SHARE = 0.2  # So many of a language's words are listed at least; where fewer stand in a text, the identifier must be sure too.
# So many words with a smaller share of function words are hardly English; the least share in 6,241 written reports is 0.06.
SPARSE_WORDS = 8
SPARSE_SHARE = 0.05


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


@lru_cache(maxsize=1)
def _function_words() -> tuple[frozenset[str], frozenset[str], dict[str, frozenset[str]]]:
    """Return the English words that are sure, those that other languages share, and the codes of the other languages by function word."""
    data = json.loads(_DATA.read_text(encoding="utf-8"))
    codes: dict[str, set[str]] = {}
    for code, words in data["others"].items():
        for word in words.split():
            codes.setdefault(word, set()).add(code)
    english = data["english"]
    return (
        frozenset(english["sure"].split()),
        frozenset(english["shared"].split()),
        {word: frozenset(found) for word, found in codes.items()},
    )


def _plain(word: str) -> str:
    """Return a word in small letters without marks."""
    word = word.lower()
    if word.isascii():
        return word
    return "".join(c for c in unicodedata.normalize("NFKD", word.translate(_STROKES)) if not unicodedata.combining(c))


def _counts(words: Sequence[str]) -> tuple[int, int]:
    """Return how many words are sure function words of English, and how many are such as other languages share."""
    sure, shared, _ = _function_words()
    low = [w.lower() for w in words]
    return sum(w in sure or _CONTRACTION.fullmatch(w) is not None for w in low), sum(w in shared for w in low)


def _english_words(words: Sequence[str]) -> int:
    """Return how many words are function words of English.

    Those that other languages share count, where words of another language stand beside them, only as far as there are sure ones.
    """
    certain, perhaps = _counts(words)
    return certain + (min(certain, perhaps) if perhaps > certain and _other_words(words) else perhaps)


def _codes(words: Sequence[str]) -> dict[str, frozenset[str]]:
    """Return the codes of the languages of each word, the particles of names ("de la Cruz") left out."""
    codes = _function_words()[2]
    found = {}
    name = False
    for word in reversed(words):
        name = word.istitle() or (name and word in _PARTICLES)
        if not name or word.istitle():
            plain = _plain(word)
            if plain in codes:
                found[plain] = codes[plain]
    return found


def _other_words(words: Sequence[str]) -> Counter[str]:
    """Return how many different function words of each other language stand among the words."""
    return Counter(code for codes in _codes(words).values() for code in codes)


def _most(words: Counter[str]) -> int:
    return max(words.values(), default=0)


def _latin(text: str) -> bool:
    letters = [c for c in text if c.isalpha()]
    return sum(ord(c) <= _LAST_LATIN for c in letters) >= len(letters) / 2


def hardly_english(text: str) -> bool:
    """Whether a text has hardly any English function word: another language in Latin letters, or notes too terse to be read well.

    A text of a few words is, where more function words of another language stand in it than of English.
    """
    words = _WORD.findall(text)
    if len(words) < SPARSE_WORDS:
        return _most(_other_words(words)) > sum(_counts(words))
    return _english_words(words) < SPARSE_SHARE * len(words)


def other_language(text: str) -> Language | None:
    """Return the language of a text that is not English in whole or in a large part, or None."""
    every = _WORD.findall(text)
    if not every:
        return None
    unspaced = [m.span() for m in _UNSPACED.finditer(text)]
    share = sum(e - s for s, e in unspaced) / max(1, sum(c.isalpha() for c in text))
    if share >= FOREIGN_SHARE:
        return _named(text, unspaced, share, _identified(_joined(text, unspaced)))
    doubted = _doubted(text, every)
    if _count(text, doubted) < FOREIGN_SHARE * len(every):
        return None
    joined = _joined(text, doubted)
    code = _latin_language(joined) if _latin(joined) else _identified(joined)
    if code is None:
        return None
    # Shorthand is doubted too, and short pieces of the other language are not: now that it is known, its own words say.
    told = [piece.span() for piece in _PIECE.finditer(text) if _in_language(piece[0], code)]
    share = _count(text, told) / len(every)
    return _named(text, told, share, code) if share >= FOREIGN_SHARE else None


def _in_language(piece: str, code: str) -> bool:
    words = _WORD.findall(piece)
    return bool(words) and (not _latin(piece) or _other_words(words)[code] > _english_words(words))


def _named(text: str, stretches: Sequence[tuple[int, int]], share: float, code: str) -> Language:
    name = "Hindi or Urdu" if code == HINDUSTANI else NAMES.get(code.removesuffix("-Latn"), UNKNOWN)
    start, end = stretches[0]
    start += len(text[start:end]) - len(text[start:end].lstrip())
    return Language(code, name, min(1.0, share), start, start + len(text[start:end].rstrip()))


def _joined(text: str, stretches: Sequence[tuple[int, int]]) -> str:
    return " ".join(text[s:e] for s, e in stretches)


def _count(text: str, stretches: Sequence[tuple[int, int]]) -> int:
    return sum(len(_WORD.findall(text[s:e])) for s, e in stretches)


def _identified(text: str) -> str:
    """Return the code of the language that the identifier is sure of, or "und"."""
    # Capitals are not a language: shouting is read in small letters.
    code, probability = _identifier().classify(text.lower() if text.isupper() else text)
    return str(code) if probability >= SURE else "und"


def _latin_language(text: str) -> str | None:
    """Return the code of the language whose function words stand in a text that is hardly English, or None."""
    words = _WORD.findall(text)
    different = _other_words(words)
    best = max(different, key=lambda code: different[code], default="")
    if different[best] < LEAST_FUNCTION_WORDS or 2 * different[best] <= sum(_counts(words)):
        return None
    code = _identified(text)
    if different[code] >= max(LEAST_FUNCTION_WORDS, different[best] / 2):
        return code
    plain = {word for word, codes in _codes(words).items() if best in codes}
    return best if sum(_plain(w) in plain for w in words) >= FUNCTION_SHARE * len(words) else None


def _doubted(text: str, every: Sequence[str]) -> list[tuple[int, int]]:
    """Return the pieces of text that are hardly English, or the whole where no piece is long enough to say."""
    pieces = [(piece.span(), _WORD.findall(piece[0])) for piece in _PIECE.finditer(text)]
    doubted = [span for span, words in pieces if len(words) >= LEAST_WORDS and _doubtful(words)]
    return [(0, len(text))] if not doubted and len(every) >= 3 and _doubtful(every) else doubted


def _doubtful(words: Sequence[str]) -> bool:
    english = _english_words(words)
    if english < ENGLISH_SHARE * len(words):
        return True
    return english < MIXED_SHARE * len(words) and _most(_other_words(words)) > english
