"""A store with one merchant, for commands."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from invsync_tui.operations.runs import request as run_request
from invsync_tui.operations.views import NO_SERVICE, ServiceState
from tests.support.operations.rights import Scene
from tests.support.stores.products_store import Shelf, shelf


@pytest.fixture
def acme(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shelf]:
    our_shelf = shelf(tmp_path)
    at_work = replace(NO_SERVICE, state=ServiceState.RUNNING)
    monkeypatch.setattr("invsync_tui.operations.service.workers.service", lambda _: at_work)
    monkeypatch.setattr(run_request, "ensure_worker", lambda _: False)
    monkeypatch.setattr("asyncio.run", lambda work: work.close())
    monkeypatch.setattr("invsync_tui.operations.service.log.start", lambda *_: None)
    Scene(our_shelf)
    yield our_shelf
    our_shelf.bench.store.close()
