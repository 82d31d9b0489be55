"""Downloads of systems that allow fewer requests an hour than a download takes: each part goes on where the last one ended."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from invsync_tui import clock
from invsync_tui.store.runs.records import RunRow
from tests.support.connectors.rest_example import connection
from tests.support.servers.http_stub import Answer, Request, Stub, as_json, stub_server
from tests.support.stores.merchant_store import Bench

HOUR = 3600
TEXT = """
requests_per_hour = 4

[page]
style = "offset"
parameter = "skip"
size = "n"
limit = 2

[products]
path = "/items"
list = "data"
total = "total"
fields = { ref = "id", sku = "sku" }

[levels]
path = "/stock"
list = "data"
total = "total"
fields = { product = "id", available = "qty" }
"""


def _newest(bench: Bench) -> RunRow:
    return bench.run(int(str(bench.one("SELECT max(id) FROM run WHERE kind = 'pull'"))))


def _serving(stub: Stub, records: list[dict[str, object]]) -> None:
    def answering(request: Request) -> Answer:
        start = int(parse_qs(urlsplit(request.path).query)["skip"][0])
        return as_json({"data": records[start : start + 2], "total": len(records)})

    stub.answering = answering


async def _goes_on(bench: Bench, patch: pytest.MonkeyPatch, seconds: int) -> RunRow:
    now, elapsed = clock.now, clock.elapsed
    patch.setattr(clock, "now", lambda: now() + seconds)
    patch.setattr(clock, "elapsed", lambda: elapsed() + seconds)
    await bench.work()
    return _newest(bench)


@pytest.mark.parametrize("deleted", [False, True])
async def test_a_download_that_takes_hours_comes_to_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, deleted: bool
) -> None:
    records: list[dict[str, object]] = [{"id": f"P{n}", "sku": f"S{n}", "qty": n} for n in range(10)]
    with stub_server() as stub:
        _serving(stub, records)
        bench = Bench.make(tmp_path)
        bench.add_merchant(connection(tmp_path, stub.url, TEXT))
        run = await bench.pull()
        assert run.state == "failed" and "requests per hour" in run.error
        # when two more hours have passed
        for at in range(2):
            if deleted and not at:
                del records[0]  # each later record is a place further in front
            assert _newest(bench).state == "requested"
            run = await _goes_on(bench, monkeypatch, HOUR + 200)
        # then each page was asked for once, and nothing counts as missing for what was deleted meanwhile
        assert run.state == "done", run.error
        assert len(stub.requests) == len({request.path for request in stub.requests}) == 10
        stock = "SELECT p.sku, l.available FROM our_level l JOIN product p ON p.id = l.product_id WHERE l.missing_since IS NULL"
        expected = {f"S{n}": n for n in range(10)}
        levels = dict(bench.store.read(stock))
        assert levels.items() <= expected.items() and len(levels) == (9 if deleted else 10) - deleted
        assert bench.one("SELECT count(*) FROM our_product WHERE missing_since IS NOT NULL") == 0
        bench.store.close()


async def test_a_part_of_long_ago_is_not_gone_on_with(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The service was away for half a day after the time that it was to wait for."""
    with stub_server() as stub:
        _serving(stub, [{"id": f"P{n}", "sku": f"S{n}", "qty": n} for n in range(10)])
        bench = Bench.make(tmp_path)
        bench.add_merchant(connection(tmp_path, stub.url, TEXT))
        await bench.pull()
        await _goes_on(bench, monkeypatch, 13 * HOUR)
        assert [request.path.partition("skip=")[2] for request in stub.requests].count("0") == 2
        bench.store.close()
