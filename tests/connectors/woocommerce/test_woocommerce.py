"""The WooCommerce connector's promises, by stubs that answer what the documentation says."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from invsync_tui.connectors import registry
from invsync_tui.connectors.base import BatchScope, CheckStep, Connection, ListingRow, OrderLine, PushItem
from invsync_tui.connectors.carts.woocommerce import WooCommerceCart
from invsync_tui.connectors.errors import (
    AuthError,
    ConnectorError,
    ContractError,
    NotConfiguredError,
    PermissionDeniedError,
    RowsRejectedError,
    ThrottledError,
    UnavailableError,
)
from invsync_tui.connectors.network.http_log import Exchange, log_http_to
from invsync_tui.rules.outcomes import Reason
from tests.support.servers.http_stub import Answer, Request, Stub, as_json, stub_server

BATCH = "0123456789abcdef0123456789abcdef"
KEY, SECRET = "ck_0123456789abcdef", "cs_fedcba9876543210"


def product(number: int, **values: Any) -> dict[str, Any]:
    """A product, or a variation, as WooCommerce answers it."""
    return {
        "id": number, "sku": f"SKU-{number}", "name": f"Thing {number}", "type": "simple", "manage_stock": True,
        "stock_quantity": 5, "backorders": "no", "date_modified_gmt": "2026-11-23T12:00:00", **values,
    }  # fmt: skip


def error(code: str, message: str, status: int) -> Answer:
    return as_json({"code": code, "message": message, "data": {"status": status}}, status)


@dataclass
class Shop:
    """A few lists, as far as these tests ask for them."""

    products: list[dict[str, Any]] = field(default_factory=list)
    variations: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    orders: list[dict[str, Any]] = field(default_factory=list)
    settings: dict[str, str] = field(default_factory=dict)
    instead: dict[str, list[Answer]] = field(default_factory=dict)
    """By the end of a path, answers that are given once each instead of the shop's."""
    takes: str = "header"
    asked: list[tuple[str, str]] = field(default_factory=list)

    def answer(self, request: Request) -> Answer:
        parts = urlsplit(request.path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        self.asked.append((request.method, parts.path))
        for end, answers in self.instead.items():
            if parts.path.endswith(end) and answers:
                return answers.pop(0)
        if parts.path == "/wp-json/":
            return as_json({"home": "https://shop.example.com/", "namespaces": ["wp/v2", "wc/v3"]})
        if not self._knows(request, query):
            return error("woocommerce_rest_cannot_view", "Sorry, you cannot list resources.", 401)
        path = parts.path.removeprefix("/wp-json/wc/v3/").split("/")
        if request.method == "POST":
            return self._update(path, request.json()["update"])
        return self._listed(path, query)

    def _knows(self, request: Request, query: dict[str, str]) -> bool:
        if self.takes == "query":
            return query.get("consumer_key") == KEY and query.get("consumer_secret") == SECRET
        expected = "Basic " + b64encode(f"{KEY}:{SECRET}".encode()).decode()
        return request.headers.get("authorization") == expected

    def _rows(self, path: list[str]) -> list[dict[str, Any]]:
        if path[0] == "orders":
            return self.orders
        if path[0] == "settings":
            return [{"id": name, "value": value} for name, value in self.settings.items()]
        return self.products if len(path) < 3 else self.variations.get(path[1], [])

    def _listed(self, path: list[str], query: dict[str, str]) -> Answer:
        rows = self._rows(path)
        if "include" in query:
            rows = [row for row in rows if str(row["id"]) in query["include"].split(",")]
        if "type" in query:
            rows = [row for row in rows if row["type"] == query["type"]]
        per_page, skip = int(query.get("per_page", "10")), int(query.get("offset", "0"))
        if per_page > 100:
            return error("rest_invalid_param", "Invalid parameter(s): per_page", 400)
        headers = {"X-WP-Total": str(len(rows))}
        return as_json(sorted(rows, key=lambda row: row["id"])[skip : skip + per_page], **headers)

    def _update(self, path: list[str], update: list[dict[str, Any]]) -> Answer:
        if len(update) > 100:
            return error("woocommerce_rest_request_entity_too_large", "Unable to accept more than 100 items.", 413)
        rows, answers = self._rows(path), []
        for wanted in update:
            row = next((row for row in rows if row["id"] == wanted["id"]), None)
            if row is None:
                missing = {"code": "woocommerce_rest_product_invalid_id", "message": "Invalid ID."}
                answers.append({"id": wanted["id"], "error": missing})
                continue
            if row["manage_stock"] is True:
                row["stock_quantity"] = wanted["stock_quantity"]
            answers.append(row)
        return as_json({"update": answers})

    def posts(self) -> list[str]:
        return [path.removeprefix("/wp-json/wc/v3/") for method, path in self.asked if method == "POST"]


@pytest.fixture
def shop() -> Shop:
    return Shop(
        products=[product(1), product(2, stock_quantity=0), product(10, type="variable", manage_stock=False)],
        variations={"10": [product(11), product(12, stock_quantity=7)]},
    )


@pytest.fixture
def stub(shop: Shop) -> Iterator[Stub]:
    with stub_server() as server:
        server.answering = shop.answer
        yield server


@pytest.fixture
def connection(stub: Stub, monkeypatch: pytest.MonkeyPatch) -> Connection:
    monkeypatch.setenv("WOO_SECRET", SECRET)
    return Connection("shop", "woocommerce", stub.url, KEY, "env:WOO_SECRET", {}, 5)


@pytest.fixture
async def cart(connection: Connection) -> AsyncIterator[WooCommerceCart]:
    cart = WooCommerceCart(connection)
    await cart.open()
    yield cart
    await cart.close()


async def all_listings(cart: WooCommerceCart) -> dict[str, ListingRow]:
    rows: list[ListingRow] = []
    cursor = None
    while True:
        page = await cart.listings_page(cursor)
        rows += page.rows
        cursor = page.next_cursor
        if cursor is None:
            assert len({row.ref for row in rows}) == len(rows)
            return {row.ref: row for row in rows}


async def push(cart: WooCommerceCart, **wanted: int) -> dict[str, Any]:
    items = [PushItem(ref.replace("_", "/").lstrip("r"), quantity) for ref, quantity in wanted.items()]
    return {answer.ref: answer for answer in await cart.send(BATCH, cart.compose(BATCH, items))}


async def steps(connection: Connection) -> list[CheckStep]:
    cart = WooCommerceCart(connection)
    try:
        return [step async for step in cart.check()]
    finally:
        await cart.close()


# --- listings --------------------------------------------------------------------------------------------------------


async def test_products_and_variations_are_listings(cart: WooCommerceCart, shop: Shop) -> None:
    rows = await all_listings(cart)
    assert {ref: (row.quantity, row.skip) for ref, row in rows.items()} == {
        "1": (5, None), "2": (0, None), "10": (None, Reason.BUNDLE_PARENT), "10/11": (5, None), "10/12": (7, None),
    }  # fmt: skip
    assert {row.ref: row for row in await cart.read(list(rows))} == rows
    shop.products[2]["sku"] = ""
    assert "10" not in await all_listings(cart)
    assert await cart.read(["10"]) == []
    assert await cart.read(["3", "10/99", "99/1", "nonsense"]) == []


async def test_variations_that_share_the_stock_of_their_product_are_told(cart: WooCommerceCart, shop: Shop) -> None:
    shop.products[2] |= {"manage_stock": True, "stock_quantity": 9, "sku": "SHIRT"}
    shop.variations["10"][0] |= {"manage_stock": "parent", "stock_quantity": 9}
    shop.variations["10"][1]["sku"] = "SHIRT"
    rows = await all_listings(cart)
    assert (rows["10"].quantity, rows["10"].tracked, rows["10"].sku) == (9, True, "SHIRT")
    assert (rows["10/11"].quantity, rows["10/11"].tracked) == (None, False)
    assert (rows["10/12"].quantity, rows["10/12"].sku) == (7, "")
    assert await cart.read(["10/12"]) == [rows["10/12"]]


@pytest.mark.parametrize("kind", ["grouped", "bundle"])
async def test_what_consists_of_others_is_a_bundle(cart: WooCommerceCart, shop: Shop, kind: str) -> None:
    shop.products[0]["type"] = kind
    assert (await all_listings(cart))["1"].skip is Reason.BUNDLE_PARENT


async def test_what_manages_no_stock_is_not_tracked_and_never_set(cart: WooCommerceCart, shop: Shop) -> None:
    shop.products[0] |= {"manage_stock": False, "stock_quantity": None}
    row = (await all_listings(cart))["1"]
    assert (row.tracked, row.quantity, row.skip) == (False, None, None)
    answer = (await push(cart, r1=4))["1"]
    assert answer.reason is Reason.CART_NOT_TRACKING and answer.quantity is None


async def test_odd_records_cost_themselves(cart: WooCommerceCart, shop: Shop) -> None:
    shop.products[0]["stock_quantity"] = 2.5
    shop.products[1]["stock_quantity"] = "7"
    shop.variations["10"][0]["manage_stock"] = 1
    shop.variations["10"][1]["sku"] = ""
    first = await cart.listings_page(None)
    second = await cart.listings_page(first.next_cursor)
    assert {row.ref: row.quantity for row in first.rows} == {"1": 2, "10": None}
    assert [ref for ref, _ in (*first.rejected, *second.rejected)] == ["2", "10/11"]
    assert [row.sku for row in second.rows] == [""]
    assert [row.skip for row in await cart.read(["2", "10/11"])] == [Reason.BAD_ROW] * 2


@pytest.mark.parametrize("size", [1, 2, 3, 1000])
async def test_records_that_are_deleted_meanwhile_hide_no_others(cart: WooCommerceCart, shop: Shop, size: int) -> None:
    shop.products = [product(number) for number in range(1, 9)]
    shop.products[3] |= {"type": "variable", "manage_stock": False}
    shop.variations = {"4": [product(number) for number in range(21, 28)]}
    cart.capabilities = replace(cart.capabilities, page_size=size)
    rows: list[str] = []
    cursor, deleted = None, False
    while True:
        page = await cart.listings_page(cursor)
        rows += [row.ref for row in page.rows]
        cursor = page.next_cursor
        if cursor is None:
            break
        if not deleted and "4/22" in rows:
            del shop.products[:2]
            del shop.variations["4"][:2]
            deleted = True
    assert deleted or size == 1000
    assert sorted(rows) == sorted([*map(str, range(1, 9)), *(f"4/{number}" for number in range(21, 28))])


@pytest.mark.parametrize("size", [1, 2, 3, 7])
@pytest.mark.parametrize("pages_gone", [1, 2, 3])
@pytest.mark.parametrize("what", ["products", "variations"])
async def test_more_than_a_page_deleted_between_two_pages_hides_no_listing(
    cart: WooCommerceCart, shop: Shop, what: str, pages_gone: int, size: int
) -> None:
    """Everything that was read so far is deleted, and one that was not."""
    # given
    read_first = pages_gone * size + 1
    many = [product(number) for number in range(1001, 1001 + 6 * size + 3)]
    shop.products, shop.variations = (many, {}) if what == "products" else ([product(4)], {"4": many})
    if what == "variations":
        shop.products[0] |= {"type": "variable", "manage_stock": False}
    cart.capabilities = replace(cart.capabilities, page_size=size)
    prefix = "" if what == "products" else "4/"
    everything = [f"{prefix}{row['id']}" for row in many]
    rows: list[str] = []
    cursor, deleted = None, 0
    # when
    while True:
        page = await cart.listings_page(cursor)
        rows += [row.ref for row in page.rows if row.ref.startswith(prefix) and row.ref != "4"]
        cursor = page.next_cursor
        if cursor is None:
            break
        if not deleted and len(rows) >= read_first:
            deleted = len(rows) + 1
            del many[:deleted]
    # then
    assert deleted > pages_gone * size
    assert rows == [ref for number, ref in enumerate(everything) if number != deleted - 1]


async def test_the_out_of_stock_threshold_is_told(connection: Connection, shop: Shop) -> None:
    shop.settings = {"woocommerce_notify_no_stock_amount": "3", "woocommerce_manage_stock": "yes"}
    shop.products[1]["backorders"] = "notify"
    cart = WooCommerceCart(connection)
    await cart.open()
    rows = await all_listings(cart)
    await cart.close()
    assert (rows["1"].threshold, rows["2"].threshold, rows["10"].threshold) == (3, 0, 0)


# --- pushing ---------------------------------------------------------------------------------------------------------


async def test_products_are_one_request_and_variations_one_for_each_product(cart: WooCommerceCart, shop: Shop) -> None:
    shop.products.append(product(20, type="variable", manage_stock=False))
    shop.variations["20"] = [product(21)]
    answers = await push(cart, r10_11=1, r1=2, r20_21=3, r2=4, r10_12=5)
    assert {ref: answer.quantity for ref, answer in answers.items()} == {
        "10/11": 1, "1": 2, "20/21": 3, "2": 4, "10/12": 5,
    }  # fmt: skip
    assert shop.posts() == ["products/batch", "products/10/variations/batch", "products/20/variations/batch"]


async def test_variations_belong_to_their_product(cart: WooCommerceCart) -> None:
    groups = {ref: row.group for ref, row in (await all_listings(cart)).items()}
    assert {"/" in ref for ref in groups} == {True, False}
    assert groups == {ref: ref.split("/")[0] if "/" in ref else "" for ref in groups}
    assert cart.capabilities.batch_scope is BatchScope.GROUP


async def test_a_bad_row_is_answered_by_itself(cart: WooCommerceCart, shop: Shop) -> None:
    answers = await push(cart, r1=8, r3=9, r10_99=9)
    assert answers["1"].quantity == 8
    assert answers["3"].reason is Reason.NOT_IN_CART and "Invalid ID" in answers["3"].error
    assert answers["10/99"].reason is Reason.NOT_IN_CART
    shop.instead = {"10/variations/batch": [error("woocommerce_rest_product_invalid_id", "Invalid product.", 404)]}
    assert (await push(cart, r10_11=1))["10/11"].reason is Reason.NOT_IN_CART


async def test_a_batch_that_is_too_large_is_refused_for_its_rows(cart: WooCommerceCart, shop: Shop) -> None:
    shop.instead = {"products/batch": [Answer(413, b"<html>Too large</html>"), error("x_too_large", "no", 413)]}
    for _ in range(2):
        with pytest.raises(RowsRejectedError):
            await push(cart, r1=8, r2=9)
    assert (shop.products[0]["stock_quantity"], shop.products[1]["stock_quantity"]) == (5, 0)
    shop.instead = {"products/batch": [error("rest_invalid_param", "Invalid parameter(s): update", 400)]}
    (answer,) = (await push(cart, r1=8)).values()
    assert answer.error and answer.quantity is None


async def test_nothing_but_the_quantity_is_sent_and_bodies_are_equal_for_equal_items(cart: WooCommerceCart) -> None:
    items = [PushItem("1", 2), PushItem("10/11", 0)]
    body = cart.compose(BATCH, items)
    assert body == cart.compose(BATCH, list(items))
    assert [list(row) for part in json.loads(body)["requests"] for row in part["update"]] == [
        ["id", "stock_quantity"], ["id", "stock_quantity"],
    ]  # fmt: skip
    for wrong in (PushItem("1", -1), PushItem("1/2/3", 1), PushItem("", 1)):
        with pytest.raises(ValueError):
            cart.compose(BATCH, [wrong])
    many = cart.compose(BATCH, [PushItem(str(number), 1) for number in range(1, 251)])
    assert [len(part["update"]) for part in json.loads(many)["requests"]] == [100, 100, 50]


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (Answer(503, b"busy"), UnavailableError),
        (Answer(500, b"<html>"), UnavailableError),
        (Answer(200, b"<br />\n<b>Warning</b>:  Undefined variable in /x.php\n{}"), UnavailableError),
        (Answer(403, b"<html><title>Attention Required</title></html>"), UnavailableError),
        (error("rest_forbidden", "no", 403), UnavailableError),
    ],
)
async def test_what_goes_wrong_in_the_middle_leaves_the_batch_in_doubt(
    cart: WooCommerceCart, shop: Shop, answer: Answer, kind: type[ConnectorError]
) -> None:
    shop.instead = {"10/variations/batch": [answer]}
    with pytest.raises(kind) as raised:
        await push(cart, r1=8, r10_11=9)
    assert isinstance(raised.value, UnavailableError) and raised.value.may_have_applied
    assert (shop.products[0]["stock_quantity"], shop.variations["10"][0]["stock_quantity"]) == (8, 5)
    assert len(shop.posts()) == 2


