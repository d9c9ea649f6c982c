"""Names and sexes in one form: the same report about other people is the same text to the encoder, and every position comes back to where it stood."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlp.pipeline import mark
from nlp.plain import Plain, plain


def read(text: str) -> Plain:
    marked = mark([text])[0]
    return plain(text, [(s, e) for s, e, label in marked.spans("mentions") if label.startswith("person")])


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("My ex Dean rings me every night. Dean sits outside.", "My ex Arjun rings me every night. Arjun sits outside."),
        ("IP Claire HARGREAVES states SUSP Lee BOOTH waited.", "IP Ama OKONKWO states SUSP Krzysztof NOWAK waited."),
        ("He follows her to the gym. He rang her mum.", "She follows him to the gym. She rang his dad."),
        ("My ex-husband waits. He has a knife.", "My ex-wife waits. She has a knife."),
    ],
)  # fmt: skip
def test_other_names_and_the_other_sexes_are_the_same_text(text: str, same: str) -> None:
    assert read(text).read == read(same).read


def test_roles_titles_and_places_keep_their_words() -> None:
    found = read("Caller states neighbour Mr Hughes filmed PC Shah at Whitby Road. SUSP known.").read
    assert found.startswith("Caller states neighbour Mr ") and "Hughes" not in found and "PC " in found
    assert "at Whitby Road. SUSP known." in found


def test_two_people_stay_two_and_a_name_keeps_its_letter_case() -> None:
    found = read("My ex Dean and his brother Liam came. DEAN shouted, then Liam did.").read
    first, second = found.split()[2], found.split()[6]
    assert first != second and f"{first.upper()} shouted, then {second} did" in found


def test_the_two_hundredth_person_is_not_the_first() -> None:
    names = [f"{a}{b}ron" for a in "BDFGKLMNPR" for b in ("a", "e", "i")]
    text = " ".join(f"IP {name} rang." for name in names)
    words = read(text).read.split()[1::3]
    assert len(set(words)) == len(names)


@given(st.text(max_size=40), st.sampled_from(["Dean", "DEAN", "Özgür", "Anne-Marie"]), st.text(max_size=40))
def test_every_position_comes_back(left: str, name: str, right: str) -> None:
    text = f"{left} {name} she {right}"
    found = plain(text, [(len(left) + 1, len(left) + 1 + len(name))])
    at = 0
    for start, end, new_start, new_end in found.moves:
        # What was not replaced is the same, character for character, and lies where it lay.
        assert found.read[at:new_start] == text[len(text[:start]) - (new_start - at) : start]
        assert found.back([(new_start, new_end)]) == [(start, end)]
        if new_end - new_start > 1:
            assert found.back([(new_start + 1, new_end)]) == [(start, end)], "a part stands for the whole word"
        at = new_end
    assert found.back([(0, len(found.read))]) == [(0, len(text))]
    assert found.back([(0, 0)]) == [(0, 0)]
