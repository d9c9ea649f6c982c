"""Through the one door: languages, stock text, bad dates, many people, what would change the answer, questions to send."""

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest

from models.actors import Link
from models.assessor import Assessor
from models.contracts import Assessment, Report
from models.decision import _blank, weakest
from models.findings import own_acts, role
from models.heads import ROLE_NAMES
from models.reading import FoundSpan
from models.what_if import SUPPOSITIONS, question_words, supposed
from nlp.taxonomy import BEHAVIOUR_NAMES, EntityType, Role, Status, Suggestion

REPORTED = datetime(2026, 11, 24, tzinfo=UTC)


def read(assessor: Assessor, text: str) -> Assessment:
    return assessor.assess(Report(reference="r", text=text, reported_at=REPORTED))


def codes(assessment: Assessment) -> list[str]:
    return [n.code for n in assessment.notes]


def test_another_language_is_said_and_nothing_is_guessed(assessor: Assessor) -> None:
    text = "Mój były mąż stoi pod moim domem każdej nocy i dzwoni do mnie z nowych numerów. Boję się wychodzić. 07700 900123"
    found = read(assessor, text)
    assert codes(found) == ["language"] and "Polish" in found.notes[0].text
    assert found.suggestion is Suggestion.ASK and "translation" in found.questions[0]
    assert not found.evidence and not found.rules and not found.points_for
    assert not found.read and all(0.05 < letter.probability < 0.95 for _, letter in found.four)
    assert [e.value for e in found.entities] == ["+447700900123"], "a number is a number in any language"


def test_a_part_in_another_language_is_said_and_asked_about(assessor: Assessor) -> None:
    text = (
        "Caller reports that her former husband was outside the address again tonight and left before police arrived at the scene. "
        "Powiedział mi że mnie znajdzie wszędzie gdzie pójdę i że nigdy nie odpuści."
    )
    found = read(assessor, text)
    assert "language" in codes(found) and "in part" in found.notes[0].text
    assert found.suggestion is not Suggestion.NO_CHANGE


def test_text_with_hardly_an_english_word_is_asked_about(assessor: Assessor) -> None:
    found = read(assessor, "xwz ntr bklt qrst mnvp dfgh jklp wrtz vbnm kdsf")
    assert codes(found) == ["few_english_words"] and found.suggestion is not Suggestion.NO_CHANGE


def act(start: int, status: Status = Status.ASSERTED) -> FoundSpan:
    return FoundSpan(start, start + 5, "contact", status, (start, start + 1))


def test_the_injured_partys_own_calls_are_not_counted() -> None:
    theirs, his, denied = act(0), act(10), act(20, Status.NEGATED)
    assert own_acts([theirs, his, denied], [Link(Role.VICTIM), Link(), Link()]) == [theirs]


def test_a_writer_whose_acts_alone_are_told_may_be_the_suspect_and_they_count() -> None:
    assert own_acts([act(0), act(10, Status.NEGATED)], [Link(Role.VICTIM), Link(Role.SUSPECT)]) == []


def test_acts_of_the_injured_party_in_police_words_are_never_the_suspects() -> None:
    assert own_acts([act(0)], [Link(Role.VICTIM)], written=False) == [act(0)]


@pytest.mark.parametrize(
    "text",
    [
        "IP rang SUSP 40 times on Monday. IP went to SUSP's house on Tuesday. IP followed SUSP to work on Wednesday.",
        "Officer told her: if he follows you or waits outside ring 999.",
        "No CCTV. No witnesses. Suspect not identified. Case closed.",
        "My ex-wife says I have been following her and turning up at her work three times. That is not true. I have not seen her since March.",
    ],
)
def test_where_no_act_of_another_person_is_asserted_no_occasion_and_no_pattern_is_claimed(
    assessor: Assessor, text: str
) -> None:
    found = read(assessor, text)
    assert found.occasions.at_least == 0
    assert not any(r.applies for r in found.rules)
    assert not set(BEHAVIOUR_NAMES) & {p.code for p in found.points_for}
    assert found.suggestion is not Suggestion.REVIEW


