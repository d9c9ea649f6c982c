"""One person or place has one surrogate throughout a report."""

from service.deidentify.surrogates import PEOPLE, Surrogates


def test_one_person_stays_one_person_and_keeps_title_ending_and_case() -> None:
    text = "Mr Ryan Cole rang. RYAN's car. Denise saw ryan."
    names = Surrogates(text)
    whole = names.replace("PERSON", "Mr Ryan Cole")
    title, first, _ = whole.split()
    assert title == "Mr"
    assert names.replace("PERSON", "RYAN's") == first.upper() + "'s"
    assert names.replace("PERSON", "ryan") == first.lower()
    assert names.replace("PERSON", "Denise") not in whole


def test_a_name_already_in_the_report_is_not_used_again() -> None:
    here = PEOPLE[:-1]
    assert Surrogates(f"{' and '.join(here)} rang").replace("PERSON", "Ryan") == PEOPLE[-1]


def test_the_first_person_of_one_report_is_another_than_that_of_the_next() -> None:
    first = {Surrogates(f"Ryan rang {n} times.").replace("PERSON", "Ryan") for n in range(20)}
    assert len(first) > 5, "a real name that was missed must not stand out"
    assert Surrogates("Ryan rang.").replace("PERSON", "Ryan") == Surrogates("Ryan rang.").replace("PERSON", "Ryan")


def test_more_names_than_the_pool_holds_stay_apart() -> None:
    names = Surrogates("")
    letters = "abcdefghijklmnopqrstuvwxyz"
    new = {names.replace("PERSON", f"X{a}{b}") for a in letters[:10] for b in letters[:20]}
    assert len(new) == 200


def test_the_same_number_written_otherwise_is_the_same() -> None:
    numbers = Surrogates("")
    first = numbers.replace("PHONE", "07700 123456")
    assert numbers.replace("PHONE", "07700-123-456") == first == "07700 900001"
    assert numbers.replace("PHONE", "01134 960000") == "07700 900002"
    assert numbers.replace("CRIME_REFERENCE", "42/1234/26") == "00/0000/01"
