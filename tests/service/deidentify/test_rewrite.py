"""Replacing stretches of text with offsets carried through exactly."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.deidentify.rewrite import Edit, rewrite


@given(st.data())
def test_every_offset_outside_an_edit_is_carried_through_exactly(data) -> None:
    text = data.draw(st.text(min_size=1, max_size=40))
    cuts = sorted(data.draw(st.sets(st.integers(0, len(text)), max_size=8)))
    edits = [Edit(a, b, data.draw(st.text(max_size=6))) for a, b in zip(cuts[::2], cuts[1::2], strict=False)]
    done = rewrite(text, edits)
    inside = {i for e in edits for i in range(e.start, e.end)}
    for start in range(len(text)):
        for end in range(start + 1, len(text) + 1):
            if not inside & set(range(start, end)):
                new_start, new_end = done.move(start, end)
                assert done.text[new_start:new_end] == text[start:end]


def test_a_span_that_cuts_an_edit_is_widened_to_the_whole_of_it() -> None:
    done = rewrite("Ryan Cole rang Denise", [Edit(0, 9, "Alex Robin"), Edit(15, 21, "Sam")])
    start, end = done.move(5, 18)
    assert done.text[start:end] == "Alex Robin rang Sam"


def test_edits_that_overlap_are_refused() -> None:
    with pytest.raises(ValueError, match="overlap"):
        rewrite("abcdef", [Edit(0, 3, "x"), Edit(2, 4, "y")])