def test_the_injured_partys_own_acts_are_no_point_for(assessor: Assessor) -> None:
    text = "IP rang SUSP 40 times on Monday. IP went to SUSP's house on Tuesday. SUSP followed IP to work on Wednesday."
    found = read(assessor, text)
    quotes = [e.quote for p in found.points_for for e in p.evidence if p.code in BEHAVIOUR_NAMES]
    assert quotes and not any(q.startswith("IP ") for q in quotes)
    assert found.occasions.at_least == 1
    alone = read(assessor, text.partition(" SUSP followed")[0])
    assert [p.text for p in alone.points_against if p.code == "no_act"] == [
        "No act of another person was found in the text."
    ]
    assert all(e.target is not Role.NONE and e.actor is not Role.NONE for e in found.evidence)


def test_a_text_that_tells_of_no_act_says_so(assessor: Assessor) -> None:
    assert codes(read(assessor, "Caller would like advice about her tenancy and the deposit.")) == ["no_conduct"]
    assert codes(read(assessor, "He has not followed her and has not rung her.")) == [], "a denial tells of conduct"


def breach(assessor: Assessor, text: str) -> tuple[bool, str]:
    rule = next(r for r in read(assessor, text).rules if r.name.startswith("Breach"))
    return rule.applies, rule.why


@pytest.mark.parametrize(
    "text",
    [
        "SUSP has a restraining order until 2030. On Sunday he waited outside IP's flat and rang her eleven times.",
        "He waited outside her house on Sunday despite the restraining order.",
        "DP on bail not to contact IP. He sent her a letter on Tuesday and stood outside the school on Wednesday.",
        "SUSP rang her twice on Friday. He breached his bail.",
        "He rang her on 12 March. He had been given a harassment warning on 9 March.",
    ],
)
def test_an_act_after_an_order_is_told_as_a_breach(assessor: Assessor, text: str) -> None:
    applies, why = breach(assessor, text)
    assert applies and ("not an offence by itself" in why) is ("bail" in text)


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        ("SUSP rang her twice on 3 March. On 9 March he was given a harassment warning.", "after the order"),
        ("He waited outside my work on Monday. I want to get a restraining order.", "that stands"),
        ("He has a restraining order. He has not breached the order.", "after the order"),
        ("Piotr Wolny holds a restraining order against me. On 2 June he came into the shop.", "that stands"),
    ],
)
def test_a_breach_rule_says_what_is_missing(assessor: Assessor, text: str, missing: str) -> None:
    applies, why = breach(assessor, text)
    assert not applies and missing in why


def test_stock_text_describes_no_conduct(assessor: Assessor) -> None:
    found = read(assessor, "NFA. No lines of enquiry. Victim updated and happy with outcome. Crime filed.")
    assert codes(found) == ["boilerplate"] and found.suggestion is Suggestion.ASK
    assert found.occasions.at_least == 0 and not any(r.applies for r in found.rules)


def test_bad_dates_are_said_with_their_words(assessor: Assessor) -> None:
    text = "He came on 31 February, on 03/25/2026, on Wednesday 6 August 2026 and on 12/12/2027, and told her so."
    notes = {n.code: [e.quote for e in n.evidence] for n in read(assessor, text).notes}
    assert set(notes) == {"date_impossible", "date_foreign", "date_contradiction", "date_future"}
    assert "31 February" in notes["date_impossible"][0]


def test_two_hundred_people_are_read(assessor: Assessor) -> None:
    names = [f"{a} {b}" for a in ("Hannah", "Gavin", "Priya", "Marek", "Jory", "Tanya", "Kwame", "Mei", "Owen", "Ruta") for b in
             ("Treloar", "Pryce", "Boon", "Nance", "Shah", "Novak", "Mensah", "Lin", "Kent", "Reid", "Hall", "Ford", "Cole", "Bell", "Page", "Lowe", "Nash", "Gill", "Bond", "Moss")]  # fmt: skip
    found = read(assessor, "At the meeting were " + ", ".join(names) + ". My ex followed me home from it.")
    assert sum(e.type is EntityType.PERSON for e in found.entities) >= 100


def test_roles_and_times_are_normalised(assessor: Assessor) -> None:
    found = read(
        assessor, "IP Hannah TRELOAR states her ex-partner Jory NANCE followed her home last Tuesday. PC 883 attended."
    )
    people = {e.quote: e.role for e in found.entities if e.type is EntityType.PERSON}
    assert (
        people["Hannah TRELOAR"] is Role.VICTIM
        and people["Jory NANCE"] is Role.SUSPECT
        and people["PC 883"] is Role.OFFICER
    )
    assert "2026-11-17" in [e.value for e in found.entities if e.type is EntityType.TIME]