async def test_too_many_requests_say_that_nothing_was_done(cart: WooCommerceCart, shop: Shop) -> None:
    busy = Answer(429, b"{}", {"Retry-After": "0"})
    shop.instead = {"products/batch": [busy]}
    with pytest.raises(ThrottledError):
        await push(cart, r1=8, r10_11=9)
    assert shop.posts() == ["products/batch"]
    shop.instead = {"variations/batch": [busy]}  # in the middle the request is sent again
    assert {ref: answer.quantity for ref, answer in (await push(cart, r1=8, r10_11=9)).items()} == {"1": 8, "10/11": 9}


# --- orders ----------------------------------------------------------------------------------------------------------


def order(number: int, *lines: tuple[int, int, float], **values: Any) -> dict[str, Any]:
    items = [{"product_id": at, "variation_id": variation, "quantity": units} for at, variation, units in lines]
    return {
        "id": number, "number": f"A{number}", "status": "processing", "date_created_gmt": "2026-11-23T12:00:00",
        "date_paid_gmt": None, "line_items": items, **values,
    }  # fmt: skip


def _noted(key: str, value: object) -> dict[str, Any]:
    return {"id": 1, "key": key, "value": value}


def _bundle(*parts: tuple[int, int, list[dict[str, Any]]]) -> list[dict[str, Any]]:
    """Lines of an order: (product, units, what is noted of the line)."""
    return [{"product_id": at, "variation_id": 0, "quantity": units, "meta_data": noted} for at, units, noted in parts]


