"""Vehicle registrations (DVLA INF104): current style in any case, prefix and suffix styles in capitals only."""

from service.deidentify.recognisers.base import Recogniser


class Vehicle(Recogniser):
    """Prefix and suffix styles need their capitals: "a20 min" and "was 20 a" are no registrations."""

    ENTITY = "VEHICLE"
    ANY_CASE = False
    SCORE = 0.82
    EXPRESSIONS = (
        r"(?<!\w)[A-HJ-PR-Ya-hj-pr-y]{2}\d{2}[\s-]?[A-HJ-PR-Za-hj-pr-z]{3}(?!\w)",
        r"(?<!\w)[A-HJ-NPR-TV-Y]\d{1,3}[\s-]?(?!AND|THE|FOR|HAS|HER|ARE|BUT|OFF)[A-HJ-PR-Y][A-HJ-PR-Z]{2}(?!\w)",
        r"(?<!\w)(?!AND|THE|FOR|HAS|HER|ARE|BUT|CAD|LOG|REF|WAS|AGE|FLAT)[A-HJ-PR-Z]{3}[\s-]?\d{1,3}[A-HJ-NPR-TV-Y](?!\w)",
    )
