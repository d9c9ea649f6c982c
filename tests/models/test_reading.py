"""Decoding token probabilities into spans, on numbers made by hand."""

import numpy as np

from models.heads import TOKEN_COLUMNS, TOKEN_GROUPS, width
from models.reading import decode_spans
from nlp.taxonomy import CODE_NAMES, Status

TEXT = "he followed me home again today"
OFFSETS = [(0, 2), (3, 11), (12, 14), (15, 19), (20, 25), (26, 31)]


def logits(code: str, values: list[float], begins: list[int] = [], status: str = "asserted") -> np.ndarray:  # noqa: B006
    table = np.full((len(OFFSETS), width(TOKEN_GROUPS)), -6.0, dtype=np.float32)
    column = CODE_NAMES.index(code)
    p = np.clip(np.array(values), 0.01, 0.99)
    table[:, TOKEN_COLUMNS["in"].start + column] = np.log(p / (1 - p))
    for place in begins:
        table[place, TOKEN_COLUMNS["begin"].start + column] = 6.0
    table[:, TOKEN_COLUMNS["status"].start + list(Status).index(Status(status))] = 6.0
    return table


def quotes(table: np.ndarray) -> list[str]:
    return [TEXT[s.start : s.end] for s in decode_spans(TEXT, table, OFFSETS)]


def test_neighbouring_tokens_are_one_span_of_whole_words() -> None:
    (span,) = decode_spans(TEXT, logits("following", [0.1, 0.9, 0.9, 0.8, 0.1, 0.1]), OFFSETS)
    assert (TEXT[span.start : span.end], span.code, span.status) == ("followed me home", "following", Status.ASSERTED)
    assert span.tokens == (1, 4)


def test_a_likely_gap_is_bridged_and_an_unlikely_one_is_not() -> None:
    assert quotes(logits("following", [0.1, 0.9, 0.3, 0.8, 0.1, 0.1])) == ["followed me home"]
    assert quotes(logits("following", [0.1, 0.9, 0.05, 0.8, 0.1, 0.1])) == ["followed", "home"]


def test_a_scrap_that_is_never_sure_is_dropped() -> None:
    assert quotes(logits("following", [0.1, 0.5, 0.6, 0.5, 0.1, 0.1])) == []


def test_a_sure_beginning_cuts() -> None:
    assert quotes(logits("contact", [0.9] * 6, begins=[0, 3])) == ["he followed me", "home again today"]


def test_status_is_read_from_the_words_of_the_span() -> None:
    (span,) = decode_spans(TEXT, logits("following", [0.9] * 6, status="negated"), OFFSETS)
    assert span.status is Status.NEGATED
