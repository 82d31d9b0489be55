"""Fixtures for the tests of the connectors."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.loop_watch import watching


@pytest.fixture(autouse=True)
def _no_step_holds_up_the_loop(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for _ in watching(monkeypatch, everything=True):
        yield
