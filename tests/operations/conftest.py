"""A shelf for each test, and orders that start no worker."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from invsync_tui.operations.runs import request as run_request
from tests.support.stores.products_store import Shelf, shelf


@pytest.fixture
def acme(tmp_path: Path) -> Iterator[Shelf]:
    our_shelf = shelf(tmp_path)
    yield our_shelf
    our_shelf.bench.store.close()


@pytest.fixture(autouse=True)
def _no_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_request, "ensure_worker", lambda _: False)
