"""Webhooks as Shopify and WooCommerce send them, by their documentation, and somebody who receives them in a test.

https://shopify.dev/docs/apps/build/webhooks/subscribe/https and the examples of https://shopify.dev/docs/api/webhooks;
https://woocommerce.github.io/woocommerce-rest-api-docs/#webhooks and `deliver` and `deliver_ping` of class WC_Webhook.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import http.client
import json
import urllib.request
import uuid
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from invsync_tui.store import hooks
from invsync_tui.sync.hooks import http_server
from invsync_tui.sync.hooks.http_server import HookServer
from invsync_tui.sync.hooks.receiver import PATH, Receiver
from tests.support.servers.woocommerce.server import WooServer
from tests.support.stores.merchant_store import NOW, Bench

TOKEN = "a-token-that-nobody-guesses"


def signed(secret: str, body: bytes) -> str:
    """The signature of both, in the words of their examples: base64 of the HMAC-SHA256 of the raw body."""
    return base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()


def post(address: str, headers: Mapping[str, str], body: bytes, method: str = "POST") -> int:
    """The status that is answered."""
    url = urlsplit(address)
    client = http.client.HTTPConnection(url.hostname or "", url.port, timeout=20)
    try:
        client.request(method, url.path, body, dict(headers))
        return client.getresponse().status
    finally:
        client.close()


def shopify_headers(topic: str, secret: str, body: bytes, delivery: str = "") -> dict[str, str]:
    return {
        "Content-Type": "application/json",
        "User-Agent": "Shopify-Captain-Hook",
        "X-Shopify-Topic": topic,
        "X-Shopify-Hmac-Sha256": signed(secret, body),
        "X-Shopify-Shop-Domain": "my-shop.myshopify.com",
        "X-Shopify-API-Version": "2026-07",
        "X-Shopify-Webhook-Id": delivery or str(uuid.uuid4()),
        "X-Shopify-Event-Id": str(uuid.uuid4()),
        "X-Shopify-Triggered-At": "2026-11-26T18:00:27.877041743Z",
    }


def shopify_level(item: str, available: int | None = None) -> bytes:
    """Topic inventory_levels/update. `item` is the global id of the inventory item."""
    number = int(item.rpartition("/")[2])
    level = f"gid://shopify/InventoryLevel/24826418?inventory_item_id={number}"
    document = {
        "inventory_item_id": number,
        "location_id": 24826418,
        "available": available,
        "updated_at": "2026-11-26T13:00:27-05:00",
        "admin_graphql_api_id": level,
    }
    return json.dumps(document).replace("/", "\\/").encode()


@dataclass
class WooHooks:
    """The webhooks of a fake shop: the body is what its REST API has of the resource."""

    server: WooServer
    secret: str

    def delivery(self, topic: str, path: str) -> tuple[dict[str, str], bytes]:
        """Headers and body about `path`, such as `orders/101`."""
        basic = base64.b64encode(f"{self.server.key}:{self.server.secret}".encode()).decode()
        url = f"{self.server.url}{self.server.folder}/wp-json/wc/v3/{path}"
        with urllib.request.urlopen(urllib.request.Request(url, headers={"Authorization": f"Basic {basic}"})) as answer:
            body = answer.read()
        resource, event = topic.split(".")
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "WooCommerce/9.4.2 Hookshot (WordPress/6.7.1)",
            "X-WC-Webhook-Source": f"{self.server.url}/",
            "X-WC-Webhook-Topic": topic,
            "X-WC-Webhook-Resource": resource,
            "X-WC-Webhook-Event": event,
            "X-WC-Webhook-Signature": signed(self.secret, body),
            "X-WC-Webhook-ID": "7",
            "X-WC-Webhook-Delivery-ID": uuid.uuid4().hex,
        }
        return headers, body

    @staticmethod
    def ping() -> tuple[dict[str, str], bytes]:
        """What it sends when a webhook is activated."""
        return {"User-Agent": "WooCommerce/9.4.2 Hookshot (WordPress/6.7.1)"}, b"webhook_id=7"


def sandbox_delivery(secret: str, document: Any, delivery: str = "") -> tuple[dict[str, str], bytes]:
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    return {"X-Sandbox-Signature": signed(secret, body), "X-Sandbox-Delivery": delivery or uuid.uuid4().hex}, body


@dataclass
class Receiving:
    """A server for webhooks in the test's own loop."""

    bench: Bench
    receiver: Receiver
    url: str
    token: str = TOKEN

    @property
    def address(self) -> str:
        return f"{self.url}{PATH}{self.token}"

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])

    async def post(self, headers: Mapping[str, str], body: bytes, method: str = "POST", address: str = "") -> int:
        return await asyncio.to_thread(post, address or self.address, headers, body, method)

    def waiting(self, cart_id: int) -> dict[str, int]:
        with self.bench.store.reading() as cx:
            return hooks.waiting(cx, cart_id)

    def address_row(self, cart_id: int) -> hooks.Address:
        with self.bench.store.reading() as cx:
            row = hooks.address(cx, cart_id)
        assert row is not None
        return row


def give_address(bench: Bench, cart_id: int, token: str = TOKEN) -> None:
    with bench.store.transaction() as tx:
        hooks.put_address(tx, cart_id, token, NOW)


@asynccontextmanager
async def receiving(bench: Bench, cart_id: int) -> AsyncIterator[Receiving]:
    """Somebody who takes the webhooks of a cart, whose address is made."""
    give_address(bench, cart_id)
    listening = http_server.listen("127.0.0.1", 0)
    receiver = Receiver(bench.store)
    server = HookServer(listening, receiver)
    try:
        yield Receiving(bench, receiver, f"http://127.0.0.1:{listening.getsockname()[1]}")
    finally:
        await server.close()
        await receiver.close()
