"""How the fake of Shopify is asked in its own tests: raw requests, and nothing of the connector."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import Any

from tests.support.servers.shopify.server import TOKEN, ShopifyServer

VERSION = "2026-07"
SET = """mutation Set($input: InventorySetQuantitiesInput!, $key: String!) {
  inventorySetQuantities(input: $input) @idempotent(key: $key) {
    inventoryAdjustmentGroup { id changes { name quantityAfterChange item { id tracked } location { id } } }
    userErrors { code field message } } }"""
LEVEL = """query Level($item: ID!, $at: ID!, $inactive: Boolean) { nodes(ids: [$item]) { ... on InventoryItem {
  inventoryLevel(locationId: $at, includeInactive: $inactive) { isActive quantities(
    names: ["available", "on_hand", "committed", "safety_stock"]) { name quantity } } } } }"""


@dataclass(frozen=True, slots=True)
class Got:
    status: int
    headers: dict[str, str]
    body: Any

    @property
    def data(self) -> Any:
        assert "errors" not in self.body, self.body
        return self.body["data"]

    @property
    def code(self) -> str:
        """The code of the one error at the top."""
        (error,) = self.body["errors"]
        return str(error["extensions"]["code"])


def ask(server: ShopifyServer, text: str, version: str = VERSION, /, **variables: Any) -> Got:
    body = json.dumps({"query": text, "variables": variables}).encode()
    return send(server, f"/admin/api/{version}/graphql.json", body)


def send(server: ShopifyServer, path: str, body: bytes | None, **headers: str) -> Got:
    given = {"X-Shopify-Access-Token": TOKEN, "Content-Type": "application/json"} | headers
    request = urllib.request.Request(server.url + path, body, given)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return Got(answer.status, dict(answer.headers), json.loads(answer.read()))
    except urllib.error.HTTPError as error:
        return Got(error.code, dict(error.headers), json.loads(error.read()))


def row(server: ShopifyServer, item: str, quantity: int, expected: int | None = None, **more: Any) -> dict[str, Any]:
    given = {
        "inventoryItemId": item, "locationId": server.shop.main, "quantity": quantity, "changeFromQuantity": expected,
    }  # fmt: skip
    return given | more


def put(server: ShopifyServer, key: str, *rows: dict[str, Any], version: str = VERSION, **more: Any) -> Any:
    """The payload of `inventorySetQuantities`."""
    given = {"name": "available", "reason": "correction", "quantities": list(rows)} | more
    return ask(server, SET, version, input=given, key=key).data["inventorySetQuantities"]


def codes(payload: Any) -> list[str]:
    return [error["code"] for error in payload["userErrors"]]


def numbers(server: ShopifyServer, item: str, at: str = "", *, inactive: bool = False) -> dict[str, int] | None:
    """Of a level; with `active`. None where there is none."""
    (item_level,) = ask(server, LEVEL, item=item, at=at or server.shop.main, inactive=inactive).data["nodes"]
    level = item_level["inventoryLevel"]
    if level is None:
        return None
    return {quantity["name"]: quantity["quantity"] for quantity in level["quantities"]} | {"active": level["isActive"]}
