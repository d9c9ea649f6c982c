"""NHS numbers: ten digits, often written 3-3-4."""

from service.deidentify.recognisers.base import Recogniser


class NhsNumber(Recogniser):
    """The check digit is not asked for (Presidio's own asks): a number typed with a slip still identifies."""

    ENTITY = "NHS_NUMBER"
    SCORE = 0.75
    EXPRESSIONS = (r"(?<![\d+])[1-9]\d{2}[ -]?\d{3}[ -]?\d{4}(?!\d)",)
