"""The Vendure connector's promises, kept against a real server. What that cannot be made to do: `test_vendure_answers`."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from invsync_tui.connectors.base import CheckStep, Connection, ListingRow, PushItem
from invsync_tui.connectors.cart_locations import choose_location
from invsync_tui.connectors.carts.vendure import DELTA_OVERLAP, VendureCart
from invsync_tui.connectors.errors import (
    AuthError,
    ContractError,
    NotConfiguredError,
    PermissionDeniedError,
    RowsRejectedError,
)
from tests.support.servers.vendure.seed import READER, READER_PASSWORD
from tests.support.servers.vendure.server import VendureServer

pytestmark = pytest.mark.real

BATCH = "batch-1"


def connection_to(url: str, **options: str) -> Connection:
    return Connection(
        "shop", "vendure", url, login="superadmin", secret="env:VENDURE_SECRET", options=options, deadline=20
    )


@pytest.fixture
def connection(vendure_server: VendureServer, monkeypatch: pytest.MonkeyPatch) -> Connection:
    monkeypatch.setenv("VENDURE_SECRET", vendure_server.password)
    return connection_to(vendure_server.url, location="East")


@pytest.fixture
async def cart(connection: Connection) -> AsyncIterator[VendureCart]:
    cart = VendureCart(connection)
    await cart.open()
    yield cart
    await cart.close()


@pytest.fixture
def server(vendure_server: VendureServer) -> VendureServer:
    return vendure_server


async def all_listings(cart: VendureCart, since: int | None = None) -> list[ListingRow]:
    rows: list[ListingRow] = []
    cursor = None
    while True:
        page = await cart.listings_page(cursor, since)
        rows += page.rows
        cursor = page.next_cursor
        if cursor is None:
            return rows


async def one(cart: VendureCart, ref: str) -> ListingRow:
    (row,) = await cart.read([ref])
    return row


async def push(cart: VendureCart, *items: PushItem) -> dict[str, int | None]:
    answers = await cart.send(BATCH, cart.compose(BATCH, items))
    return {answer.ref: answer.quantity for answer in answers}


async def steps(cart: VendureCart) -> list[CheckStep]:
    try:
        return [step async for step in cart.check()]
    finally:
        await cart.close()


def small_pages(monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    capabilities = replace(VendureCart(connection_to("")).capabilities, page_size=size, read_batch=size)
    monkeypatch.setattr("invsync_tui.connectors.carts.vendure.CAPABILITIES", capabilities)


# --- pushing ---------------------------------------------------------------------------------------------------------


async def test_the_answer_carries_the_quantity_now_shown(cart: VendureCart, server: VendureServer) -> None:
    first, second = server.create_variants(["PUSH-1", "PUSH-2"])
    assert await push(cart, PushItem(first, 41), PushItem(second, 0)) == {first: 41, second: 0}
    assert (server.stock(first), server.stock(second)) == (41, 0)


async def test_a_push_touches_our_location_only(cart: VendureCart, server: VendureServer) -> None:
    (ref,) = server.create_variants(["ONLY-1"], stock=5, location="West")
    await push(cart, PushItem(ref, 7))
    assert (server.stock(ref, "East"), server.stock(ref, "West")) == (7, 5)


async def test_one_unknown_variant_refuses_the_batch_and_is_named(cart: VendureCart, server: VendureServer) -> None:
    (good,) = server.create_variants(["GOOD-1"], stock=3)
    with pytest.raises(RowsRejectedError) as refused:
        await push(cart, PushItem(good, 99), PushItem("987654", 1))
    assert refused.value.refs == ("987654",)
    assert server.stock(good) == 3


async def test_a_deleted_variant_refuses_the_batch_and_is_absent_when_read(
    cart: VendureCart, server: VendureServer
) -> None:
    good, gone = server.create_variants(["KEPT-1", "GONE-1"], stock=3)
    server.delete_variant(gone)
    with pytest.raises(RowsRejectedError) as refused:
        await push(cart, PushItem(good, 99), PushItem(gone, 1))
    assert refused.value.refs == (gone,)
    assert [row.ref for row in await cart.read([good, gone])] == [good]


async def test_a_quantity_that_vendure_cannot_hold_names_its_row(cart: VendureCart, server: VendureServer) -> None:
    small, big = server.create_variants(["SMALL-1", "BIG-1"])
    with pytest.raises(RowsRejectedError) as refused:
        await push(cart, PushItem(small, 1), PushItem(big, 2**31))
    assert refused.value.refs == (big,)
    assert server.stock(small) == 10


async def test_a_location_that_vanished_stops_the_run_instead_of_splitting_batches(
    connection: Connection, server: VendureServer
) -> None:
    server.create_location("Closing")
    (ref,) = server.create_variants(["CLOSING-1"])
    cart = VendureCart(replace(connection, options={"location": "Closing"}))
    await cart.open()
    server.delete_location("Closing")
    with pytest.raises(NotConfiguredError, match="no longer exists"):
        await push(cart, PushItem(ref, 1))
    assert server.stock(ref) == 10
    await cart.close()


async def test_a_variant_without_a_level_shows_none_and_gets_one_when_written(
    connection: Connection, server: VendureServer
) -> None:
    (ref,) = server.create_variants(["LATE-1"])
    server.create_location("Opened later")
    cart = VendureCart(replace(connection, options={"location": "Opened later"}))
    await cart.open()
    before = await one(cart, ref)
    assert (before.quantity, before.skip) == (None, None)
    assert await push(cart, PushItem(ref, 6)) == {ref: 6}
    await cart.close()
    server.delete_location("Opened later")


async def test_a_negative_quantity_is_never_composed(cart: VendureCart) -> None:
    with pytest.raises(ValueError, match="Negative"):
        cart.compose(BATCH, [PushItem("1", -1)])


async def test_the_same_items_compose_the_same_bytes(cart: VendureCart) -> None:
    items = [PushItem("1", 2), PushItem("2", 0)]
    assert cart.compose(BATCH, items) == cart.compose(BATCH, list(items))
    assert cart.compose(BATCH, items) != cart.compose(BATCH, items[::-1])


async def test_a_full_batch_of_fifty_is_set_at_once(cart: VendureCart, server: VendureServer) -> None:
    refs = server.create_variants([f"FIFTY-{n:02}" for n in range(50)])
    wanted = {ref: n for n, ref in enumerate(refs)}
    assert await push(cart, *(PushItem(ref, n) for ref, n in wanted.items())) == wanted


# --- reading ---------------------------------------------------------------------------------------------------------


async def test_stock_accepted_for_an_untracked_variant_is_reported_as_not_tracked(
    cart: VendureCart, server: VendureServer
) -> None:
    tracked, untracked, inherited = (
        server.create_variants([f"TRACK-{flag}"], trackInventory=flag)[0] for flag in ("TRUE", "FALSE", "INHERIT")
    )
    assert await push(cart, PushItem(untracked, 77)) == {untracked: 77}
    rows = {row.ref: row.tracked for row in await cart.read([tracked, untracked, inherited])}
    assert rows == {tracked: True, untracked: False, inherited: True}


async def test_an_inherited_flag_follows_the_global_setting(cart: VendureCart, server: VendureServer) -> None:
    (ref,) = server.create_variants(["GLOBAL-1"], trackInventory="INHERIT")
    switch = "mutation($on: Boolean) { updateGlobalSettings(input: {trackInventory: $on}) { __typename } }"
    server.ask(switch, on=False)
    try:
        assert (await one(cart, ref)).tracked is False
    finally:
        server.ask(switch, on=True)


async def test_duplicate_skus_are_two_listings(cart: VendureCart, server: VendureServer) -> None:
    refs = server.create_variants(["DUP-1", "DUP-1"])
    assert [row.ref for row in await all_listings(cart) if row.sku == "DUP-1"] == refs


async def test_a_disabled_variant_is_still_a_listing(cart: VendureCart, server: VendureServer) -> None:
    (ref,) = server.create_variants(["OFF-1"], enabled=False)
    assert (await one(cart, ref)).sku == "OFF-1"
    assert await push(cart, PushItem(ref, 4)) == {ref: 4}


async def test_on_hand_stays_and_allocated_grows_with_an_order(cart: VendureCart, server: VendureServer) -> None:
    (ref,) = server.create_variants(["ORDERED-1"], stock=10)
    server.place_order(ref, 3)
    row = await one(cart, ref)
    assert (row.quantity, row.allocated) == (10, 3)


async def test_a_push_leaves_the_allocated_stock_alone(cart: VendureCart, server: VendureServer) -> None:
    (ref,) = server.create_variants(["ORDERED-2"], stock=10)
    server.place_order(ref, 4)
    assert await push(cart, PushItem(ref, 20)) == {ref: 20}
    assert (await one(cart, ref)).allocated == 4


async def test_pages_together_are_exactly_all_variants(
    cart: VendureCart, server: VendureServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.create_variants([f"PAGE-{n}" for n in range(25)])
    small_pages(monkeypatch, 10)
    expected = [variant["id"] for variant in server.variants()]
    assert [row.ref for row in await all_listings(cart)] == expected


async def test_a_variant_deleted_between_pages_hides_no_other(
    cart: VendureCart, server: VendureServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    refs = server.create_variants([f"SHIFT-{n:02}" for n in range(25)])
    small_pages(monkeypatch, 10)
    first = await cart.listings_page(None)
    second = await cart.listings_page(first.next_cursor)
    seen = {row.ref for row in [*first.rows, *second.rows]}
    for row in first.rows[:3]:
        server.delete_variant(row.ref)
    cursor = second.next_cursor
    while cursor is not None:
        page = await cart.listings_page(cursor)
        seen |= {row.ref for row in page.rows}
        cursor = page.next_cursor
    assert set(refs) <= seen
    assert {variant["id"] for variant in server.variants()} <= seen


async def test_a_delta_read_sees_exactly_the_changed_variants(cart: VendureCart, server: VendureServer) -> None:
    changed, ordered, _still = server.create_variants(["DELTA-1", "DELTA-2", "DELTA-3"])
    await asyncio.sleep(DELTA_OVERLAP + 1.1)
    since = int(time.time())
    server.set_stock(changed, 55)
    server.place_order(ordered, 1)  # leaves the variant's own updatedAt as it was
    rows = {row.ref: row for row in await all_listings(cart, since)}
    assert set(rows) == {changed, ordered}
    assert (rows[changed].quantity, rows[ordered].allocated) == (55, 1)


async def test_orders_placed_after_a_time_are_listed_without_cancelled_ones_and_drafts(
    cart: VendureCart, server: VendureServer
) -> None:
    (early,) = server.create_variants(["EARLY-1"], stock=10)
    server.place_order(early, 1)
    await asyncio.sleep(DELTA_OVERLAP + 1.1)
    since = int(time.time())
    placed, cancelled, draft = server.create_variants(["PLACED-1", "CANCELLED-1", "DRAFT-1"], stock=10)
    order = server.place_order(placed, 3)
    server.cancel_order(server.place_order(cancelled, 2))
    server.fill_cart(draft)
    assert cart.capabilities.reports_orders
    (line,) = await cart.orders_since(since)
    assert line[:3] == (order, placed, 3)
    assert since <= line.taken_at <= time.time()


async def test_an_old_order_that_is_modified_is_told_as_it_is_now(cart: VendureCart, server: VendureServer) -> None:
    more, other = server.create_variants(["MORE-1", "OTHER-1"], stock=10)
    order = server.place_order(more, 1)
    await asyncio.sleep(DELTA_OVERLAP + 1.1)
    since = int(time.time())
    # when units are added, and a product
    server.add_to_order(order, more, 2)
    server.add_to_order(order, other, 1)
    # then
    lines = [line for line in await cart.orders_since(since) if line.order_ref == order]
    assert sorted((line.listing_ref, line.quantity) for line in lines) == sorted([(more, 3), (other, 1)])
    assert all(line.taken_at < since for line in lines)


async def test_orders_on_several_pages_come_once(
    cart: VendureCart, server: VendureServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    (ref,) = server.create_variants(["PAGES-OF-ORDERS"], stock=100)
    orders = [server.place_order(ref, n) for n in (1, 2, 3, 4, 5)]
    small_pages(monkeypatch, 2)
    lines = [line for line in await cart.orders_since(0) if line.listing_ref == ref]
    assert [(line.order_ref, line.quantity) for line in lines] == list(zip(orders, (1, 2, 3, 4, 5), strict=True))


async def test_a_page_above_the_servers_limit_is_a_defect_and_not_an_empty_shop(
    cart: VendureCart, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_pages(monkeypatch, 1001)
    with pytest.raises(ContractError, match="1000"):
        await cart.listings_page(None)


# --- session and configuration ---------------------------------------------------------------------------------------


async def test_a_stale_token_is_replaced_and_the_push_goes_on(cart: VendureCart, server: VendureServer) -> None:
    (ref,) = server.create_variants(["STALE-1"])
    server.end_sessions()
    assert await push(cart, PushItem(ref, 8)) == {ref: 8}
    server.end_sessions()
    assert (await one(cart, ref)).quantity == 8


async def test_a_wrong_password_is_an_auth_error_in_http_200(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VENDURE_SECRET", "wrong")
    found = await steps(VendureCart(connection))
    assert [(step.name, step.ok) for step in found] == [("address", True), ("login", False)]
    with pytest.raises(AuthError, match="refused"):
        await VendureCart(connection).open()


@pytest.mark.parametrize("suffix", ["", "/", "/admin-api", "/admin-api/"])
async def test_the_servers_base_and_the_apis_address_both_work(connection: Connection, suffix: str) -> None:
    found = await steps(VendureCart(replace(connection, url=connection.url + suffix)))
    assert [step.name for step in found] == ["address", "login", "permission", "locations", "location", "shop"]
    assert all(step.ok for step in found)


async def test_a_threshold_that_hides_stock_is_told_by_the_connection_test(
    connection: Connection, server: VendureServer
) -> None:
    switch = "mutation($n: Int) { updateGlobalSettings(input: {outOfStockThreshold: $n}) { __typename } }"
    for threshold, words in ((0, "sells down to 0"), (4, "4 fewer are sold"), (-3, "sells 3 more")):
        server.ask(switch, n=threshold)
        try:
            assert words in (await steps(VendureCart(connection)))[-1].detail
        finally:
            server.ask(switch, n=0)


async def test_several_locations_and_none_chosen_is_refused_with_their_names(connection: Connection) -> None:
    with pytest.raises(NotConfiguredError, match=r"East \(\d+\).*West"):
        await VendureCart(replace(connection, options={})).open()


async def test_an_unknown_location_is_refused_with_the_known_names(connection: Connection) -> None:
    with pytest.raises(NotConfiguredError, match=r"no location 'North'.*East"):
        await VendureCart(replace(connection, options={"location": "North"})).open()


async def test_an_unknown_channel_is_refused_although_the_server_ignores_it(connection: Connection) -> None:
    options = {**connection.options, "channel": "no-such-token"}
    with pytest.raises(NotConfiguredError, match="__default_channel__"):
        await VendureCart(replace(connection, options=options)).open()


async def test_a_login_that_may_only_read_is_told_what_it_lacks(
    connection: Connection, server: VendureServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VENDURE_SECRET", READER_PASSWORD)
    reader = replace(connection, login=READER)
    last = (await steps(VendureCart(reader)))[-1]
    assert (last.name, last.ok) == ("permission", False)
    assert "UpdateCatalog or UpdateProduct" in last.detail
    (ref,) = server.create_variants(["READER-1"])
    cart = VendureCart(reader)
    await cart.open()
    assert cart.capabilities.delta_read is False  # it may not read orders, which change stock as well
    assert cart.capabilities.reports_orders is False
    with pytest.raises(PermissionDeniedError):
        await push(cart, PushItem(ref, 1))
    assert server.stock(ref) == 10
    await cart.close()


async def test_an_address_without_an_admin_api_is_said_to_be_wrong(connection: Connection) -> None:
    (step,) = await steps(VendureCart(replace(connection, url=connection.url + "/elsewhere")))
    assert (step.name, step.ok) == ("address", False)


async def test_two_locations_of_one_name_must_be_told_apart_by_id(cart: VendureCart) -> None:
    east = next(at for at in await cart.locations() if at.name == "East")
    twins = [east, replace(east, ref="twin")]
    with pytest.raises(NotConfiguredError, match="Several locations"):
        choose_location(twins, "East")
    assert choose_location(twins, "twin").ref == "twin"
