"""Fixtures for the tests of the sync."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.support.clocks.loop_watch import watching
from tests.support.runs.sandbox_world import Town, hurry, town


@pytest.fixture(autouse=True)
def _hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    hurry(monkeypatch)


@pytest.fixture(autouse=True)
def _no_step_holds_up_the_loop(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for _ in watching(monkeypatch):
        yield


@pytest.fixture
async def synced(tmp_path: Path) -> AsyncIterator[Town]:
    """A town where the cart shows what the WMS has."""
    with town(tmp_path) as our_town:
        assert (await our_town.bench.pull()).state == "done"
        assert (await our_town.bench.push(our_town.cart_id)).state == "done"
        yield our_town


@pytest.fixture
async def pulled(tmp_path: Path) -> AsyncIterator[Town]:
    """A town whose stock is known, and whose cart was never pushed to."""
    with town(tmp_path) as our_town:
        assert (await our_town.bench.pull()).state == "done"
        yield our_town
