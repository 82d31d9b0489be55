"""Answers of another shape than the connectors read: each ends as the system's, with its place, and never as ours."""

from __future__ import annotations

import contextlib
import json
import random
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from invsync_tui.connectors import http, registry
from invsync_tui.connectors.base import Connection, PushItem, WarehouseRow
from invsync_tui.connectors.checked_results import Checked, path_to_first
from invsync_tui.connectors.errors import ConnectorError, ContractError, NotConfiguredError
from invsync_tui.connectors.http import HttpConnection
from invsync_tui.connectors.network import call_log
from invsync_tui.connectors.network.call_log import Call
from tests.support.clocks.loop_watch import watching
from tests.support.connectors.wrong_shapes import mutated
from tests.support.servers.graphql_stub import Answer as GraphqlAnswer
from tests.support.servers.graphql_stub import Asked, graphql_stub
from tests.support.servers.http_stub import Answer, Request, as_json, stub_server

SEEDS = range(15)


@pytest.fixture(autouse=True)
def _in_a_hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(call_log, "ANSWERS_MOST", 30)
    monkeypatch.setattr(http, "BACKOFF_MOST", 0.001)


def _on_hand(row: dict[str, Any]) -> int:
    """Connectors read a record in a function of its own: from 3.12 on a comprehension alone leaves no trace of its record."""
    return int(row["stock"]["on_hand"])


class Careless:
    """A connector that reads an answer without a look."""

    def __init__(self, url: str) -> None:
        self._http = HttpConnection(Connection("demo", "stub", url, deadline=5))

    async def levels(self) -> list[int]:
        data = (await self._http.read("GET", "/")).json()
        return [_on_hand(row) for row in data["data"]["rows"]]

    async def close(self) -> None:
        await self._http.close()

    async def defect(self) -> None:
        raise ValueError("ours")


@pytest.mark.parametrize(
    ("answer", "place"),
    [
        (
            {"data": {"rows": [{"stock": {"on_hand": 5}}, {"stock": {}}]}},
            "at data.rows[1] (KeyError: on_hand is missing)",
        ),
        ({"data": {"rows": [{"stock": {"on_hand": 5}}, {"stock": []}]}}, "at data.rows[1]"),
        ({"data": {"rows": [{"stock": {"on_hand": None}}]}}, "at data.rows[0]"),
        ({"data": {}}, "rows is missing"),
        ({"data": []}, "something unexpected"),
        ([1], "at its top"),
        (None, "something unexpected"),
    ],
)
async def test_the_place_in_the_answer_is_named(answer: Any, place: str) -> None:
    with stub_server([as_json(answer)]) as server:
        connector: Any = Checked(Careless(server.url), "demo")
        with pytest.raises(ContractError) as raised:
            await connector.levels()
        await connector.close()
    assert "The system answered something unexpected" in raised.value.what
    assert place in raised.value.what


async def test_a_defect_of_ours_stays_one() -> None:
    with pytest.raises(ValueError, match="ours"):
        await Checked(Careless("http://127.0.0.1:9"), "demo").defect()


def test_a_way_to_a_part_is_found_by_what_it_is_and_not_by_what_it_looks_like() -> None:
    document = {"a": [{}, {}, {"b": {}}]}
    second, third = document["a"][1:]
    assert path_to_first(document, [{}, second, third], 100) == ((1, ["a", 1]), 6)
    assert path_to_first(document, [third, second], 100)[0] == (0, ["a", 2])
    assert path_to_first(document, [{}], 100) == (None, 6)
    assert path_to_first(document, [{}], 3) == (None, 3)


async def test_the_place_is_looked_for_once_and_holds_nobody_up(monkeypatch: pytest.MonkeyPatch) -> None:
    # given: large answers, and variables of the failing code that are in none of them
    heard = Call(answers=4)
    for number in range(4):
        heard.documents.append(([{"stock": {"on_hand": n}} for n in range(50_000)], f"answer {number}"))

    class Reading:
        async def levels(self) -> None:
            call = call_log._call.get()
            assert call is not None
            call.answers, call.documents = 4, heard.documents
            records = [{"made": n} for n in range(60)]
            _one, _two, _three, _four, _five = records[:5]
            raise KeyError("on_hand")

    for _ in watching(monkeypatch, everything=True):
        began = time.thread_time()
        with pytest.raises(ContractError) as raised:
            await Checked(Reading(), "demo").levels()  # type: ignore[attr-defined]
        assert time.thread_time() - began < 0.05
    assert "unexpected (KeyError: on_hand is missing)" in raised.value.what
    assert raised.value.where == "answer 3"


