"""Limits of hours and days: what was spent is known after a restart, to several processes, and the wait has a name."""

from __future__ import annotations

import json
import multiprocessing
from pathlib import Path

import pytest

from invsync_tui import clock
from invsync_tui.connectors.base import Connection
from invsync_tui.connectors.errors import DeferredError, NotConfiguredError
from invsync_tui.connectors.http import HttpConnection
from invsync_tui.connectors.network.quotas import DAY, HOUR, NamedLimit, NamedLimits, QuotaStore
from invsync_tui.sync.connections import with_tokens
from tests.support.servers.sandbox import sandbox_wms

DAILY = NamedLimit("requests per day", 10, DAY)
AT = 1_760_000_000.0


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    moment = [AT]
    monkeypatch.setattr(clock, "now", lambda: moment[0])
    return moment


def store(folder: Path) -> QuotaStore:
    return QuotaStore(folder / "tokens" / "quota.json")


def test_a_days_budget_is_not_forgotten_by_a_restart(tmp_path: Path, now: list[float]) -> None:
    assert [store(tmp_path).take(DAILY, 1) for _ in range(10)] == [0.0] * 10
    wait = store(tmp_path).take(DAILY, 1)
    assert DAY <= wait <= DAY + DAY / 12
    now[0] += DAY / 2
    assert store(tmp_path).take(DAILY, 1) == pytest.approx(wait - DAY / 2)
    now[0] += DAY
    assert store(tmp_path).take(DAILY, 1) == 0.0
    assert store(tmp_path).spent(DAILY) == 1


def test_no_stretch_of_a_day_has_more_than_the_limit(tmp_path: Path, now: list[float]) -> None:
    taken: list[float] = []
    for _ in range(400):
        if store(tmp_path).take(DAILY, 1) == 0.0:
            taken.append(now[0])
        now[0] += 1723
    assert len(taken) > 50
    assert max(sum(start <= at < start + DAY for at in taken) for start in taken) <= 10


def test_a_refused_request_spends_nothing(tmp_path: Path, now: list[float]) -> None:
    assert store(tmp_path).take(DAILY, 8) == 0.0
    assert store(tmp_path).take(DAILY, 3) > 0
    assert store(tmp_path).take(DAILY, 2) == 0.0


def test_a_clock_that_was_far_ahead_stops_nothing_for_long(tmp_path: Path, now: list[float]) -> None:
    now[0] += 400 * DAY
    assert store(tmp_path).take(DAILY, 10) == 0.0
    now[0] = AT
    assert store(tmp_path).take(DAILY, 1) == 0.0


@pytest.mark.parametrize("content", ["{", "[]", '{"a": 1}', '{"a": {"1": "x"}}'])
def test_a_broken_file_is_no_empty_one(tmp_path: Path, content: str) -> None:
    (tmp_path / "tokens").mkdir()
    (tmp_path / "tokens" / "quota.json").write_text(content)
    with pytest.raises(NotConfiguredError, match="cannot be kept"):
        store(tmp_path).take(DAILY, 1)


def _spend(folder: str, count: int) -> None:
    big = NamedLimit("many", 1000, DAY)
    for _ in range(count):
        QuotaStore(Path(folder) / "tokens" / "quota.json").take(big, 1)


def test_several_processes_share_one_budget(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    others = [context.Process(target=_spend, args=(str(tmp_path), 20)) for _ in range(3)]
    for other in others:
        other.start()
    for other in others:
        other.join()
    counts = json.loads((tmp_path / "tokens" / "quota.json").read_text())
    assert sum(counts["many"].values()) == 60


async def test_pieces_are_taken_and_the_last_ones_singly(tmp_path: Path, now: list[float]) -> None:
    limit = NamedLimit("per hour", 401, HOUR)
    mine = NamedLimits(store(tmp_path), [limit])
    assert (await mine.wait_for("GET", "/"), store(tmp_path).spent(limit)) == ((0.0, ""), 2)
    for _ in range(400):
        assert await mine.wait_for("GET", "/") == (0.0, "")
    wait, name = await mine.wait_for("GET", "/")
    assert wait > 0 and name == "per hour"


async def test_a_limit_of_one_operation_stops_that_operation_alone(tmp_path: Path) -> None:
    with sandbox_wms(4) as wms:
        connection = with_tokens(wms.connection(), tmp_path / "store.db", "source-1")
        for _ in range(2):  # as after a restart
            http = HttpConnection(connection)
            http.headers["authorization"] = "Bearer sandbox"
            http.limit_also(NamedLimit("reports per day", 1, DAY, lambda method, path: path.startswith("/products")))
            await http.read("GET", "/warehouses")
            if _ == 0:
                await http.read("GET", "/products")
            else:
                with pytest.raises(
                    DeferredError, match=r"The limit 'reports per day' is spent; it asks to wait for 2[45] h"
                ) as late:
                    await http.read("GET", "/products")
                assert (late.value.retry_after or 0) > 23 * HOUR
            await http.close()


def test_connections_that_share_limits_share_what_was_spent(tmp_path: Path) -> None:
    one, other = (Connection(name, "rest", "http://a", limit_key="same") for name in ("A", "B"))
    files = {str(with_tokens(each, tmp_path / "s.db", each.name).quotas.path) for each in (one, other)}  # type: ignore[union-attr]
    assert len(files) == 1
    assert with_tokens(one, tmp_path / "s.db", "A", read_only=True).quotas.path is None  # type: ignore[union-attr]
