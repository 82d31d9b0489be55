"""The Shopify connector's promises, against a strict fake that executes the official schema, and scripted answers."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from invsync_tui import clock
from invsync_tui.connectors.base import Connection, DoubtPolicy, PushItem
from invsync_tui.connectors.carts.shopify import CAPABILITIES, ShopifyCart, fixes, queries
from invsync_tui.connectors.errors import (
    BatchTooLargeError,
    NotConfiguredError,
    RowsRejectedError,
    UnavailableError,
)
from invsync_tui.rules.outcomes import Reason
from tests.support.servers.http_stub import Answer
from tests.support.servers.shopify.opened import opened
from tests.support.servers.shopify.schema import checked
from tests.support.servers.shopify.server import SCOPES, SUPPORTED, ShopifyServer

BATCH = "0123456789abcdef0123456789abcdef"
OTHER = "fedcba9876543210fedcba9876543210"
DOCUMENTS = [
    *(value.text for value in vars(queries).values() if isinstance(value, queries.Document)),
    queries.SET,
    fixes.STATES.text,
    *fixes.MUTATIONS,
]


# --- the contract ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", queries.VERSIONS)
@pytest.mark.parametrize("text", DOCUMENTS, ids=lambda text: text.split()[1].partition("(")[0])
def test_every_document_is_right_by_the_official_schema_of_every_version(version: str, text: str) -> None:
    _, wrong = checked(version, text)
    assert wrong == ()


def test_a_wrong_document_would_be_refused() -> None:
    text = queries.SET.replace("userErrors", "errorsOfUsers")
    assert checked("2026-07", text)[1] != ()


def test_the_versions_of_the_connector_are_those_that_the_fake_supports() -> None:
    assert queries.VERSIONS == SUPPORTED
    assert queries.DEFAULT_VERSION in SUPPORTED


def test_nothing_is_composed_before_a_location_is_chosen() -> None:
    cart = ShopifyCart(Connection("shop", "shopify", "https://x.myshopify.com"))
    with pytest.raises(NotConfiguredError):
        cart.compose(BATCH, [PushItem("gid://shopify/InventoryItem/1", 5, 4)])


async def test_a_row_that_was_never_read_is_set_without_a_comparison(cart: ShopifyCart, server: ShopifyServer) -> None:
    first, second, *_ = server.shown()
    body = cart.compose(BATCH, [PushItem(first, 50, 5), PushItem(second, 60, None)])
    variables = json.loads(body)["variables"]
    assert variables["key"] == BATCH
    assert [row["changeFromQuantity"] for row in variables["input"]["quantities"]] == [5, None]
    assert variables["input"]["name"] == "available"
    assert BATCH in variables["input"]["referenceDocumentUri"]
    answers = await cart.send(BATCH, body)
    assert [(answer.ref, answer.quantity) for answer in answers] == [(first, 50), (second, 60)]
    assert server.violations == []


@pytest.mark.parametrize("version", queries.VERSIONS)
async def test_stock_is_read_and_set_in_every_version(server: ShopifyServer, version: str) -> None:
    cart = await opened(server, version=version)
    (ref, *_), before = server.shown(), server.shown()
    await cart.send(BATCH, cart.compose(BATCH, [PushItem(ref, 50, before[ref])]))
    assert [row.quantity for row in await cart.read([ref])] == [50]
    await cart.close()
    assert server.violations == []


def test_a_quantity_above_what_shopify_keeps_is_not_composed(cart: ShopifyCart, server: ShopifyServer) -> None:
    ref = next(iter(server.shown()))
    for wrong in (-1, 1_000_000_001):
        with pytest.raises(ValueError, match="too large"):
            cart.compose(BATCH, [PushItem(ref, wrong, 5)])


async def test_a_batch_may_have_as_many_rows_as_shopify_takes_and_no_more(server: ShopifyServer) -> None:
    for number in range(CAPABILITIES.max_batch):
        server.add(f"MORE-{number}", 1)
    cart = await opened(server)
    refs = list(server.shown())[-CAPABILITIES.max_batch :]
    answers = await cart.send(BATCH, cart.compose(BATCH, [PushItem(ref, 7, 1) for ref in refs]))
    assert {answer.quantity for answer in answers} == {7} and len(answers) == 250
    assert server.violations == []
    with pytest.raises(BatchTooLargeError, match="MAX_INPUT_SIZE"):
        await cart.send(OTHER, cart.compose(OTHER, [PushItem(ref, 7, 1) for ref in server.shown()]))
    assert server.violations == ["258 rows"]
    await cart.close()


# --- compare-and-set and doubt ---------------------------------------------------------------------------------------


async def test_a_stale_row_is_read_again_and_not_set_over(cart: ShopifyCart, server: ShopifyServer) -> None:
    ref = next(iter(server.shown()))
    server.set(ref, 123)
    (answer,) = await cart.send(BATCH, cart.compose(BATCH, [PushItem(ref, 50, 5)]))
    assert (answer.quantity, answer.reason) == (123, Reason.CAS_CONFLICT)
    assert answer.error is not None and "showed 5" in answer.error and "shows 123" in answer.error
    assert server.shown()[ref] == 123


async def test_a_stale_row_that_shows_our_number_is_as_it_should_be(cart: ShopifyCart, server: ShopifyServer) -> None:
    ref = next(iter(server.shown()))
    server.set(ref, 50)
    (answer,) = await cart.send(BATCH, cart.compose(BATCH, [PushItem(ref, 50, 5)]))
    assert (answer.quantity, answer.error, answer.reason) == (50, None, None)


async def test_a_stale_row_that_cannot_be_read_again_is_told(cart: ShopifyCart, server: ShopifyServer) -> None:
    ref = next(iter(server.shown()))
    server.set(ref, 123)
    server.shop.before_set = lambda: server.instead.extend([Answer(400, b"no")])
    (answer,) = await cart.send(BATCH, cart.compose(BATCH, [PushItem(ref, 50, 5)]))
    assert (answer.quantity, answer.reason) == (None, Reason.CAS_CONFLICT)
    assert answer.error is not None and "another number" in answer.error


async def test_bad_rows_of_a_batch_are_named_and_nothing_is_set(cart: ShopifyCart, server: ShopifyServer) -> None:
    good, stale, gone, *_ = before = dict(server.shown())
    server.set(stale, 99)
    server.remove(gone)
    items = [PushItem(ref, 50, before[ref]) for ref in (good, stale, gone)]
    with pytest.raises(RowsRejectedError) as raised:
        await cart.send(BATCH, cart.compose(BATCH, items))
    assert raised.value.refs == (stale, gone)
    assert server.shown()[good] == before[good]


@pytest.mark.parametrize(
    ("values", "reason"),
    [({"bundle": True}, Reason.BUNDLE_PARENT), ({"quantity": None}, Reason.NOT_STOCKED_AT_LOCATION)],
)
async def test_a_row_that_cannot_be_set_has_its_reason(
    cart: ShopifyCart, server: ShopifyServer, values: dict[str, Any], reason: Reason
) -> None:
    ref = server.add("ODD", values.pop("quantity", 4), **values)
    (answer,) = await cart.send(BATCH, cart.compose(BATCH, [PushItem(ref, 50, 4)]))
    assert (answer.quantity, answer.reason) == (None, reason)


@pytest.mark.parametrize(
    ("version", "code"),
    [
        ("2026-07", "ITEM_NOT_STOCKED_AT_LOCATION"),
        ("2026-10", "INVALID_LOCATION"),
        ("2026-10", "INVALID_INVENTORY_ITEM"),
        ("2026-10", "NON_MUTABLE_INVENTORY_ITEM"),
        ("2026-10", "INVALID_QUANTITY_TOO_HIGH"),
    ],
)
@pytest.mark.parametrize("resting", [False, True])
async def test_an_item_that_is_not_stocked_is_told_whatever_the_version_calls_it(
    server: ShopifyServer, version: str, code: str, resting: bool
) -> None:
    """Its level is gone, or is not active any more; a row beside it is named as good."""
    good, bad, *_ = before = dict(server.shown())
    connection = server.connection(server.url)
    cart = ShopifyCart(replace(connection, options={**connection.options, "version": version}))
    await cart.open()
    server.shop.unstocked_code = code
    if resting:
        server.shop.items[bad].resting.add(server.shop.main)
    else:
        server.shop.items[bad].levels[server.shop.main] = None
    assert [row.skip for row in await cart.read([bad])] == [Reason.NOT_STOCKED_AT_LOCATION]
    with pytest.raises(RowsRejectedError) as raised:
        await cart.send(BATCH, cart.compose(BATCH, [PushItem(ref, 50, before[ref]) for ref in (good, bad)]))
    assert raised.value.refs == (bad,)
    (answer,) = await cart.send(OTHER, cart.compose(OTHER, [PushItem(bad, 50, before[bad])]))
    assert (answer.quantity, answer.reason) == (None, Reason.NOT_STOCKED_AT_LOCATION)
    assert server.shown()[good] == before[good] and server.violations == []
    await cart.close()


async def test_a_level_that_became_inactive_is_not_told_as_set(cart: ShopifyCart, server: ShopifyServer) -> None:
    """From 2026-10 on, and in shops before, Shopify takes a number for a level that sells nothing."""
    first, second, *_ = server.shown()
    server.shop.stocks_anywhere = True
    body = cart.compose(BATCH, [PushItem(first, 50, 5), PushItem(second, 60, 6)])
    server.shop.items[first].deactivate(server.shop.main)
    # when it is sent after all
    inactive, active = await cart.send(BATCH, body)
    # then
    assert (inactive.quantity, inactive.reason) == (None, Reason.NOT_STOCKED_AT_LOCATION) and inactive.error
    assert (active.quantity, active.reason, active.error) == (60, None, None)


async def test_the_same_batch_twice_is_done_once_and_answered_alike(cart: ShopifyCart, server: ShopifyServer) -> None:
    assert cart.capabilities.doubt_policy is DoubtPolicy.IDEMPOTENCY_KEY
    ref = next(iter(server.shown()))
    body = cart.compose(BATCH, [PushItem(ref, 50, 5)])
    first = await cart.send(BATCH, body)
    server.set(ref, 48)  # sold meanwhile
    assert await cart.send(BATCH, body) == first
    assert server.shown()[ref] == 48


async def test_a_cut_answer_may_have_been_applied(cart: ShopifyCart, server: ShopifyServer) -> None:
    ref = next(iter(server.shown()))
    server.lose = 1
    with pytest.raises(UnavailableError) as raised:
        await cart.send(BATCH, cart.compose(BATCH, [PushItem(ref, 50, 5)]))
    assert raised.value.may_have_applied and server.shown()[ref] == 50


async def test_a_quantity_that_the_answer_does_not_carry_is_not_made_up(
    cart: ShopifyCart, server: ShopifyServer
) -> None:
    first, second, *_ = server.shown()
    change = {"quantityAfterChange": None, "item": {"id": first}, "location": {"id": cart.location_ref()}}
    payload = {"inventoryAdjustmentGroup": {"changes": [change]}, "userErrors": []}
    server.instead = [{"data": {"inventorySetQuantities": payload}}]
    answers = await cart.send(BATCH, cart.compose(BATCH, [PushItem(first, 5, 5), PushItem(second, 6, 6)]))
    assert [(answer.quantity, answer.error) for answer in answers] == [(None, None), (None, None)]


# --- points ----------------------------------------------------------------------------------------------------------


async def test_points_are_those_that_shopify_reports(cart: ShopifyCart, server: ShopifyServer) -> None:
    server.bucket.most, server.bucket.per_second, server.bucket.left = 2000.0, 100.0, 700.0
    await cart.identity()
    budget = cart.budget()
    assert budget is not None and budget.from_server
    assert (budget.limit, budget.per_second) == (2000.0, 100.0)
    assert 650 < budget.available < 720


async def test_an_answer_of_status_200_that_means_too_many_is_waited_for(
    cart: ShopifyCart, server: ShopifyServer
) -> None:
    server.bucket.per_second, server.bucket.left = 50.0, 0.0
    rows = await cart.read(list(server.shown()))
    assert len(rows) == 8
    assert server.throttled >= 1 and server.violations == []


async def test_no_query_costs_more_than_a_query_may(server: ShopifyServer) -> None:
    for number in range(200):
        server.add(f"MORE-{number}", 1)
    second = server.shop.add_location("Second")
    server.location = server.shop.main
    server.scopes = (*SCOPES, "read_merchant_managed_fulfillment_orders")
    for number in range(12):
        server.shop.order(dict.fromkeys(list(server.shown())[number : number + 3], 1), None)
    cart = await opened(server)
    page = await cart.listings_page(None)
    rest = await cart.listings_page(page.next_cursor)
    assert len(page.rows) == 200 and len(rest.rows) == 8 and rest.next_cursor is None
    assert len(await cart.read(list(server.shown()))) == 208
    assert len(await cart.orders_since(0)) == 36
    assert second and server.violations == []
    await cart.close()


# --- listings --------------------------------------------------------------------------------------------------------


async def test_what_a_listing_says_of_itself(server: ShopifyServer) -> None:
    other = server.shop.add_location("Other")
    server.location = server.shop.main
    free = server.add("FREE", 1, tracked=False)
    bundle = server.add("BUNDLE", 1, bundle=True)
    absent = server.add("ABSENT", None)
    blank = server.add(None, 3)
    server.shop.items[absent].levels[other] = 9
    server.shop.items[blank].levels[other] = 4
    cart = await opened(server)
    rows = {row.ref: row for row in (await cart.listings_page(None)).rows}
    assert rows[free].tracked is False
    assert rows[bundle].skip is Reason.BUNDLE_PARENT
    assert (rows[absent].skip, rows[absent].quantity, rows[absent].elsewhere) == (
        Reason.NOT_STOCKED_AT_LOCATION,
        None,
        9,
    )
    assert (rows[blank].sku, rows[blank].quantity, rows[blank].elsewhere) == ("", 3, 4)
    assert {row.ref: row for row in await cart.read(list(rows))} == rows
    await cart.close()


async def test_a_shop_of_one_location_has_nothing_elsewhere(cart: ShopifyCart) -> None:
    assert {row.elsewhere for row in (await cart.listings_page(None)).rows} == {None}


async def test_a_listing_that_is_deleted_between_two_pages_hides_no_other(
    cart: ShopifyCart, server: ShopifyServer
) -> None:
    cart.capabilities = replace(cart.capabilities, page_size=3)
    page = await cart.listings_page(None)
    server.remove(page.rows[-1].ref)
    refs = [row.ref for row in page.rows]
    while page.next_cursor is not None:
        page = await cart.listings_page(page.next_cursor)
        refs += [row.ref for row in page.rows]
    assert len(refs) == len(set(refs)) == 8


@pytest.mark.parametrize("size", [1, 2, 3])
async def test_more_than_a_page_deleted_between_two_pages_hides_no_listing(
    cart: ShopifyCart, server: ShopifyServer, size: int
) -> None:
    """Everything that was read so far is deleted, and one that was not."""
    everything = server.shown()
    cart.capabilities = replace(cart.capabilities, page_size=size)
    page = await cart.listings_page(None)
    refs = [row.ref for row in page.rows]
    while len(refs) <= size:
        page = await cart.listings_page(page.next_cursor)
        refs += [row.ref for row in page.rows]
    next_one = next(ref for ref in everything if ref not in refs)
    for ref in (*refs, next_one):
        server.remove(ref)
    while page.next_cursor is not None:
        page = await cart.listings_page(page.next_cursor)
        refs += [row.ref for row in page.rows]
    assert sorted(refs) == sorted(ref for ref in everything if ref != next_one)


# --- orders ----------------------------------------------------------------------------------------------------------


async def test_orders_of_a_shop_of_one_location_are_there(cart: ShopifyCart, server: ShopifyServer) -> None:
    first, second, *_ = server.shown()
    order = server.shop.order({first: 2, second: 1})
    server.shop.order({first: 4}).cancelled = True
    lines = await cart.orders_since(clock.seconds() - 10)
    assert [(line.order_ref, line.name, line.listing_ref, line.quantity, line.location) for line in lines] == [
        (order.ref, order.name, first, 2, server.shop.main),
        (order.ref, order.name, second, 1, server.shop.main),
    ]
    assert await cart.orders_since(clock.seconds() + 3600) == []


async def test_an_old_order_that_is_edited_is_told_as_it_is_now(cart: ShopifyCart, server: ShopifyServer) -> None:
    first, second, *_ = server.shown()
    order = server.shop.order({first: 3})
    order.created_at = order.updated_at = "2026-01-02T03:04:05Z"
    server.scopes += ("read_all_orders",)
    assert await cart.orders_since(clock.seconds() - 10) == []
    # when units are added, and a product
    server.shop.edit(order, first, 2)
    server.shop.edit(order, second, 1)
    # then
    lines = await cart.orders_since(clock.seconds() - 10)
    assert [(line.listing_ref, line.quantity) for line in lines] == [(first, 5), (second, 1)]
    assert {line.taken_at for line in lines} == {1767323045}


@pytest.mark.parametrize("allowed", [True, False])
async def test_orders_of_a_shop_of_several_say_where_they_are_assigned(server: ShopifyServer, allowed: bool) -> None:
    other = server.shop.add_location("Other")
    server.location = server.shop.main
    if allowed:
        server.scopes = (*SCOPES, "read_merchant_managed_fulfillment_orders")
    first, second, *_ = server.shown()
    server.shop.order({first: 2, second: 1}, {second: other})
    cart = await opened(server)
    lines = await cart.orders_since(0)
    places = {line.listing_ref: line.location for line in lines}
    assert places == ({first: server.shop.main, second: other} if allowed else {first: "", second: ""})
    await cart.close()


async def test_a_long_order_is_read_to_its_end(cart: ShopifyCart, server: ShopifyServer) -> None:
    for number in range(60):
        server.add(f"MORE-{number}", 5)
    server.shop.order(dict.fromkeys(server.shown(), 1))
    assert len(await cart.orders_since(0)) == 68
    assert server.violations == []


async def test_an_order_that_cannot_be_read_is_told_and_costs_no_other(
    cart: ShopifyCart, server: ShopifyServer
) -> None:
    first, *_ = server.shown()
    info = {"hasNextPage": False, "endCursor": None}
    line = {"id": "gid://shopify/LineItem/1", "currentQuantity": 2, "variant": {"inventoryItem": {"id": first}}}

    def order(number: int, **values: Any) -> dict[str, Any]:
        return {
            "id": f"gid://shopify/Order/{number}", "name": f"#{number}", "createdAt": "2026-11-26T12:00:00Z",
            "cancelledAt": None, "lineItems": {"nodes": [line], "pageInfo": info}, **values,
        }  # fmt: skip

    bad = [
        order(1, createdAt="soon"),
        order(2, lineItems=None),
        order(3, lineItems={"nodes": [None], "pageInfo": info}),
    ]
    server.instead = [{"data": {"orders": {"nodes": [*bad, None, order(4)], "pageInfo": info}}}]
    found = await cart.orders_since(0)
    assert [line.order_ref.rpartition("/")[2] for line in found if line.error] == ["1", "2", "3", ""]
    (good,) = [line for line in found if not line.error]
    assert (good.name, good.listing_ref, good.quantity) == ("#4", first, 2)


async def test_a_line_of_a_deleted_product_and_one_that_was_refunded_count_nothing(
    cart: ShopifyCart, server: ShopifyServer
) -> None:
    first, second, *_ = server.shown()
    server.shop.order({first: 2, second: 0})
    server.remove(first)
    assert await cart.orders_since(0) == []