TAKES = {
    "an exchange at a till is a line of less than nothing beside another": (
        _bundle((1, -1, []), (2, 2, [])), {"2": 2},
    ),
    "a till's fraction of less than nothing": (_bundle((1, -0.5, []), (2, 2, [])), {"2": 2}),
    "more was put back than was taken": (
        _bundle((1, 2, [_noted("_reduced_stock", "-1")]), (2, 2, [_noted("_reduced_stock", "1")])), {"2": 1},
    ),
    "a bundle without a stock of its own": (
        _bundle(
            (1, 1, [_noted("_bundle_cart_key", "a"), _noted("_bundled_items", ["b"])]),
            (2, 3, [_noted("_bundle_cart_key", "b"), _noted("_bundled_by", "a"), _noted("_reduced_stock", "3")]),
        ), {"2": 3},
    ),
    "a bundle whose parts have none": (
        _bundle(
            (1, 1, [_noted("_bundle_cart_key", "a"), _noted("_bundled_items", ["b"]), _noted("_reduced_stock", "1")]),
            (2, 3, [_noted("_bundle_cart_key", "b"), _noted("_bundled_by", "a")]),
        ), {"1": 1},
    ),
    "a bundle of which nothing is said is its parts": (
        _bundle(
            (1, 1, [_noted("_bundle_cart_key", "a"), _noted("_bundled_items", ["b"])]),
            (2, 3, [_noted("_bundle_cart_key", "b"), _noted("_bundled_by", "a")]),
        ), {"2": 3},
    ),
    "a composite product beside a product for itself": (
        _bundle(
            (1, 1, [_noted("_composite_children", ["b"])]),
            (2, 3, [_noted("_composite_parent", "a"), _noted("_reduced_stock", "3")]),
            (3, 4, []),
        ), {"2": 3, "3": 4},
    ),
}  # fmt: skip


