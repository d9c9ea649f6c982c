"""The whole: Presidio's analyser, spaCy's model and the recognisers on a text."""

from service.deidentify import Deidentifier

TEXT = (
    "IP Denise Harker (DOB 12/03/1980) of 14b Station Road, Hull HU1 2AB states her ex Ryan Cole rang from 07700 900123. Ryan's car is AB12 CDE. "
    "Ref 42/1234/26, NHS 943 476 5919, NI AB 12 34 56 C, mail r.cole@web.example, posts as callum_m_runs. RYAN came to Hull on Monday."
)
SECRET = (
    "Denise",
    "Harker",
    "1980",
    "14b",
    "Station",
    "Hull",
    "HU1",
    "Ryan",
    "Cole",
    "900123",
    "AB12",
    "1234",
    "943",
    "476",
    "5919",
    "r.cole",
    "callum",
    "RYAN",
)


def test_nothing_that_identifies_is_left_and_the_rest_is_as_it_was(tool: Deidentifier) -> None:
    done = tool.deidentify(TEXT)
    assert not [word for word in SECRET if word in done.rewritten.text]
    assert done.rewritten.text.endswith("on Monday.")
    assert {"PERSON", "PHONE", "POSTCODE", "VEHICLE", "NHS_NUMBER", "NATIONAL_INSURANCE", "EMAIL", "HANDLE"} <= set(
        done.replaced
    )
    start = TEXT.index("rang from 07700 900123")
    new = done.rewritten.text[slice(*done.rewritten.move(start, start + len("rang from 07700 900123")))]
    assert new == "rang from 07700 900001"


def test_capitals_are_read_too_and_ordinary_words_stay(tool: Deidentifier) -> None:
    done = tool.deidentify("DENISE HARKER STATES THAT RYAN COLE HAS BEEN OUTSIDE HER WORK. ASSAULT NOT ALLEGED.")
    assert "HARKER" not in done.rewritten.text
    assert "OUTSIDE HER WORK. ASSAULT NOT ALLEGED." in done.rewritten.text


def test_hostile_text_is_survived(tool: Deidentifier) -> None:
    for text in ("@" * 5000, "0" * 5000, "A1" * 3000, "Ryan " * 2000, "\u202eRyan\u202c 🙂 İSTANBUL"):
        done = tool.deidentify(text)
        assert done.rewritten.move(0, len(text)) == (0, len(done.rewritten.text))


def test_a_month_stays_and_a_person_of_that_name_does_not(tool: Deidentifier) -> None:
    text = "In May he rang May Cooper twice, and on Fridays he waited outside. Someone saw him on 3 June."
    done = tool.deidentify(text).rewritten.text
    assert done.startswith("In May he rang ") and "Cooper" not in done and "rang May" not in done
    assert "on Fridays" in done and "Someone" in done and "3 June" in done
