"""The whole way from a feed and from a described REST system to a shop, with faults on it: every listing ends with its number
or a reason, nothing is set to a number that the source did not say, and a last push sends nothing."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

import pytest

from invsync_tui.connectors.base import Connection
from invsync_tui.sandbox.shop import Mode
from tests.support.connectors import rest_example
from tests.support.runs.sandbox_world import every_push_comes_out_again, hurry
from tests.support.runs.why_check import every_number_is_recomputed
from tests.support.servers.sandbox import CartHandle, WmsHandle, sandbox_cart, sandbox_wms
from tests.support.stores.merchant_store import Bench

PRODUCTS = 16
SHOP = "main"


@pytest.fixture(autouse=True)
def _in_a_hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    hurry(monkeypatch)


class Wms(Protocol):
    """A source whose stock a test changes."""

    def connection(self) -> Connection: ...

    def stock(self) -> Mapping[str, int]: ...

    def set(self, sku: str, units: int) -> None: ...

    def spoil_one(self) -> None:
        """One record cannot be read from now on."""

    def fail(self) -> None:
        """It cannot be read to its end."""

    def empty(self) -> None:
        """It answers with nothing."""

    def mend(self) -> None: ...


class Feed:
    """A CSV file that is written anew with each change, as a WMS does."""

    def __init__(self, folder: Path, stock: Mapping[str, int]) -> None:
        self.file = folder / "stock.csv"
        self._stock = dict(stock)
        self._at = time.time() - 3600
        self.mend()

    def connection(self) -> Connection:
        return Connection("wms", "feed", str(self.file), options={"complete": "any", "last_line": "END"})

    def stock(self) -> Mapping[str, int]:
        return self._stock

    def set(self, sku: str, units: int) -> None:
        self._stock[sku] = units
        self.mend()

    def _write(self, rows: Mapping[str, object], end: str = "END,\n") -> None:
        self._at += 10  # an older file would be refused
        self.file.write_text("SKU,Available\n" + "".join(f"{sku},{units}\n" for sku, units in rows.items()) + end)
        os.utime(self.file, (self._at, self._at))

    def spoil_one(self) -> None:
        self._write({**self._stock, min(self._stock): "n/a"})

    def fail(self) -> None:
        self._write(dict(list(self._stock.items())[:3]), end="")

    def empty(self) -> None:
        self._write({})

    def mend(self) -> None:
        self._write(self._stock)


class Described:
    """The sandbox WMS, by its description in the manual."""

    def __init__(self, folder: Path, wms: WmsHandle) -> None:
        self._folder, self._wms = folder, wms

    def connection(self) -> Connection:
        return rest_example.connection(self._folder, self._wms.url, rest_example.example(), self._wms.secret)

    def stock(self) -> Mapping[str, int]:
        dump = self._wms.dump()
        found = dict.fromkeys(dump["products"].values(), 0)
        for levels in dump["levels"].values():
            for ref, (available, _) in levels.items():
                found[dump["products"][ref]] += available
        return found

    def set(self, sku: str, units: int) -> None:
        for warehouse, available in (("EAST", units), ("DEFAULT", 0)):
            self._wms.set_level(sku, warehouse, available)

    def spoil_one(self) -> None:
        self._wms.faults({"kind": "bad_row", "path": "/levels", "times": 1})

    def fail(self) -> None:
        self._wms.faults({"kind": "half_json", "path": "/levels"})

    def empty(self) -> None:
        self._wms.faults({"kind": "no_rows", "path": "/levels"}, {"kind": "no_rows", "path": "/products"})

    def mend(self) -> None:
        self._wms.faults()


@contextmanager
def _source(system: str, folder: Path) -> Iterator[Wms]:
    with sandbox_wms(PRODUCTS, warehouses=2) as wms:
        described = Described(folder, wms)
        yield described if system == "rest" else Feed(folder, described.stock())


@pytest.mark.parametrize("system", ["feed", "rest"])
async def test_the_thread_from_the_source_to_the_shop(tmp_path: Path, system: str) -> None:
    with _source(system, tmp_path) as wms, sandbox_cart(PRODUCTS, shops={SHOP: Mode(max_batch=5)}) as cart:
        bench = Bench.make(tmp_path)
        bench.add_merchant(wms.connection())
        cart_id = bench.add_cart(cart.connection(SHOP, 5.0))
        await _first_push(bench, wms, cart, cart_id)
        await _trouble_at_the_source(bench, wms, cart, cart_id)
        await _a_listing_that_is_gone(bench, wms, cart, cart_id)
        writes = len(cart.log())
        assert (await bench.pull(full=True)).state == "done"
        assert (await bench.push(cart_id, full=True)).state == "done"
        assert len(cart.log()) == writes
        assert all(row["outcome"] for row in bench.listings(cart_id).values())
        assert bench.sums_hold()
        every_push_comes_out_again(bench)
        every_number_is_recomputed(bench)
        bench.store.close()


async def _first_push(bench: Bench, wms: Wms, cart: CartHandle, cart_id: int) -> None:
    """A busy shop, one that is down for a moment, and a lost answer."""
    assert (await bench.pull()).state == "done"
    cart.faults(
        {"kind": "status", "status": 429, "path": "/stock", "times": 1},
        {"kind": "lost", "path": "/stock", "after": 1, "times": 1},
        {"kind": "status", "status": 503, "path": "/listings", "times": 1},
    )
    run = await bench.push(cart_id)
    assert (run.state, run.error) == ("done", "")
    cart.faults()
    assert cart.quantities(SHOP) == wms.stock()
    applied = [(row["ref"], row["quantity"]) for row in cart.log()]
    assert len(applied) == len(set(applied))


async def _trouble_at_the_source(bench: Bench, wms: Wms, cart: CartHandle, cart_id: int) -> None:
    """What cannot be read keeps its last number; a source that fails or says nothing changes nothing."""
    before = dict(wms.stock())
    for sku in sorted(before)[:6]:
        wms.set(sku, 31)
    wms.spoil_one()
    run = await bench.pull(full=True)
    assert (run.state, bench.reasons(run)["BAD_ROW"]) == ("done", 1)
    assert (await bench.push(cart_id)).state == "done"
    wanted, shown = wms.stock(), cart.quantities(SHOP)
    kept = [sku for sku, units in shown.items() if units != wanted[sku]]
    assert len(kept) <= 1 and all(shown[sku] == before[sku] for sku in kept)
    writes = len(cart.log())
    for trouble in (wms.fail, wms.empty):
        trouble()
        await bench.pull(full=True)
        assert (await bench.push(cart_id)).state == "done"
        assert (len(cart.log()), cart.quantities(SHOP)) == (writes, shown), trouble
    wms.mend()
    assert (await bench.pull(full=True)).state == "done"
    assert (await bench.push(cart_id)).state == "done"
    assert cart.quantities(SHOP) == wms.stock()


async def _a_listing_that_is_gone(bench: Bench, wms: Wms, cart: CartHandle, cart_id: int) -> None:
    """Deleted in the shop between its reading and the push."""
    gone = sorted(wms.stock())[-1]
    (ref,) = [listing["ref"] for listing in cart.dump()[SHOP] if listing["sku"] == gone]
    cart.control("remove", {"shop": SHOP, "refs": [ref]})
    wms.set(gone, 17)
    other = sorted(wms.stock())[1]
    wms.set(other, 18)
    assert (await bench.pull(full=True)).state == "done"
    run = await bench.push(cart_id)
    assert run.state == "done"
    assert bench.reasons(run)["REJECTED_BY_CART"] == 1
    assert cart.quantities(SHOP)[other] == 18
