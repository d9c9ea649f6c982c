"""Windows cover every token once as core, and offsets stay exact."""

from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer

from models.bundle import DEFAULT_BUNDLE
from models.windows import Windower

TOKENIZER = Tokenizer.from_file(str(DEFAULT_BUNDLE / "tokenizer.json"))
words = st.lists(
    st.sampled_from(["he", "followed", "stalking", "\U0001f600", "naïve", "07700", "!", "\n", "\u202e"]), max_size=120
)


@settings(max_examples=60, deadline=None)
@given(words=words, length=st.integers(8, 40), share=st.floats(0, 0.9))
def test_every_token_is_core_exactly_once_and_in_order(words: list[str], length: int, share: float) -> None:
    windower = Windower(TOKENIZER, length, int((length - 3) * share))
    text = " ".join(words)
    windows = windower.windows(text)
    core = [o for w in windows for o, c in zip(w.offsets, w.core, strict=True) if c]
    expected = TOKENIZER.encode(text, add_special_tokens=False).offsets
    assert core == [(0, 0), *expected]
    assert all(len(w.ids) <= length for w in windows)


def test_neighbouring_windows_overlap_as_told() -> None:
    windower = Windower(TOKENIZER, 20, 6)
    first, second, *_ = windower.windows("he followed me home " * 30)
    assert first.offsets[1:-1][-6:] == second.offsets[1:-1][:6]


def test_a_batch_is_padded_and_masked() -> None:
    windower = Windower(TOKENIZER, 20, 6)
    batch = windower.batch([windower.windows("he rang"), windower.windows("he followed me home " * 10)])
    assert batch.input_ids.shape == batch.attention_mask.shape == batch.core.shape
    assert batch.attention_mask[0].sum() == 4
    assert batch.membership.sum(axis=0).tolist() == [1.0] * batch.input_ids.shape[0]
