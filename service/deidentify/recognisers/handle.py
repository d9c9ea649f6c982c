"""Names of accounts: ``@ghost.pacer``, ``callum_m_runs``, ``user name: nightowl77``."""

from service.deidentify.recognisers.base import Recogniser


class Handle(Recogniser):
    """An at sign, a word with an underscore, or a name that the text announces as one of an account."""

    ENTITY = "HANDLE"
    SCORE = 0.7
    EXPRESSIONS = (
        r"(?<![\w@.])@[A-Z0-9_][A-Z0-9_.]{1,29}(?<!\.)",
        r"(?<![\w@])[A-Z0-9]{2,}(?:_[A-Z0-9]+)+(?!\w)",
        r"(?<=username )[\"'“‘]?[\w.]{3,30}(?<!\.)",
        r"(?<=user name )[\"'“‘]?[\w.]{3,30}(?<!\.)",
    )
