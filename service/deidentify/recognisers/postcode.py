"""Postcodes (Royal Mail, "Programmers' guide to the Postcode Address File"), in capitals or not."""

from service.deidentify.recognisers.base import Recogniser


class Postcode(Recogniser):
    ENTITY = "POSTCODE"
    SCORE = 0.9
    EXPRESSIONS = (r"(?<!\w)[A-PR-UWYZ][A-HK-Y]?\d[A-HJKMNPR-Y\d]?\s?\d[ABD-HJLNP-UW-Z]{2}(?!\w)",)
