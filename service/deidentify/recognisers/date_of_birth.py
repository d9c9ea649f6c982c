"""Dates of birth: ``DOB 12/03/1980``, ``born 3 May 1979``. Other dates stay: the occasions of a report hang on them."""

from service.deidentify.recognisers.base import Recogniser


class DateOfBirth(Recogniser):
    """A date announced as one of birth; the announcing word is part of the match and is put back (surrogates.py)."""

    ENTITY = "DATE_OF_BIRTH"
    SCORE = 0.95
    EXPRESSIONS = (
        r"(?<!\w)(?:d\.?o\.?b\.?|date of birth|born(?: on)?)[\s:]{0,3}"
        r"(?:\d{1,2}[./-]\d{1,2}[./-]\d{2,4}|\d{1,2}(?:st|nd|rd|th)?\s[A-Za-z]{3,9},?\s\d{2,4})(?!\w)",
    )