@pytest.mark.parametrize("refunds", [[], [{"id": 9, "reason": "", "total": "-5.00"}]])
@pytest.mark.parametrize("noted", [True, False])
async def test_a_line_that_was_given_back_as_a_whole_is_not_sold_any_more(
    cart: WooCommerceCart, shop: Shop, refunds: list[dict[str, object]], noted: bool
) -> None:
    """woocommerce#31011, #30618: the note of what it took is deleted then, as if the shop had never kept one."""
    items = _bundle((1, 3, []), (2, 2, [_noted("_reduced_stock", "2")] if noted else []))
    shop.orders = [order(1) | {"line_items": items, "refunds": refunds}]
    taken = {line.listing_ref: line.quantity for line in await cart.orders_since(0)}
    assert taken == ({"2": 2} if refunds and noted else {"1": 3, "2": 2})


@pytest.mark.parametrize("name", TAKES)
async def test_what_lines_of_an_order_take(cart: WooCommerceCart, shop: Shop, name: str) -> None:
    items, taken = TAKES[name]
    shop.orders = [order(1) | {"line_items": items}]
    lines = await cart.orders_since(0)
    assert [line.error for line in lines if line.error] == []
    assert {line.listing_ref: line.quantity for line in lines} == taken


async def test_orders_that_took_units_are_lines_of_listings(cart: WooCommerceCart, shop: Shop) -> None:
    noon = 1795435200
    shop.products[2] |= {"manage_stock": True, "stock_quantity": 9}
    shop.variations["10"][0]["manage_stock"] = "parent"
    shop.orders = [
        order(1, (1, 0, 2), (10, 11, 1), (10, 12, 3), (0, 0, 4)),
        order(2, (1, 0, 1), status="pending"), order(3, (1, 0, 1), status="cancelled"),
        order(4, (2, 0, 1.5), status="on-hold", date_paid_gmt="2026-11-23T13:00:00"),
        order(5, (1, 0, "many")),
    ]  # fmt: skip
    lines = await cart.orders_since(noon)
    # What is not, or no longer, taken is told with nothing: a canceled order can be restored.
    assert [line for line in lines if not line.quantity and not line.error] == [
        OrderLine("2", "1", 0, 0), OrderLine("3", "1", 0, 0),
    ]  # fmt: skip
    assert [line for line in lines if line.quantity] == [
        OrderLine("1", "1", 2, noon, "", "A1"), OrderLine("1", "10", 1, noon, "", "A1"),
        OrderLine("1", "10/12", 3, noon, "", "A1"), OrderLine("4", "2", 2, noon + 3600, "", "A4"),
    ]  # fmt: skip
    assert [line.order_ref for line in lines if line.error] == ["5"]
    # Of an order that was changed meanwhile all is told, however old it is.
    assert {line.order_ref for line in await cart.orders_since(noon + 3000) if line.quantity} == {"1", "4"}