@pytest.mark.parametrize(
    ("text", "change", "then"),
    [
        (
            "My ex followed me home on Monday, Wednesday and Friday and waits outside my work. I told him to stop and blocked him.",
            "If it had all happened on one occasion.",
            {Suggestion.NO_CHANGE},
        ),
        (
            "My ex boyfriend followed me home from work last night. I told him to leave me alone. Nothing like this has happened before.",
            "If it had happened on three separate days or more.",
            {Suggestion.REVIEW, Suggestion.ASK},
        ),
    ],
)
def test_what_would_change_a_clear_answer_is_told(
    assessor: Assessor, text: str, change: str, then: set[Suggestion]
) -> None:
    found = read(assessor, text)
    told = {c.text: c.suggestion for c in found.would_change}
    assert told[change] in then - {found.suggestion}


def test_where_no_act_is_said_to_have_happened_nothing_is_supposed(assessor: Assessor) -> None:
    assert read(assessor, "Officer told her: if he follows you or waits outside ring 999.").would_change == []


def test_the_impression_follows_only_where_the_fact_that_held_the_report_back_is_settled() -> None:
    one = _blank()
    one.document["occasions"][:] = -5.0
    one.document["four"][:] = 3.0
    one.document["against"][:] = -4.0
    one.document["label"][0] = -6.0
    one.marks[:] = 4.0
    by_text = {s.text: s for s in SUPPOSITIONS}
    often = supposed(one, by_text["If it had happened on three separate days or more"])
    assert often.document["label"][0] == pytest.approx(weakest(often, impression=False))
    plain = supposed(one, by_text["If the person had made plain that it is unwanted"])
    assert plain.document["label"][0] == -6.0, "that fact did not hold it back"
    once = supposed(one, by_text["If it had all happened on one occasion"])
    assert once.document["label"][0] == -6.0


def test_a_question_is_one_of_the_written_ones(assessor: Assessor) -> None:
    found = read(assessor, "She thinks someone may be watching her but has not seen anyone.")
    known = set(question_words().values())
    assert all(q in known for q in found.questions) and len(found.questions) <= 2
    assert found.suggestion is not Suggestion.REVIEW


def test_an_act_told_in_a_sentence_that_opens_like_a_form_is_read(assessor: Assessor) -> None:
    story = "Update: my ex has followed me home on three nights this week and waited outside my work every day."
    found = read(assessor, story)
    assert found.occasions.at_least >= 2 and found.points_for and "boilerplate" not in codes(found)
    assert codes(read(assessor, "Update: no further action. Caller was advised.")) == ["boilerplate"]


def test_a_day_is_that_of_the_clock_in_the_united_kingdom(assessor: Assessor) -> None:
    text = "He followed me home yesterday."
    for moment in ("2026-06-04T23:30:00Z", "2026-06-05T00:30:00+01:00", "2026-06-05T00:30:00", "2026-06-05"):
        report = Report.model_validate({"reference": "r", "text": text, "reported_at": moment})
        assert [e.date for e in assessor.assess(report).occasions.timeline] == ["2026-06-04"], moment


def test_a_person_has_a_part_only_where_it_is_sure() -> None:
    states = np.zeros((3, 4), dtype=np.float32)
    likely = np.full((3, len(ROLE_NAMES)), 0.05, dtype=np.float32)
    likely[0, ROLE_NAMES.index("suspect")] = 0.8
    likely[1, ROLE_NAMES.index("suspect")] = 0.5
    reading = replace(_blank(), states=states, offsets=[(0, 4), (5, 9), (10, 14)], roles=likely)
    assert role(0, 4, Role.VICTIM, reading) is Role.SUSPECT, "the reader is sure"
    assert role(5, 9, Role.VICTIM, reading) is Role.NONE, "they differ and neither is sure"
    assert role(5, 9, Role.SUSPECT, reading) is Role.SUSPECT, "they agree"
    assert role(10, 14, Role.OFFICER, reading) is Role.OFFICER, "a rank is exact"


def test_the_record_is_set_beside_the_text(assessor: Assessor) -> None:
    text = "My ex Dean followed me to work on Monday 2 November. On 9 November he waited outside the gym. On 16 November he followed my bus home."
    day = datetime(2026, 11, 16, 8, tzinfo=UTC)
    found = assessor.assess(Report(reference="r", text=text, reported_at=REPORTED, occurred_from=day, occurred_to=day))
    assert codes(found)[-2:] == ["recorded_as_one_day", "outside_recorded_days"]
    assert "2 November" in found.notes[-1].evidence[0].quote