# --- real answers with one thing changed -----------------------------------------------------------------------------------


async def _all_ends_in_words(connector: Any, calls: list[Callable[[Any], Any]]) -> None:
    """Each call ends well or as the connection's own error."""
    for call in calls:
        with contextlib.suppress(ConnectorError):
            await call(connector)
    async for step in connector.check():
        assert step.detail
    await connector.close()


PRODUCTS = [
    {"id": 1, "code": "A-1", "template.": {"id": 1, "name": "Mug"}, "quantity": 5.0, "product": 1, "type": "ean"}
]
TRYTON = {
    "common.db.login": [2, "a-token-of-the-server", None],
    "common.server.version": "8.2.1",
    "model.res.user.get_preferences": {"company": 1, "companies": [1], "language": "en"},
    "model.product.product.search_read": PRODUCTS,
    "model.product.identifier.search_read": PRODUCTS,
    "model.stock.location.search_read": [
        {
            "id": 12,
            "code": "WH",
            "name": "Main",
            "active": True,
            "storage_location": 4,
            "input_location": 5,
            "output_location": 6,
        }
    ],
    "model.stock.move.search_read": [{"id": 7, "product": 1, "write_date": None, "create_date": None}],
}
WEST = WarehouseRow("12", "WH", "Main")


@pytest.mark.parametrize("seed", SEEDS)
async def test_no_answer_of_tryton_is_a_defect_of_ours(
    seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dice = random.Random(seed)
    monkeypatch.setenv("TRYTON_PASSWORD", "the-password-of-the-bot")
    with stub_server() as server:

        def answer(request: Any) -> Answer:
            method = json.loads(request.body)["method"]
            good = {"id": 1, "result": TRYTON.get(method, [])}
            return as_json(mutated(good, dice) if dice.random() < 0.5 else good)

        server.answering = answer
        options = {"database": "wms"}
        connector = registry.source(Connection("wms", "tryton", server.url, "bot", "env:TRYTON_PASSWORD", options, 5))
        await _all_ends_in_words(
            connector,
            [
                lambda c: c.open(), lambda c: c.warehouses(), lambda c: c.products_page(None),
                lambda c: c.levels_page(WEST, None),
                lambda c: c.mark(), lambda c: c.changed_page("2026-11-23T12:00:00", None),
            ],
        )  # fmt: skip


ODOO = {
    "context_get": {"lang": "en_US", "tz": "UTC", "uid": 2},
    "fields_get": {"free_qty": {"type": "float"}, "is_storable": {"type": "boolean"}, "bom_ids": {"type": "one2many"}},
    "product.product": [
        {"id": 1, "default_code": "A-1", "barcode": "4006381333931", "name": "Mug", "active": True, "type": "consu",
         "is_storable": True, "qty_available": 5.0, "free_qty": 4.0, "incoming_qty": 0.0, "outgoing_qty": 1.0,
         "product_tmpl_id": [1, "Mug"], "uom_id": [1, "Units"], "product_template_attribute_value_ids": [],
         "write_date": "2026-11-23 12:00:00"},
    ],
    "stock.warehouse": [{"id": 12, "code": "WH", "name": "Main", "active": True, "view_location_id": [4, "WH"],
                         "lot_stock_id": [5, "WH/Stock"]}],
    "stock.quant": [{"id": 3, "product_id": [1, "Mug"], "quantity": 5.0, "write_date": "2026-11-23 12:00:00"}],
    "stock.move": [{"id": 7, "write_date": "2026-11-23 12:00:00"}],
    "res.users": [{"id": 2, "company_id": [1, "Shop"], "company_ids": [1]}],
    "res.company": [{"id": 1, "name": "Shop", "create_date": "2026-11-23 12:00:00"}],
    "ir.config_parameter": [{"id": 1, "value": "3e6c1cec-e9b5-11f1-8857-02fc00000001"}],
    "mrp.bom": [{"id": 1, "product_tmpl_id": [1, "Mug"], "product_id": False, "product_qty": 1.0,
                 "product_uom_id": [1, "Units"]}],
    "mrp.bom.line": [{"id": 1, "bom_id": [1, "Kit"], "product_id": [1, "Mug"], "product_qty": 2.0,
                      "product_uom_id": [1, "Units"], "bom_product_template_attribute_value_ids": [9]}],
    "product.template.attribute.value": [{"id": 9, "attribute_id": [1, "Color"]}],
}  # fmt: skip


def _of_odoo(request: Any) -> Any:
    """The good answer to a request in either protocol."""
    if request.path == "/web/version":
        return {"version": "19.0", "version_info": [19, 0, 0, "final", 0, ""]}
    if request.path == "/jsonrpc":
        arguments = json.loads(request.body)["params"]
        if arguments["service"] == "common":
            version = {"server_version": "17.0", "server_version_info": [17, 0, 0, "final", 0, ""]}
            return {"jsonrpc": "2.0", "id": 1, "result": version if arguments["method"] == "version" else 2}
        model, method = arguments["args"][3:5]
        return {"jsonrpc": "2.0", "id": 1, "result": ODOO.get(method, ODOO.get(model))}
    model, method = request.path.split("/")[-2:]
    return ODOO.get(method, ODOO.get(model))


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("protocol", ["json-2", "json-rpc"])
async def test_no_answer_of_odoo_is_a_defect_of_ours(seed: int, protocol: str, monkeypatch: pytest.MonkeyPatch) -> None:
    dice = random.Random(seed)
    monkeypatch.setenv("ODOO_KEY", "the-key-of-the-bot")
    with stub_server() as server:

        def answer(request: Any) -> Answer:
            good = _of_odoo(request)
            return as_json(mutated(good, dice) if dice.random() < 0.3 else good)

        server.answering = answer
        options = {"database": "wms", "protocol": protocol}
        connector = registry.source(Connection("wms", "odoo", server.url, "bot", "env:ODOO_KEY", options, 5))
        await _all_ends_in_words(
            connector,
            [
                lambda c: c.open(), lambda c: c.identity(), lambda c: c.warehouses(), lambda c: c.products_page(None),
                lambda c: c.levels_page(WEST, None), lambda c: c.mark(),
                lambda c: c.changed_page("2026-11-23T12:00:00", None),
                lambda c: c.changed_products_page("2026-11-23T12:00:00", None),
            ],
        )  # fmt: skip


VARIANT = {
    "id": "1", "sku": "A-1", "name": "Mug", "trackInventory": "INHERIT", "updatedAt": "2026-11-23T12:00:00.000Z",
    "useGlobalOutOfStockThreshold": True, "outOfStockThreshold": 0, "enabled": True,
    "stockLevels": [{"stockLocationId": "1", "stockOnHand": 5, "stockAllocated": 1}],
}  # fmt: skip
ORDER = {
    "id": "9", "code": "ORD9", "orderPlacedAt": "2026-11-23T12:00:00.000Z", "state": "PaymentSettled",
    "lines": [{"id": "1", "quantity": 2, "productVariant": {"id": "1"}, "fulfillmentLines": []}],
}  # fmt: skip
VENDURE = {
    "data": {
        "login": {"__typename": "CurrentUser"}, "__typename": "Query",
        "me": {"identifier": "bot", "channels": [
            {"code": "__default_channel__", "token": "t", "permissions": ["ReadOrder", "SuperAdmin"]},
        ]},
        "globalSettings": {"trackInventory": True, "outOfStockThreshold": 0},
        "stockLocations": {"totalItems": 1, "items": [{"id": "1", "name": "Main"}]},
        "productVariants": {"totalItems": 1, "items": [VARIANT]}, "orders": {"totalItems": 1, "items": [ORDER]},
        "updateProductVariants": [VARIANT],
    }
}  # fmt: skip


@pytest.mark.parametrize("seed", SEEDS)
async def test_no_answer_of_vendure_is_a_defect_of_ours(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    dice = random.Random(seed)
    monkeypatch.setenv("VENDURE_PASSWORD", "the-password-of-the-bot")

    def answer(asked: Asked) -> GraphqlAnswer:
        body = mutated(VENDURE, dice) if dice.random() < 0.5 else VENDURE
        return GraphqlAnswer(body, headers={"vendure-auth-token": "a-token-of-the-shop"})

    with graphql_stub(answer) as server:
        connector = registry.cart(Connection("shop", "vendure", server.url, "bot", "env:VENDURE_PASSWORD", {}, 5))
        await _all_ends_in_words(
            connector,
            [
                lambda c: c.open(), lambda c: c.locations(), lambda c: c.listings_page(None),
                lambda c: c.listings_page(None, 1_700_000_000),
                lambda c: c.read(["1"]), lambda c: c.orders_since(1_700_000_000),
                lambda c: c.send("b", c.compose("b", [PushItem("1", 5)])),
            ],
        )  # fmt: skip


LEVEL = {
    "location_id": "sloc_1", "inventory_item_id": "iitem_1", "stocked_quantity": 5, "reserved_quantity": 1,
    "stock_locations": [{"id": "sloc_1"}],
}  # fmt: skip
LINK = {"inventory_item_id": "iitem_1", "required_quantity": 1}
SELLER = {
    "id": "variant_1", "sku": "A-1", "title": "Red", "manage_inventory": True, "allow_backorder": False,
    "product": {"title": "Mug"}, "inventory_items": [LINK],
}  # fmt: skip
ITEM = {"id": "iitem_1", "sku": "A-1", "location_levels": [LEVEL], "variants": [SELLER]}
PARCEL = {
    "location_id": "sloc_1", "canceled_at": None,
    "items": [{"line_item_id": "ordli_1", "inventory_item_id": "iitem_1", "quantity": 1}],
}  # fmt: skip
MEDUSA_ORDER = {
    "id": "order_1", "display_id": 9, "custom_display_id": None, "status": "pending", "created_at": "2026-11-23T12:00:00.000Z",
    "items": [{"id": "ordli_1", "quantity": 2, "variant": {"manage_inventory": True, "inventory_items": [LINK]}}],
    "fulfillments": [PARCEL],
}  # fmt: skip
RESERVATION = {
    "id": "resitem_1", "line_item_id": "ordli_1", "inventory_item_id": "iitem_1", "location_id": "sloc_1", "quantity": 1,
    "created_at": "2026-11-23T12:00:00.000Z",
}  # fmt: skip
MEDUSA = {
    "count": 1, "stores": [{"id": "store_1", "name": "Shop"}],
    "stock_locations": [{"id": "sloc_1", "name": "Main", "sales_channels": [{"name": "Web"}]}],
    "variants": [{**SELLER, "inventory_items": [{**LINK, "inventory": ITEM}]}], "inventory_items": [ITEM],
    "orders": [MEDUSA_ORDER], "reservations": [RESERVATION], "created": [], "updated": [LEVEL],
}  # fmt: skip


@pytest.mark.parametrize("seed", SEEDS)
async def test_no_answer_of_medusa_is_a_defect_of_ours(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    dice = random.Random(seed)
    monkeypatch.setenv("MEDUSA_KEY", "sk_the-key-of-the-bot")
    with stub_server() as server:
        server.answering = lambda request: as_json(mutated(MEDUSA, dice) if dice.random() < 0.5 else MEDUSA)
        connector = registry.cart(Connection("shop", "medusa", server.url, "", "env:MEDUSA_KEY", {}, 5))
        await _all_ends_in_words(
            connector,
            [
                lambda c: c.open(), lambda c: c.identity(), lambda c: c.locations(), lambda c: c.listings_page(None),
                lambda c: c.listings_page("1:variant_0"),
                lambda c: c.read(["iitem_1", "variant_1"]), lambda c: c.orders_since(1_700_000_000),
                lambda c: c.send("b", c.compose("b", [PushItem("iitem_1", 5)])),
            ],
        )  # fmt: skip


WOO_PRODUCT = {
    "id": 1, "sku": "A-1", "name": "Mug", "type": "simple", "manage_stock": True, "stock_quantity": 5, "backorders": "no",
    "date_modified_gmt": "2026-11-23T12:00:00",
}  # fmt: skip
WOO_SHIRT = {**WOO_PRODUCT, "id": 2, "type": "variable", "manage_stock": True}
WOO_ORDER = {
    "id": 9, "number": "9", "status": "processing", "date_created_gmt": "2026-11-23T12:00:00", "date_paid_gmt": None,
    "line_items": [{"product_id": 1, "variation_id": 0, "quantity": 2}, {"product_id": 2, "variation_id": 3, "quantity": 1}],
}  # fmt: skip
WOO_VARIATION = {**WOO_PRODUCT, "id": 3, "manage_stock": "parent", "attributes": [{"option": "Red"}]}
WOO: dict[str, object] = {
    "/wp-json/": {"home": "https://shop", "namespaces": ["wc/v3"]},
    "/products": [WOO_PRODUCT, WOO_SHIRT], "/variations": [WOO_VARIATION], "/orders": [WOO_ORDER],
    "/settings/products": [{"id": "woocommerce_notify_no_stock_amount", "value": "2"}],
    "/batch": {"update": [WOO_PRODUCT, {"id": 3, "error": {"code": "x", "message": "no"}}]},
}  # fmt: skip


@pytest.mark.parametrize("seed", SEEDS)
async def test_no_answer_of_woocommerce_is_a_defect_of_ours(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    dice = random.Random(seed)
    monkeypatch.setenv("WOO_SECRET", "cs_the-secret-of-the-bot")

    def answer(request: Request) -> Answer:
        path = request.path.partition("?")[0]
        value = next(value for end, value in sorted(WOO.items(), reverse=True) if path.endswith(end))
        return as_json(mutated(value, dice) if dice.random() < 0.5 else value)

    with stub_server() as server:
        server.answering = answer
        connector = registry.cart(Connection("shop", "woocommerce", server.url, "ck", "env:WOO_SECRET", {}, 5))
        await _all_ends_in_words(
            connector,
            [
                lambda c: c.open(), lambda c: c.identity(), lambda c: c.locations(), lambda c: c.listings_page(None),
                lambda c: c.listings_page('[[1,"1"],[["2","A"]],[0,""]]'), lambda c: c.listings_page('[[1,"1"],[],[0,""]]'),
                lambda c: c.read(["1", "2", "2/3"]), lambda c: c.orders_since(1_700_000_000),
                lambda c: c.send("b", c.compose("b", [PushItem("1", 5), PushItem("2/3", 5)])),
            ],
        )  # fmt: skip


SANDBOX = {
    "mark": "1", "basis": "available", "next": None, "total": 1, "place": "",
    "warehouses": [{"ref": "1", "code": "WH", "name": "Main", "active": True}],
    "products": [{"ref": "1", "sku": "A", "name": "Mug", "aliases": [{"type": "EAN", "code": "1"}], "components": []}],
    "levels": [{"ref": "1", "warehouse": "1", "on_hand": 5, "available": 5, "committed": 0, "incoming": 0, "read_at": 1}],
    "listings": [{"ref": "1", "sku": "A", "name": "M", "tracked": True, "quantity": 5, "allocated": 0, "updated_at": 1}],
    "orders": [{"ref": "1", "listing": "1", "quantity": 1, "taken_at": 1}], "rows": [{"ref": "1", "quantity": 5}],
}  # fmt: skip


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("kind", ["source", "cart"])
async def test_no_answer_of_the_sandbox_is_a_defect_of_ours(
    seed: int, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    dice = random.Random(seed)
    monkeypatch.setenv("SANDBOX_TOKEN", "the-token-of-the-bot")
    with stub_server() as server:
        server.answering = lambda request: as_json(mutated(SANDBOX, dice))
        where = Connection(
            "demo", "sandbox", server.url, "", "env:SANDBOX_TOKEN", {"shop": "s"} if kind == "cart" else {}, 5
        )
        if kind == "source":
            await _all_ends_in_words(
                registry.source(where),
                [
                    lambda c: c.open(), lambda c: c.warehouses(), lambda c: c.products_page(None),
                lambda c: c.levels_page(WEST, None),
                    lambda c: c.mark(), lambda c: c.changed_page("1", None),
                ],
            )  # fmt: skip
        else:
            await _all_ends_in_words(
                registry.cart(where),
                [
                    lambda c: c.open(), lambda c: c.listings_page(None), lambda c: c.read(["1"]), lambda c: c.orders_since(1),
                    lambda c: c.send("b", c.compose("b", [PushItem("1", 5)])),
                ],
            )  # fmt: skip


async def test_a_misspelled_option_is_refused_with_the_right_ones_and_nothing_is_asked() -> None:
    with stub_server() as server:
        connector = registry.source(Connection("wms", "tryton", server.url, options={"databse": "wms"}))
        with pytest.raises(NotConfiguredError) as raised:
            await connector.open()
        (step,) = [step async for step in connector.check()]
        assert server.requests == []
    assert "Did you mean database?" in raised.value.what and "company" in raised.value.advice
    assert not step.ok and "databse" in step.detail
