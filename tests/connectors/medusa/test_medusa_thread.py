"""The suite of the kit against a real Medusa, and the whole thread: a WMS, the store, a push, what the shop shows then."""

from __future__ import annotations

import uuid
from base64 import b64encode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from invsync_tui.connectors.base import Connection
from invsync_tui.connectors.carts import medusa
from invsync_tui.connectors.carts.medusa import MedusaCart
from invsync_tui.kit import cart_suite
from invsync_tui.kit.proxy import Fault, Proxy
from tests.support.runs.sandbox_world import every_push_comes_out_again, hurry
from tests.support.runs.why_check import every_number_is_recomputed
from tests.support.servers.medusa.server import MedusaServer
from tests.support.servers.sandbox import sandbox_wms
from tests.support.stores.merchant_store import Bench

pytestmark = pytest.mark.real
LOCATION = "East"
DEADLINE = 6.0
"""Seconds; a batch whose answer is lost is looked at when its request cannot be on its way any more."""


@dataclass
class Shop:
    """A real Medusa as the suite wants it. Its listings all have stock of their own at the location."""

    server: MedusaServer
    folder: Path

    @property
    def url(self) -> str:
        return self.server.url

    def connection(self, url: str) -> Connection:
        return replace(self.server.connection(self.folder / "key", location=LOCATION), url=url)

    def secrets(self) -> tuple[str, ...]:
        key = self.server.seed.key
        return (key, b64encode(f"{key}:".encode()).decode())

    def shown(self) -> Mapping[str, int | None]:
        at = self.server.seed.locations[LOCATION]
        found: dict[str, int | None] = {}
        for variant in self.server.variants():
            for link in variant["inventory_items"]:  # none of what is not tracked
                levels = {row["location_id"]: row["stocked_quantity"] for row in link["inventory"]["location_levels"]}
                if at in levels:
                    found[link["inventory_item_id"]] = levels[at]
        return found

    def add(self, sku: str, quantity: int) -> str:
        return self.server.add(sku, quantity, LOCATION)

    def remove(self, listing: str) -> None:
        (variant,) = [listing] if listing.startswith("variant_") else self.server.variants_of(listing)
        self.server.delete_variant(variant)

    def set(self, listing: str, quantity: int) -> None:
        self.server.set_stock(listing, quantity, LOCATION)

    def ail(self, fix: str) -> str:
        if fix == "stock":
            return self.server.add(f"AILING-{fix}-{uuid.uuid4()}", None)
        (variant,) = self.server.create_variants([f"AILING-{fix}-{uuid.uuid4()}"], manage_inventory=False)
        return str(variant["id"])


RUNNING: list[Shop] = []


@pytest.fixture(scope="module", autouse=True)
def _shop(medusa_server: MedusaServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    RUNNING.append(Shop(medusa_server, tmp_path_factory.mktemp("kit")))
    medusa_server.forget_variants()
    medusa_server.add_all([f"SUITE-{n}-{uuid.uuid4()}" for n in range(7)] + [f"LAST-{uuid.uuid4()}"], 5, LOCATION)
    yield
    RUNNING.clear()


@pytest.fixture(autouse=True)
def _in_a_hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    hurry(monkeypatch)


@contextmanager
def shop() -> Iterator[Shop]:
    yield RUNNING[0]


TestMedusa = cart_suite(MedusaCart, shop)


def _sends(method: str, path: str) -> bool:
    return method == "POST" and path.endswith("/location-levels/batch")


async def test_the_thread_from_a_wms_to_the_shop(
    medusa_server: MedusaServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Batches meet a 503 and a lost answer; every listing ends with its number or a reason, and a second push sends nothing."""
    server = medusa_server
    monkeypatch.setattr(medusa, "CAPABILITIES", replace(medusa.CAPABILITIES, max_batch=4))
    proxy = Proxy(server.url)
    await proxy.start()
    made: list[str] = []
    try:
        with sandbox_wms(12) as wms:
            *stocked, free, nowhere, kit = skus = sorted(wms.dump()["products"].values())
            server.give_up_codes(skus)  # of tests before, on the same server
            items = dict(zip(stocked, server.add_all(stocked, 77), strict=True))
            made = [variant["id"] for variant in server.create_variants([free], manage_inventory=False)]
            made += [variant["id"] for variant in server.create_variants([nowhere])]
            parts = [{"inventory_item_id": items[stocked[0]], "required_quantity": 2}]
            made += [variant["id"] for variant in server.create_variants([kit], inventory_items=parts)]
            held, ordered, *_ = stocked[1:]
            for sku in (held, ordered):  # enough that an order leaves something
                wms.set_level(sku, "EAST", 40)
            server.reserve(items[held], 4)
            server.place_order({server.variants_of(items[ordered])[0]: 3})

            bench = Bench.make(tmp_path)
            bench.add_merchant(wms.connection())
            connection = replace(
                server.connection(tmp_path / "key", location=LOCATION), url=proxy.url, deadline=DEADLINE
            )
            cart = bench.add_cart(connection)
            assert (await bench.pull()).state == "done"
            proxy.let(Fault.UNAVAILABLE, times=1, wanted=_sends)
            first = await bench.push(cart)
            assert (first.state, first.error) == ("done", "")
            assert proxy.times == 0, "no batch met the 503"

            def stock() -> dict[str, int]:
                dump = wms.dump()
                found = dict.fromkeys(dump["products"].values(), 0)
                for levels in dump["levels"].values():
                    for ref, (available, _) in levels.items():
                        found[dump["products"][ref]] += available
                return found

            def shows_what_is_for_sale() -> None:
                wanted = stock()
                for sku, item in items.items():
                    level = server.level(item)
                    assert level is not None
                    # The order of 3 is not known to the WMS: it is subtracted, and it is what Medusa has reserved.
                    pending = 3 if sku == ordered else 0
                    assert level["available_quantity"] == wanted[sku] - pending, sku
                    assert level["reserved_quantity"] == {held: 4, ordered: 3}.get(sku, 0)

            shows_what_is_for_sale()
            rows = bench.listings(cart)
            unknown = next(sku for sku in rows if sku.startswith("LAST-"))
            reasons = {sku: rows[sku]["reason"] for sku in (free, nowhere, kit, unknown)}
            assert reasons == {
                free: "CART_NOT_TRACKING",
                nowhere: "NOT_STOCKED_AT_LOCATION",
                kit: "BUNDLE_PARENT",
                unknown: "NOT_IN_WMS",
            }
            assert all(row["outcome"] for row in rows.values())

            for sku in stocked[3:8]:
                wms.set_level(sku, "EAST", 21)
            assert (await bench.pull()).state == "done"
            proxy.let(Fault.LOST, times=1, wanted=_sends)
            second = await bench.push(cart)
            assert (second.state, second.error) == ("done", "")
            assert proxy.times == 0, "no batch met the lost answer"
            shows_what_is_for_sale()

            proxy.clear()
            assert (await bench.push(cart, full=True)).state == "done"
            assert not any(_sends(*request) for request in proxy.requests)
            assert bench.sums_hold()
            every_push_comes_out_again(bench)
            every_number_is_recomputed(bench)
            bench.store.close()
    finally:
        await proxy.stop()
        for variant in made:
            server.delete_variant(variant)
