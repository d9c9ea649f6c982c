"""The shipped bundle, loaded once for these tests."""

import pytest

from models.assessor import Assessor


@pytest.fixture(scope="session")
def assessor() -> Assessor:
    """The shipped bundle."""
    return Assessor.load()
