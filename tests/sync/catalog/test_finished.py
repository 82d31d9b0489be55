"""A source is told once its download is committed, whether that was all of it or changes; an error of it costs nothing."""

from __future__ import annotations

import pytest

from invsync_tui.connectors.errors import ConnectorError, UnavailableError
from invsync_tui.connectors.sources.sandbox import SandboxSource
from tests.support.runs.sandbox_world import Town

Told = list[str]


@pytest.fixture
def told(pulled: Town, monkeypatch: pytest.MonkeyPatch) -> Told:
    """What the store had committed each time the source was told; an error in it is raised."""
    heard: Told = []

    async def finished(self: SandboxSource) -> None:
        state = pulled.bench.one("SELECT state FROM our_pull_generation ORDER BY id DESC LIMIT 1")
        heard.append(str(state))

    monkeypatch.setattr(SandboxSource, "finished", finished, raising=False)
    return heard


@pytest.mark.parametrize("full", [True, False])
async def test_a_source_is_told_after_the_commit(pulled: Town, told: Told, *, full: bool) -> None:
    run = await pulled.bench.pull(full=full)
    assert (run.state, told) == ("done", ["complete"])


async def test_a_download_that_fails_is_not_finished(pulled: Town, told: Told) -> None:
    pulled.wms.faults({"kind": "status", "status": 403, "path": "/levels"})
    run = await pulled.bench.pull(full=True)
    assert (run.state, told) == ("failed", [])


@pytest.mark.parametrize("error", [UnavailableError("The folder is full."), ConnectorError("no")])
async def test_an_error_of_being_told_is_a_warning_and_the_download_stands(
    pulled: Town, monkeypatch: pytest.MonkeyPatch, error: ConnectorError
) -> None:
    async def finished(self: SandboxSource) -> None:
        raise error

    monkeypatch.setattr(SandboxSource, "finished", finished, raising=False)
    sku = pulled.in_stock()[0]
    pulled.wms.set_level(sku, "EAST", 4321)
    run = await pulled.bench.pull(full=True)
    assert run.state == "done"
    assert pulled.bench.one("SELECT max(available) FROM our_level") == 4321
    warnings = pulled.bench.store.read("SELECT text FROM run_event WHERE run_id = ? AND level = 'warning'", (run.id,))
    assert any(error.what in text for (text,) in warnings)
