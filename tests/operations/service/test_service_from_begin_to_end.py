"""The service from its begin to its end, with a worker that only notes what it is told to do."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from invsync_tui.operations.service import serve
from invsync_tui.operations.service.hooks import ListenAddress

DONE: list[str] = []


class Runner:
    """A worker with nothing to do; it is told to end while it works."""

    underway, turns = 1, 1

    def __init__(self, store: object, kind: str, *, limits: object, limits_now: Callable[[], object]) -> None:
        assert limits_now() == limits
        DONE.append(f"made {store} {kind} {limits}")

    async def run_forever(self) -> None:
        DONE.append("run forever")
        os.kill(os.getpid(), signal.SIGTERM)
        await asyncio.sleep(0.05)
        assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL  # the second one ends at once
        assert signal.getsignal(signal.SIGINT) is signal.SIG_DFL

    async def run_until_idle(self, seconds: float) -> None:
        DONE.append(f"run until idle for {seconds}")

    def stop(self) -> None:
        DONE.append("told to stop")


@pytest.fixture
def session(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Any]:
    """A session, beside a service whose parts note what they are asked."""
    DONE.clear()

    @asynccontextmanager
    async def serving(store: object, listening: object) -> AsyncIterator[None]:
        DONE.append(f"hooks of {store} at {listening and listening.place}")  # type: ignore[attr-defined]
        yield

    def listen(place: ListenAddress, what: str = "webhooks", option: str = "--hooks") -> Any:
        return SimpleNamespace(place=f"{place} for {what} by {option}")

    def metrics(path: object, listening: Any) -> Any:
        DONE.append(f"metrics at {listening and listening.place}")
        return nullcontext()

    notifier = SimpleNamespace(address="", every=None, send=lambda *lines: DONE.append(" ".join(lines)))
    monkeypatch.setattr("invsync_tui.sync.worker.Worker", Runner)
    monkeypatch.setattr("invsync_tui.sync.worker.prefer_throughput", lambda: DONE.append("throughput"))
    monkeypatch.setattr(serve, "_limits", lambda: "limits")
    monkeypatch.setattr("invsync_tui.operations.service.hooks.serving", serving)
    monkeypatch.setattr("invsync_tui.operations.service.hooks.listen", listen)
    monkeypatch.setattr("invsync_tui.operations.service.metrics_server.serving", metrics)
    monkeypatch.setattr(serve, "worker_alive", lambda path: True)
    monkeypatch.setattr("invsync_tui.operations.service.systemd.Notifier.of", lambda *_: notifier)
    allowed = lambda *given: DONE.append(f"may {given[0].value} {given[1]}")  # noqa: E731
    before = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)
    yield SimpleNamespace(path=tmp_path / "store.db", store="store", allow=allowed)
    signal.signal(signal.SIGTERM, before[0])
    signal.signal(signal.SIGINT, before[1])


def test_a_service_works_until_it_is_told_to_end(session: Any, caplog: pytest.LogCaptureFixture) -> None:
    said: list[serve.Serving] = []
    with caplog.at_level(logging.INFO, "invsync.service"):
        serve.serve(session, None, said.append, ListenAddress("127.0.0.1", 80), ListenAddress("127.0.0.1", 90))
    hooks, metrics = "127.0.0.1:80 for webhooks by --hooks", "127.0.0.1:90 for a monitor by --metrics"
    assert said == [serve.Serving(str(session.path), os.getpid(), "serve", True, hooks, metrics)]
    assert DONE[1:] == [
        f"metrics at {metrics}", "throughput", "made store serve limits", f"hooks of store at {hooks}", "run forever",
        "STOPPING=1 STATUS=Ending: 1 run comes to a safe point first", "told to stop", "STOPPING=1",
    ]  # fmt: skip
    assert DONE[0].startswith("may ") and DONE[0].endswith(" serve")
    events = [vars(record)["event"] for record in caplog.records if record.name == "invsync.service"]
    assert events == ["started", "ending", "ended"]


def test_a_detached_worker_works_until_there_is_nothing_to_do(session: Any) -> None:
    said: list[serve.Serving] = []
    serve.serve(session, 7.5, said.append)
    assert [(one.kind, one.hooks, one.metrics) for one in said] == [("detached", "", "")]
    assert DONE[1:] == [
        "metrics at None", "throughput", "made store detached limits", "hooks of store at None", "run until idle for 7.5",
        "STOPPING=1",
    ]  # fmt: skip


def test_a_service_says_in_its_log_that_the_store_is_on_a_network_disk(
    session: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("invsync_tui.store.file.disks.network_kind", lambda path: "nfs4")
    with caplog.at_level(logging.WARNING, "invsync.service"):
        serve.serve(session, 7.5, lambda _: None)
    (record,) = [record for record in caplog.records if record.name == "invsync.service"]
    assert vars(record)["event"] == "network_disk"
    assert f"{session.path}: this is on a network disk (nfs4)" in record.getMessage()


def test_retention_is_that_of_the_configuration_as_it_is_now(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    config = tmp_path / "config.toml"
    monkeypatch.setenv("INVSYNC_CONFIG", str(config))
    config.write_text("[retention]\nruns = 10\n")
    limits = serve._limits_now()
    assert limits is not None and limits.runs == 10
    config.write_text("[retention]\nruns = 0\naudit = 0\n")
    limits = serve._limits_now()
    assert limits is not None and limits.runs == 0
    # by one that cannot be read nothing is deleted
    config.write_text("[retention\n")
    assert serve._limits_now() is None
    assert "no old records are deleted" in caplog.text and "config.toml:1" in caplog.text
