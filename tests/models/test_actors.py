"""Who does an act, to whom: read where the text says it plainly, left open where it does not."""

import pytest

from models.actors import Link, Person, link
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
    ],
)
def test_no_act_is_called_the_injured_partys_own_where_it_may_be_another_s(
    text: str, act: str, persons: list[tuple[str, Role]]
) -> None:
    assert linked(text, act, *persons).actor is not V


def test_target_is_the_narrator_or_the_person_named() -> None:
    assert linked("My ex followed me home", "followed me home", ("My ex", S)).target is V
    assert linked("IP rang SUSP forty times", "rang SUSP", ("IP", V), ("SUSP", S)).target is S
