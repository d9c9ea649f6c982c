"""What the recognisers share: a name, patterns, a fixed score."""

from __future__ import annotations

import re
from typing import ClassVar

from presidio_analyzer import Pattern, PatternRecognizer


class Recogniser(PatternRecognizer):  # type: ignore[misc,unused-ignore]
    """A recogniser of one ENTITY by patterns. ``ANY_CASE``: whether capitals matter. ``SCORE``: who wins where two overlap, in [0, 1]."""

    ENTITY: ClassVar[str]
    EXPRESSIONS: ClassVar[tuple[str, ...]]
    ANY_CASE: ClassVar[bool] = True
    SCORE: ClassVar[float] = 0.8

    def __init__(self) -> None:
        patterns = [Pattern(self.ENTITY, expression, self.SCORE) for expression in self.EXPRESSIONS]
        flags = re.IGNORECASE if self.ANY_CASE else re.NOFLAG
        super().__init__(self.ENTITY, name=type(self).__name__, patterns=patterns, global_regex_flags=flags)
