"""Fixtures of the desk's tests: an archive with flags and suspected passages."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from flows.settings import Settings
from tests.flows.archives import make_archive


@pytest.fixture
def archive(tmp_path: Path) -> Settings:
    return make_archive(tmp_path / "out")


@pytest.fixture
def publish(archive: Settings) -> Callable[..., Settings]:
    """Publish the archive again, with other people in it."""
    return lambda people, run_id: make_archive(archive.folder, people, run_id=run_id)