@pytest.mark.parametrize(
    ("kept", "units"),
    [("1", 1), (1, 1), ("0", 0), ("1.5", 2), ("3", 3), ("", 3), (None, 3), ("-1", 0), ({"a": 1}, 3), ("1e9", 3)],
)
async def test_what_a_refund_put_back_into_stock_is_not_sold(
    cart: WooCommerceCart, shop: Shop, kept: object, units: int
) -> None:
    noon = 1795435200
    shop.orders = [order(1, (1, 0, 3))]
    entries = [{"id": 7, "key": "_reduced_stock", "value": kept}, "odd"]
    shop.orders[0]["line_items"][0]["meta_data"] = entries
    assert [(line.listing_ref, line.quantity) for line in await cart.orders_since(noon)] == [("1", units)] * bool(units)


async def test_a_key_that_may_not_read_orders_reports_none(connection: Connection, shop: Shop) -> None:
    shop.instead = {"/orders": [error("woocommerce_rest_cannot_view", "no", 403)] * 2}
    cart = WooCommerceCart(connection)
    await cart.open()
    assert not cart.capabilities.reports_orders
    await cart.close()
    assert "not subtracted" in next(step.detail for step in await steps(connection) if step.name == "orders")


# --- login and what stands in between ----------------------------------------------------------------------------------


