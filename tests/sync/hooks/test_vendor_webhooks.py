"""Webhooks in the vendors' own forms, sent by their fakes: from a sale in the shop to the push that knows of it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from invsync_tui import clock
from invsync_tui.connectors.base import Connection
from invsync_tui.store.runs.records import RunRow
from invsync_tui.sync.hooks import requests
from tests.support.servers.sandbox import sandbox_wms
from tests.support.servers.shopify.server import ShopifyServer, shopify_server
from tests.support.servers.webhooks import (
    Receiving,
    WooHooks,
    receiving,
    shopify_headers,
    shopify_level,
)
from tests.support.servers.woocommerce.server import woocommerce_server
from tests.support.stores.merchant_store import Bench

WOO_SECRET = "a text of twenty characters"
APP_SECRET = "the-client-secret-of-the-app"


@pytest.fixture(autouse=True)
def _secrets_and_no_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOOKS", WOO_SECRET)
    monkeypatch.setenv("APP_SECRET", APP_SECRET)
    monkeypatch.setattr(requests, "SETTLE", 0)
    monkeypatch.setattr(requests, "GAP", 0)


@asynccontextmanager
async def synced(folder: Path, connection: Connection, part: str) -> AsyncIterator[tuple[Receiving, int]]:
    """A store that is in step with a shop whose webhooks are signed with the part `webhook_secret`."""
    with sandbox_wms(10) as wms:
        bench = Bench.make(folder)
        bench.add_merchant(wms.connection())
        cart = bench.add_cart(connection, secrets=json.dumps({"webhook_secret": part}))
        assert (await bench.pull()).state == "done"
        assert (await bench.push(cart)).state == "done"
        async with receiving(bench, cart) as taking:
            yield taking, cart
        assert bench.sums_hold()
        bench.store.close()


async def pushed(taking: Receiving) -> RunRow:
    """The push that webhooks ask for."""
    with taking.bench.store.transaction() as tx:
        (number,) = requests.request_pushes(tx, clock.seconds())
    await taking.bench.work()
    return taking.bench.run(number)


def observed(taking: Receiving, cart: int) -> dict[str, int]:
    return dict(taking.bench.store.read("SELECT ref, observed FROM listing WHERE cart_id = ?", (cart,)))


async def test_a_sale_in_woocommerce_is_known_from_its_webhook(tmp_path: Path) -> None:
    with woocommerce_server(products=2) as server:
        parent = server.add_product("", None, kind="variable")
        variation = server.add_variation(parent, "VAR", 9)
        async with synced(tmp_path, server.connection(), "env:HOOKS") as (taking, cart):
            hooks = WooHooks(server, WOO_SECRET)
            # the ping of a webhook that is activated, which has no signature
            assert await taking.post(*hooks.ping()) == 200
            assert taking.waiting(cart) == {}
            order = server.sell(variation, 2)
            delivery = await asyncio.to_thread(hooks.delivery, "order.created", f"orders/{order.id}")
            assert [await taking.post(*delivery) for _ in range(2)] == [200, 200]
            assert taking.waiting(cart) == {"": 1, variation: 1}
            before = observed(taking, cart)[variation]
            run = await pushed(taking)
            assert run.state == "done", run.error
            assert observed(taking, cart)[variation] == before - 2
            assert server.violations == []


async def test_a_product_of_woocommerce_that_was_changed_is_read_again(tmp_path: Path) -> None:
    with woocommerce_server(products=2) as server:
        async with synced(tmp_path, server.connection(), "env:HOOKS") as (taking, cart):
            ref = next(iter(server.shown()))
            server.set(ref, 77)
            delivery = await asyncio.to_thread(
                WooHooks(server, WOO_SECRET).delivery, "product.updated", f"products/{ref}"
            )
            assert await taking.post(*delivery) == 200
            assert taking.waiting(cart) == {ref: 1}
            run = await pushed(taking)
            assert run.state == "done", run.error
            assert observed(taking, cart)[ref] == 77


async def test_a_webhook_of_woocommerce_with_the_secret_of_another_is_refused(tmp_path: Path) -> None:
    with woocommerce_server(products=1) as server:
        async with synced(tmp_path, server.connection(), "env:HOOKS") as (taking, cart):
            ref = next(iter(server.shown()))
            delivery = await asyncio.to_thread(
                WooHooks(server, "another").delivery, "product.updated", f"products/{ref}"
            )
            assert await taking.post(*delivery) == 401
            headers, body = await asyncio.to_thread(
                WooHooks(server, WOO_SECRET).delivery, "product.updated", f"products/{ref}"
            )
            assert await taking.post(headers, body + b" ") == 401, "one byte more"
            assert taking.waiting(cart) == {}


def _shopify(server: ShopifyServer) -> Connection:
    return server.connection(server.url)


async def test_a_sale_in_shopify_is_known_from_its_webhooks(tmp_path: Path) -> None:
    with shopify_server(products=3) as server:
        async with synced(tmp_path, _shopify(server), "env:APP_SECRET") as (taking, cart):
            ref = next(iter(server.shown()))
            before = server.shop.shown()[ref]
            assert before is not None
            order = server.shop.order({ref: 1})
            created = json.dumps({"id": int(order.ref.rpartition("/")[2]), "line_items": [{"variant_id": 1}]}).encode()
            level = shopify_level(ref, 4242)
            assert await taking.post(shopify_headers("orders/create", APP_SECRET, created), created) == 200
            for _ in range(3):  # repeated under its id
                assert (
                    await taking.post(shopify_headers("inventory_levels/update", APP_SECRET, level, "w-1"), level)
                    == 200
                )
            assert taking.waiting(cart) == {"": 1, ref: 1}
            run = await pushed(taking)
            assert run.state == "done", run.error
            assert observed(taking, cart)[ref] == before - 1, "as the shop shows it, and not as the webhook says"
            assert server.violations == []


async def test_a_webhook_of_shopify_with_another_secret_or_without_one_is_refused(tmp_path: Path) -> None:
    with shopify_server(products=1) as server:
        async with synced(tmp_path, _shopify(server), "env:APP_SECRET") as (taking, cart):
            level = shopify_level(next(iter(server.shown())))
            headers = shopify_headers("inventory_levels/update", "another", level)
            assert await taking.post(headers, level) == 401
            del headers["X-Shopify-Hmac-Sha256"]
            assert await taking.post(headers, level) == 401
            assert await taking.post({}, b"webhook_id=7") == 401, "a ping is WooCommerce's alone"
            assert taking.waiting(cart) == {}
