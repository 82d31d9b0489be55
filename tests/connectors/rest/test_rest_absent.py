"""REST systems that leave out what is out of stock, as the defaults of many interfaces have it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from invsync_tui.connectors.errors import NotConfiguredError
from tests.support.connectors.rest_example import connection
from tests.support.servers.http_stub import Answer, Request, Stub, as_json, stub_server
from tests.support.stores.merchant_store import Bench

TEXT = """
[products]
path = "/items"
list = "data"
fields = { ref = "id", sku = "sku", active = "active?", counted = "counted?" }
parts = { list = "parts?", ref = "id", needed = "n" }

[warehouses]
path = "/sites"
list = "data"
fields = { ref = "id" }

[levels]
path = "/stock"
list = "data"
fields = { product = "id", warehouse = "site", available = "qty" }
"""
ZERO = TEXT.replace("[levels]", "[levels]\nabsent = 'zero'")


class Shelves:
    """A system of two sites that lists what is in stock."""

    def __init__(self, stub: Stub) -> None:
        self.items: list[dict[str, Any]] = [{"id": f"P{n}", "sku": f"S{n}"} for n in range(5)]
        self.stock: dict[tuple[str, str | None], int] = {("E", "P0"): 5, ("E", "P1"): 6, ("W", "P1"): 7, ("W", "P2"): 8}
        stub.answering = self.answering

    def answering(self, request: Request) -> Answer:
        name = request.path.partition("?")[0]
        if name == "/stock":
            rows = [{"site": site, "id": ref, "qty": qty} for (site, ref), qty in self.stock.items() if qty]
            return as_json({"data": rows})
        return as_json({"data": self.items if name == "/items" else [{"id": "E"}, {"id": "W"}]})


@pytest.fixture
def shelves() -> Iterator[tuple[Shelves, str]]:
    with stub_server() as stub:
        yield Shelves(stub), stub.url


KNOWN = (
    "SELECT w.code || p.sku, l.available FROM our_level l JOIN product p ON p.id = l.product_id "
    "JOIN warehouse w ON w.id = l.warehouse_id WHERE l.missing_since IS NULL"
)


def known(bench: Bench) -> dict[str, int]:
    return dict(bench.store.read(KNOWN))


async def test_what_is_not_listed_is_out_of_stock_where_the_description_says_so(
    tmp_path: Path, shelves: tuple[Shelves, str]
) -> None:
    system, url = shelves
    system.items += [
        {"id": "K", "sku": "KIT", "parts": [{"id": "P0", "n": 1}]},
        {"id": "X", "sku": "OLD", "active": False},
        {"id": "V", "sku": "SERVICE", "counted": False},
    ]
    bench = Bench.make(tmp_path)
    bench.add_merchant(connection(tmp_path, url, ZERO))
    assert (await bench.pull()).state == "done"
    first = {f"{site}S{n}": 0 for site in "EW" for n in range(5)}
    assert known(bench) == {**first, "ES0": 5, "ES1": 6, "WS1": 7, "WS2": 8}
    # when one is sold out, and another comes in
    system.stock |= {("E", "P0"): 0, ("W", "P3"): 9}
    assert (await bench.pull(full=True)).state == "done"
    assert known(bench) == {**first, "ES1": 6, "WS1": 7, "WS2": 8, "WS3": 9}
    # and a quiet download writes nothing
    assert bench.counts(await bench.pull(full=True))["set"] == 0
    # and of a product that is active again what is not listed is 0
    system.items[-2]["active"] = True
    assert (await bench.pull(full=True)).state == "done"
    assert known(bench) == {**first, "EOLD": 0, "WOLD": 0, "ES1": 6, "WS1": 7, "WS2": 8, "WS3": 9}
    bench.store.close()


async def test_without_a_word_in_the_description_it_is_unknown(tmp_path: Path, shelves: tuple[Shelves, str]) -> None:
    system, url = shelves
    bench = Bench.make(tmp_path)
    bench.add_merchant(connection(tmp_path, url, TEXT))
    assert (await bench.pull()).state == "done"
    system.stock[("E", "P0")] = 0
    assert (await bench.pull(full=True)).state == "done"
    assert known(bench) == {"ES1": 6, "WS1": 7, "WS2": 8}
    bench.store.close()


@pytest.mark.parametrize(
    "how", ["a site lists nothing any more", "a record that nobody can name", "a row of no product"]
)
async def test_nothing_is_0_for_being_absent_where_it_is_not_sure_that_it_is(
    tmp_path: Path, shelves: tuple[Shelves, str], how: str
) -> None:
    system, url = shelves
    bench = Bench.make(tmp_path)
    bench.add_merchant(connection(tmp_path, url, ZERO))
    assert (await bench.pull()).state == "done"
    before = known(bench)
    if how == "a site lists nothing any more":
        system.stock = {at: qty for at, qty in system.stock.items() if at[0] == "E"}
    else:
        system.stock = {("W", "P1"): 7, ("W", "P2"): 8, ("E", "P1"): 6, ("E", "" if "no product" in how else None): 3}
    assert (await bench.pull(full=True)).state == "done"
    assert known(bench) == before
    bench.store.close()


async def test_another_word_is_refused(tmp_path: Path, shelves: tuple[Shelves, str]) -> None:
    from invsync_tui.connectors.sources.rest import RestSource

    source = RestSource(connection(tmp_path, shelves[1], ZERO.replace("'zero'", "'none'")))
    with pytest.raises(NotConfiguredError, match="absent"):
        await source.open()
    await source.close()