async def test_the_connection_test_goes_step_by_step(connection: Connection, shop: Shop) -> None:
    shop.settings = {"woocommerce_manage_stock": "yes", "woocommerce_hold_stock_minutes": "60"}
    shop.products[0] |= {"manage_stock": False, "stock_quantity": None}
    before = json.dumps([shop.products, shop.variations])
    found = await steps(replace(connection, url=f"{connection.url}/wp-json/wc/v3/"))
    assert all(step.ok for step in found), found
    told = {step.name: step.detail for step in found}
    assert list(told) == ["address", "login", "permission", "orders", "shop"]
    assert "held for 60 min" in told["shop"] and "1 do not manage stock" in told["shop"]
    assert json.dumps([shop.products, shop.variations]) == before


@pytest.mark.parametrize(
    ("end", "answers", "step", "detail", "advice"),
    [
        ("/wp-json/", [as_json({"namespaces": ["wp/v2"]})], "address", "is not there", "Activate"),
        ("/wp-json/", [Answer(404, b"<html>Not found</html>")], "address", "no REST API", "permalinks"),
        ("/wp-json/", [Answer(403, b"<html><title>Blocked</title>")], "address", "Blocked", "firewall"),
        (
            "/products",
            [Answer(200, b"<br />\n<b>Notice</b>:  Undefined index in <b>/x.php</b> on line 3<br />\n[]")],
            "login", "message of PHP into its answer: Notice", "WP_DEBUG_DISPLAY",
        ),
        ("/products", [Answer(200, b"<!DOCTYPE html><title>Maintenance</title>")], "login", "Maintenance", "firewall"),
        (
            "/products/batch",
            [error("woocommerce_rest_authentication_error", "The API key provided does not have write permissions.", 401)],
            "permission", "write permissions", "Read/Write",
        ),
    ],
)  # fmt: skip
async def test_what_is_wrong_is_told_at_its_step(
    connection: Connection, shop: Shop, end: str, answers: list[Answer], step: str, detail: str, advice: str
) -> None:
    shop.instead = {end: answers}
    last = (await steps(connection))[-1]
    assert (last.name, last.ok) == (step, False)
    assert detail in last.detail and advice in last.advice, last


