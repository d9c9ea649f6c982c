"""UK telephone numbers, with or without +44, however spaced; and foreign ones with a plus."""

from service.deidentify.recognisers.base import Recogniser


class Phone(Recogniser):
    ENTITY = "PHONE"
    SCORE = 0.85
    EXPRESSIONS = (
        r"(?<![\w+])(?:(?:\+|00)44[\s-]?(?:\(0\)[\s-]?)?|\(?0)[1-9](?:[\s()-]{0,2}\d){7,9}(?!\w)",
        r"(?<![\w+])\+\d(?:[\s()-]{0,2}\d){8,13}(?!\w)",
        r"(?<!\w)(?:ending|ends)(?: in| with)?\s\d{3,4}(?!\w)",
    )
