"""Streets, with the number of the house where one is given: ``14b Station Road``, ``Flat 2, Mill Lane``."""

from service.deidentify.recognisers.base import Recogniser

_KINDS = "Road|Rd|Street|St|Lane|Ln|Avenue|Ave|Close|Drive|Dr|Crescent|Cres|Terrace|Way|Court|Place|Gardens|Grove|Square|Mews|Row|Walk|Hill|Rise|Parade|Gate|House|Estate"


class Street(Recogniser):
    """A capitalised name before a word for a street; capitals matter, or "the long road" would be one."""

    ENTITY = "STREET"
    ANY_CASE = False
    SCORE = 0.88
    EXPRESSIONS = (
        rf"(?<!\w)(?:(?:[Ff]lat|FLAT|[Nn]o\.?|[Nn]umber) ?\d{{1,4}}[A-Za-z]?,? )?(?:\d{{1,4}}[A-Za-z]?,? )?(?:[A-Z][a-z'’]+ ){{1,3}}(?:{_KINDS})(?!\w)",
        rf"(?<!\w)(?:FLAT \d{{1,4}},? )?\d{{1,4}}[A-Z]? (?:[A-Z'’]+ ){{1,3}}(?:{_KINDS.upper()})(?!\w)",
    )