async def test_plain_permalinks_are_told(connection: Connection, stub: Stub) -> None:
    stub.answering = lambda request: (
        as_json({"namespaces": ["wc/v3"]}) if request.path.startswith("/?rest_route=/") else Answer(404, b"<html>")
    )
    last = (await steps(connection))[-1]
    assert "plain permalinks" in last.detail and "Settings, Permalinks" in last.advice


async def test_a_wrong_secret_is_refused_once(
    connection: Connection, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WOO_SECRET", "cs_wrong_wrong_wrong")
    cart = WooCommerceCart(connection)
    for _ in range(2):
        with pytest.raises(AuthError):
            await cart.open()
    await cart.close()
    assert len(shop.asked) == 1
    last = (await steps(connection))[-1]
    assert last.name == "login" and "the option auth" in last.advice


async def test_a_header_that_is_dropped_is_found_out_and_the_key_may_go_into_the_address(
    connection: Connection, shop: Shop
) -> None:
    shop.takes = "query"
    last = (await steps(connection))[-1]
    assert last.name == "login" and "does not hand on" in last.detail and "the option auth to query" in last.advice
    with_query = replace(connection, options={"auth": "query"})
    assert all(step.ok for step in await steps(with_query))


async def test_a_key_in_the_address_is_in_no_log_and_no_error(
    connection: Connection, shop: Shop, caplog: pytest.LogCaptureFixture
) -> None:
    shop.takes = "query"
    kept: list[Exchange] = []

    class Listener:
        def wants(self, *, writes: bool, failed: bool) -> int:
            return 10_000

        def tell(self, exchange: Exchange) -> None:
            kept.append(exchange)

    cart = registry.cart(replace(connection, options={"auth": "query"}))
    texts: list[str] = []
    with log_http_to(Listener()), caplog.at_level("WARNING"):
        await cart.open()
        for answer in (Answer(404, b"<html>"), Answer(200, b"{"), Answer(500, json.dumps([KEY, SECRET]).encode())):
            shop.instead = {"/products": [answer] * 4}
            with pytest.raises(ConnectorError) as raised:
                await cart.listings_page(None)
            texts.append(f"{raised.value}")
    await cart.close()
    assert len(kept) >= 6 and any("consumer_secret=" in exchange.url for exchange in kept)
    texts += [str(exchange) for exchange in kept] + [caplog.text]
    assert not any(SECRET in text for text in texts)
    assert not any(f"consumer_key={KEY}" in text for text in texts)


async def test_keys_go_over_https_only(connection: Connection) -> None:
    plain = replace(connection, url="http://shop.example.com")
    cart = WooCommerceCart(plain)
    with pytest.raises(NotConfiguredError, match="https only"):
        await cart.open()
    await cart.close()
    (step,) = await steps(plain)
    assert "https only" in step.detail and "https://shop.example.com" in step.advice


async def test_a_read_only_key_cannot_push(cart: WooCommerceCart, shop: Shop) -> None:
    message = "The API key provided does not have write permissions."
    shop.instead = {"products/batch": [error("woocommerce_rest_authentication_error", message, 401)]}
    with pytest.raises(PermissionDeniedError):
        await push(cart, r1=1)


async def test_the_shop_is_its_identity(cart: WooCommerceCart, shop: Shop) -> None:
    assert await cart.identity() == {"store": "https://shop.example.com"}
    shop.instead = {"/wp-json/": [error("rest_not_logged_in", "no", 401), as_json([1])]}
    assert await cart.identity() == await cart.identity() == {}
    offset = await cart.clock_offset()
    assert offset is not None and abs(offset) < 5


async def test_a_redirect_is_told_and_not_followed(cart: WooCommerceCart, shop: Shop) -> None:
    shop.instead = {
        "/products": [Answer(301, b"", {"Location": "https://www.shop.example.com/wp-json/wc/v3/products"})]
    }
    with pytest.raises(ContractError, match=r"www\.shop\.example\.com"):
        await cart.listings_page(None)
