"""Fixtures for the tests of crashes."""

from __future__ import annotations

import pytest

from tests.support.runs.sandbox_world import hurry


@pytest.fixture(autouse=True)
def _hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    hurry(monkeypatch)
