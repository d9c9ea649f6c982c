"""Who does an act, to whom: read where the text says it plainly, left open where it does not."""

import pytest

from models.actors import Link, Person, link, many_actors
from nlp.taxonomy import Role

V, S, W = Role.VICTIM, Role.SUSPECT, Role.WITNESS


def linked(text: str, act: str, *persons: tuple[str, Role]) -> Link:
    found = [Person(text.index(q), text.index(q) + len(q), role) for q, role in persons]
    return link(text, [(text.index(act), text.index(act) + len(act))], sorted(found, key=lambda p: p.start))[0]


@pytest.mark.parametrize(
    ("text", "act", "persons", "actor"),
    [
        ("My ex followed me home", "followed me home", [("My ex", S)], S),
        ("IP rang SUSP forty times", "rang SUSP forty times", [("IP", V), ("SUSP", S)], V),
        ("I rang him twice on Friday", "rang him twice", [], V),
        ("I was followed home again", "followed home", [], None),
        ("I got a letter from him", "got a letter from him", [], None),
        ("Her sister then texted him", "texted him", [("Her sister", Role.OTHER)], Role.OTHER),
        ("He rang and rang", "rang and rang", [], None),
        ("My daughter is scared. I texted her ex", "texted her ex", [("My daughter", V)], W),
        ("IP sent 1p back each time", "sent 1p back", [("IP", V)], V),
        ("IP went to SUSP's house on Tuesday", "IP went to SUSP's house on Tuesday", [("IP", V), ("SUSP", S)], V),
        ("IP rang SUSP on Monday. IP followed SUSP to work", "IP rang SUSP on Monday. IP followed SUSP to work", [], V),
        ("I visited him at his flat", "visited him", [], V),
        ("I turned up at her work", "turned up at her work", [], V),
        ("I knocked on his door on Tuesday", "I knocked on his door", [], V),
        ("I waited outside their house", "waited outside their house", [], V),
        ("I drove past my ex's house", "drove past my ex's house", [], V),
        ("IP emailed SUSP twice", "emailed SUSP twice", [("IP", V)], V),
    ],
)
def test_actor(text: str, act: str, persons: list[tuple[str, Role]], actor: Role | None) -> None:
    assert linked(text, act, *persons).actor is actor


@pytest.mark.parametrize(
    ("text", "act", "persons"),
    [
        ("AP punched once to the mouth", "punched once", [("AP", V)]),
        ("SUSP threw a pint over IP then punched her", "punched her", [("SUSP", S), ("IP", V)]),
        ("IP's ex messaged him twice", "messaged him twice", [("IP", V)]),
        ("I crossed over and so did he", "I crossed over and so did he", []),
        ("I put my hand up and he punched me", "I put my hand up and he punched me", []),
        ("He said 'I text her every night'", "I text her", []),
        ("He told the doorman I text him", "I text him", []),
        ("If I rang him he would stop", "rang him", []),
        ("Liam wrote to me on 6 June", "Liam wrote to me", [("Liam", V)]),
        ("I went to my car and there was a note on it", "I went to my car and there was a note", []),
        ("IP went to her car and her tyres were flat", "IP went to her car and her tyres were flat", [("IP", V)]),
        ("I waited outside the school", "waited outside the school", []),
        ("IP rang SUSP on Monday. He came to her work", "IP rang SUSP on Monday. He came to her work", [("IP", V)]),
    ],
)
def test_no_act_is_called_the_injured_partys_own_where_it_may_be_another_s(
    text: str, act: str, persons: list[tuple[str, Role]]
) -> None:
    assert linked(text, act, *persons).actor is not V


def test_target_is_the_narrator_or_the_person_named() -> None:
    assert linked("My ex followed me home", "followed me home", ("My ex", S)).target is V
    assert linked("IP rang SUSP forty times", "rang SUSP", ("IP", V), ("SUSP", S)).target is S


def test_no_target_is_looked_for_in_the_next_sentence() -> None:
    assert linked("SUSP waited. My mum saw it", "waited", ("SUSP", S), ("My mum", W)).target is None
    assert linked("My ex waited outside. IP was in", "waited outside", ("My ex", S), ("IP", V)).target is None


def test_a_person_without_a_part_is_no_target() -> None:
    assert linked("SUSP followed Jane home", "followed Jane", ("SUSP", S), ("Jane", Role.NONE)).target is None


NAMES = ("Gavin Pryce", "Priya Shah", "Marek Novak", "Mei Lin")


def scattered(text: str, acts: list[str], names: tuple[str, ...] = NAMES) -> bool:
    persons = [Person(text.index(n), text.index(n) + len(n), Role.NONE) for n in names if n in text]
    return many_actors(text, [(text.index(a), text.index(a) + len(a)) for a in acts], persons)


def test_acts_of_many_people_once_each_are_nobodys_pattern() -> None:
    apart = ". ".join(f"{n} followed me home on {day} June" for day, n in enumerate(NAMES, 1))
    assert scattered(apart, [f"followed me home on {day}" for day in range(1, 5)])
    assert scattered(apart, [f"Pryce followed me home on {1}", *(f"followed me home on {day}" for day in range(2, 5))])
    assert scattered(apart, [apart]), "one mark may hold them all"


def test_one_person_told_of_twice_or_a_pronoun_may_be_a_pattern() -> None:
    apart = ". ".join(f"{n} followed me home on {day} June" for day, n in enumerate(NAMES, 1))
    assert not scattered(apart + ". He rang me", [apart, "He rang me"])
    assert not scattered(apart, [f"followed me home on {day}" for day in range(1, 4)]), "too few"
    assert not scattered("My ex followed me. " + apart, ["followed me.", apart], ("My ex", *NAMES))
