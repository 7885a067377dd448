"""What several tests of the kit begin with."""

from collections.abc import AsyncIterator

import pytest
from tests.core.kit.probing import Log

from parlour.kit.settings import Settings


@pytest.fixture
async def log(empty: Settings) -> AsyncIterator[Log]:
    """A log to write to, with a project of its own."""
    opened = Log(empty)
    await opened.open()
    yield opened
    await opened.close()
