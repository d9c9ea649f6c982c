"""Email addresses. Presidio's own looks up a list of domains over the network; an address in a report need not be a real one."""

from service.deidentify.recognisers.base import Recogniser


class Email(Recogniser):
    ENTITY = "EMAIL"
    SCORE = 1.0
    EXPRESSIONS = (r"(?<![\w.+-])[\w.+-]{1,64}@(?:[\w-]{1,63}\.){1,5}[A-Z]{2,24}(?![\w-])",)
