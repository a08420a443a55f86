from collections.abc import Iterator

import pytest

from cleaners.neardup import kernel


@pytest.fixture(autouse=True, scope="module")
def _arrays() -> Iterator[None]:
    """Every module begins with arrays: which code runs must not depend on how much text other tests have read."""
    kernel.unload()
    yield
    kernel.unload()
