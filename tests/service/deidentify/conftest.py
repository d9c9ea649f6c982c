"""What one recogniser finds in a text."""

from collections.abc import Callable

import pytest

from service.deidentify import Deidentifier
from service.deidentify.recognisers.base import Recogniser


@pytest.fixture(scope="session")
def quotes() -> Callable[[type[Recogniser], str], list[str]]:
    def of(kind: type[Recogniser], text: str) -> list[str]:
        tool = kind()
        return [text[r.start : r.end] for r in tool.analyze(text, [kind.ENTITY])]

    return of


@pytest.fixture(scope="session")
def tool() -> Deidentifier:
    return Deidentifier()
