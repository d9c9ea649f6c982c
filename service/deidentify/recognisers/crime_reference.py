"""Crime, incident and custody references: ``CR/123456/26``, ``42/1234/26``, ``CAD 1216``, ``log 311``, ``CRN 6200012345``."""

from service.deidentify.recognisers.base import Recogniser


class CrimeReference(Recogniser):
    """Forces write them in many ways; slashes with a year, or a word that announces a number."""

    ENTITY = "CRIME_REFERENCE"
    SCORE = 0.9
    EXPRESSIONS = (
        r"(?<![\w/])[A-Z]{0,4}\d{0,4}[A-Z]{0,3}/\d{3,8}/\d{2,4}(?![\w/])",
        r"(?<!\w)(?:CAD|URN|CRN|CRIS|NICHE|STORM|incident|occurrence|crime|case|custody|ref|reference|log)"
        r"(?:\s?(?:no\.?|number|ref\.?|reference|log))?[\s:#]{0,2}[A-Z]{0,3}-?\d{3,11}(?:/\d{2,4})?(?!\w)",
    )
