"""The Medusa connector's promises, kept against a real server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from invsync_tui.connectors.base import CheckStep, Connection, ListingRow, OrderLine, PushItem
from invsync_tui.connectors.carts.medusa import MedusaCart
from invsync_tui.connectors.errors import AuthError, ContractError, NotConfiguredError, RowsRejectedError
from invsync_tui.rules.outcomes import Reason
from tests.support.servers.medusa.seed import RefusedError
from tests.support.servers.medusa.server import MedusaServer, item_of

pytestmark = pytest.mark.real

BATCH = "0123456789abcdef0123456789abcdef"


@pytest.fixture
def server(medusa_server: MedusaServer) -> MedusaServer:
    return medusa_server


@pytest.fixture
def connection(server: MedusaServer, tmp_path: Path) -> Connection:
    return server.connection(tmp_path / "key", location="East")


@pytest.fixture
async def cart(connection: Connection) -> AsyncIterator[MedusaCart]:
    cart = MedusaCart(connection)
    await cart.open()
    yield cart
    await cart.close()


async def all_listings(cart: MedusaCart) -> list[ListingRow]:
    rows: list[ListingRow] = []
    cursor = None
    while True:
        page = await cart.listings_page(cursor)
        rows += page.rows
        cursor = page.next_cursor
        if cursor is None:
            return rows


async def by_sku(cart: MedusaCart, sku: str) -> ListingRow:
    (row,) = [row for row in await all_listings(cart) if row.sku == sku]
    return row


async def push(cart: MedusaCart, *items: PushItem) -> dict[str, int | None]:
    answers = await cart.send(BATCH, cart.compose(BATCH, items))
    return {answer.ref: answer.quantity for answer in answers}


async def steps(connection: Connection) -> list[CheckStep]:
    cart = MedusaCart(connection)
    try:
        return [step async for step in cart.check()]
    finally:
        await cart.close()


# --- pushing ---------------------------------------------------------------------------------------------------------


async def test_the_answer_carries_the_quantity_now_shown(cart: MedusaCart, server: MedusaServer) -> None:
    first, second = server.add_all(["PUSH-1", "PUSH-2"])
    assert await push(cart, PushItem(first, 41), PushItem(second, 0)) == {first: 41, second: 0}
    assert (server.stock(first), server.stock(second)) == (41, 0)


async def test_a_push_touches_our_location_only(cart: MedusaCart, server: MedusaServer) -> None:
    item = server.add("ONLY-1", 5)
    server.create_levels([item], 6, "West")
    await push(cart, PushItem(item, 7))
    assert (server.stock(item), server.stock(item, "West")) == (7, 6)
    row = await by_sku(cart, "ONLY-1")
    assert (row.quantity, row.elsewhere, row.elsewhere_allocated) == (7, 6, 0)


@pytest.mark.parametrize("bad", ["no level", "deleted", "unknown"])
async def test_one_bad_row_refuses_the_batch_and_is_named(cart: MedusaCart, server: MedusaServer, bad: str) -> None:
    first, last = server.add_all([f"GOOD-{bad}-1", f"GOOD-{bad}-2"], 3)
    if bad == "no level":
        item = server.add("LEVELLESS", None)
    elif bad == "deleted":
        item = server.add("GONE-1", 3)
        server.delete_variant(server.variants_of(item)[0])
    else:
        item = "iitem_unknown"
    with pytest.raises(RowsRejectedError) as refused:
        await push(cart, PushItem(first, 99), PushItem(item, 1), PushItem(last, 98))
    assert refused.value.refs == (item,)
    assert (server.stock(first), server.stock(last)) == (3, 3)
    (answer,) = await cart.send(BATCH, cart.compose(BATCH, [PushItem(item, 1)]))
    reason = Reason.NOT_STOCKED_AT_LOCATION if bad == "no level" else Reason.NOT_IN_CART
    assert answer.reason is reason and answer.quantity is None
    if bad != "no level":
        assert await cart.read([first, item]) == [row for row in await cart.read([first]) if row.ref == first]


async def test_a_batch_that_is_too_large_for_the_server_is_refused_as_its_rows_fault(
    cart: MedusaCart, server: MedusaServer
) -> None:
    item = server.add("LARGE-1", 3)
    with pytest.raises(RowsRejectedError) as refused:
        await push(cart, *[PushItem(item, 4)] * 20_000)
    assert "too large" in refused.value.what
    assert server.stock(item) == 3


async def test_many_rows_are_one_request(cart: MedusaCart, server: MedusaServer) -> None:
    items = server.add_all([f"MANY-{n}" for n in range(12)])
    before = await cart.read(items)
    assert [row.quantity for row in before] == [10] * len(items)
    shown = await push(cart, *(PushItem(item, n) for n, item in enumerate(items)))
    assert shown == {item: n for n, item in enumerate(items)}


async def test_units_that_are_reserved_are_told_and_may_be_more_than_there_are(
    cart: MedusaCart, server: MedusaServer
) -> None:
    item = server.add("RESERVED-1", 5)
    server.reserve(item, 4)
    assert await push(cart, PushItem(item, 2)) == {item: 2}
    row = await by_sku(cart, "RESERVED-1")
    assert (row.quantity, row.allocated, row.skip) == (2, 4, None)
    level = server.level(item)
    assert level is not None and level["available_quantity"] == -2


# --- what a listing is -----------------------------------------------------------------------------------------------


async def test_a_renamed_sku_is_matched_by_the_variant_and_pushed_by_its_item(
    cart: MedusaCart, server: MedusaServer
) -> None:
    item = server.add("OLD-NAME", 5)
    server.change_variant(server.variants_of(item)[0], sku="NEW-NAME")
    assert server.ask("GET", "/admin/inventory-items?sku=NEW-NAME")["count"] == 0
    row = await by_sku(cart, "NEW-NAME")
    assert (row.ref, row.quantity) == (item, 5)
    assert (await cart.read([item]))[0] == row
    assert await push(cart, PushItem(row.ref, 8)) == {item: 8}


async def test_kits_are_bundles_and_their_parts_are_listings(cart: MedusaCart, server: MedusaServer) -> None:
    cup, saucer = server.add_all(["CUP", "SAUCER"])
    both = [{"inventory_item_id": part, "required_quantity": 1} for part in (cup, saucer)]
    six = [{"inventory_item_id": cup, "required_quantity": 6}]
    server.create_variants(["KIT-SET"], inventory_items=both)
    server.create_variants(["KIT-SIX"], inventory_items=six)
    for sku in ("KIT-SET", "KIT-SIX"):
        row = await by_sku(cart, sku)
        assert (row.skip, row.quantity) == (Reason.BUNDLE_PARENT, None)
        assert await cart.read([row.ref]) == [row]
    row = await by_sku(cart, "CUP")
    assert (row.ref, row.skip) == (cup, None)


async def test_an_item_that_two_variants_share_is_set_by_the_one_with_its_sku(
    cart: MedusaCart, server: MedusaServer
) -> None:
    item = server.add("SHARED-B")
    server.create_variants(["SHARED-A"], inventory_items=[{"inventory_item_id": item, "required_quantity": 1}])
    assert (await by_sku(cart, "SHARED-B")).ref == item
    assert (await by_sku(cart, "SHARED-A")).skip is Reason.BUNDLE_PARENT
    assert [row.sku for row in await cart.read([item])] == ["SHARED-B"]


async def test_what_is_not_tracked_or_has_no_level_is_told(cart: MedusaCart, server: MedusaServer) -> None:
    server.create_variants(["FREE-1"], manage_inventory=False)
    item = server.add("NOWHERE-1", 5, "West")
    free, nowhere = await by_sku(cart, "FREE-1"), await by_sku(cart, "NOWHERE-1")
    assert (free.tracked, free.quantity, free.skip) == (False, None, None)
    assert (nowhere.ref, nowhere.tracked, nowhere.quantity) == (item, True, None)
    assert (nowhere.skip, nowhere.elsewhere) == (Reason.NOT_STOCKED_AT_LOCATION, 5)
    assert server.stock(item) is None


async def test_a_variant_that_ceases_to_be_tracked_is_another_listing(cart: MedusaCart, server: MedusaServer) -> None:
    item = server.add("TRACKED-1")
    (variant,) = server.variants_of(item)
    server.change_variant(variant, manage_inventory=False)
    assert await cart.read([item]) == []
    row = await by_sku(cart, "TRACKED-1")
    assert (row.ref, row.tracked) == (variant, False)
    with pytest.raises(RefusedError, match="already exists"):  # the former item, which has no variant now, has the SKU
        server.change_variant(variant, manage_inventory=True)
    server.ask("DELETE", f"/admin/inventory-items/{item}")
    server.change_variant(variant, manage_inventory=True)
    again = await by_sku(cart, "TRACKED-1")
    assert again.tracked and again.ref == item_of(server.variant(variant))


async def test_blank_codes_and_odd_quantities(cart: MedusaCart, server: MedusaServer) -> None:
    blank, half, huge = server.add(None), server.add("HALF-1"), server.add("HUGE-1")
    server.set_stock(half, 2.5)
    server.set_stock(huge, 10**18)
    page = await cart.listings_page(None)
    rows = {row.ref: row for row in page.rows}
    assert (rows[blank].sku, rows[blank].skip) == ("", None)
    assert rows[half].quantity == 2
    assert [ref for ref, why in page.rejected if "is not between" in why] == [huge]
    (unreadable,) = await cart.read([huge])
    assert (unreadable.ref, unreadable.skip) == (huge, Reason.BAD_ROW)
    server.set_stock(huge, 1)


# --- locations -------------------------------------------------------------------------------------------------------


async def test_levels_of_a_deleted_location_count_nowhere(cart: MedusaCart, server: MedusaServer) -> None:
    item, closing = server.add("CLOSING-1", 5), server.create_location("Closing")
    server.create_levels([item], 7, closing)
    assert (await cart.read([item]))[0].elsewhere == 7
    server.delete_location(closing)
    assert server.stock(item, closing) == 7, "Medusa deletes levels now: the check may go"
    assert (await cart.read([item]))[0].elsewhere is None


async def test_a_location_that_vanished_stops_the_run(connection: Connection, server: MedusaServer) -> None:
    closing = server.create_location("Vanishing")
    item = server.add("VANISHING-1", None)
    server.create_levels([item], 7, closing)
    cart = MedusaCart(replace(connection, options={"location": "Vanishing"}))
    await cart.open()
    assert cart.location_ref() == closing
    server.delete_location(closing)
    with pytest.raises(NotConfiguredError, match="no longer exists"):
        await cart.read([item])
    with pytest.raises(NotConfiguredError, match="no longer exists"):
        await all_listings(cart)
    with pytest.raises(NotConfiguredError, match="There is no location"):
        await cart.open()
    await cart.close()


async def test_a_location_has_to_be_chosen_where_there_are_several(
    connection: Connection, server: MedusaServer
) -> None:
    for options, words in (({}, "none is chosen"), ({"location": "Moon"}, "There is no location 'Moon'")):
        cart = MedusaCart(replace(connection, options=options))
        with pytest.raises(NotConfiguredError, match=words):
            await cart.open()
        await cart.close()
    by_id = MedusaCart(replace(connection, options={"location": server.seed.locations["West"]}))
    await by_id.open()
    assert by_id.location_ref() == server.seed.locations["West"]
    await by_id.close()


# --- pages -----------------------------------------------------------------------------------------------------------


async def test_variants_that_are_deleted_between_two_pages_hide_no_others(
    cart: MedusaCart, server: MedusaServer
) -> None:
    ours = set(server.add_all([f"PAGE-{n}" for n in range(8)]))
    everything = [row.ref for row in await all_listings(cart)]
    cart.capabilities = replace(cart.capabilities, page_size=3)
    rows: list[ListingRow] = []
    cursor, deleted = None, False
    while True:
        page = await cart.listings_page(cursor)
        rows += page.rows
        cursor = page.next_cursor
        if cursor is None:
            break
        seen = [row.ref for row in rows if row.ref in ours]
        if not deleted and len(seen) >= 4:  # one far back, and the very last one
            for ref in (seen[0], seen[-1]):
                server.delete_variant(server.variants_of(ref)[0])
            deleted = True
    assert deleted and [row.ref for row in rows] == everything


@pytest.mark.parametrize("pages_gone", [1, 2])
async def test_more_than_a_page_deleted_between_two_pages_hides_no_variant(
    cart: MedusaCart, server: MedusaServer, pages_gone: int
) -> None:
    """All of ours that were read so far are deleted: with 2 to a page, the last known place is pages away."""
    # given
    size = 2
    ours = set(server.add_all([f"MANY-{pages_gone}-{n}" for n in range(9)]))
    everything = [row.ref for row in await all_listings(cart)]
    cart.capabilities = replace(cart.capabilities, page_size=size)
    rows: list[ListingRow] = []
    cursor, deleted = None, 0
    # when
    while True:
        page = await cart.listings_page(cursor)
        rows += page.rows
        cursor = page.next_cursor
        if cursor is None:
            break
        seen = [row.ref for row in rows if row.ref in ours]
        if not deleted and len(seen) > pages_gone * size:
            for ref in seen:
                server.delete_variant(server.variants_of(ref)[0])
            deleted = len(seen)
    # then
    assert deleted > pages_gone * size
    assert [row.ref for row in rows] == everything


# --- login -----------------------------------------------------------------------------------------------------------


async def test_a_wrong_key_is_refused_once(connection: Connection, tmp_path: Path) -> None:
    (tmp_path / "key").write_text("sk_wrong")
    cart = MedusaCart(connection)
    for _ in range(2):
        with pytest.raises(AuthError):
            await cart.open()
    await cart.close()
    found = await steps(connection)
    assert [step.name for step in found] == ["address", "login"] and not found[-1].ok and found[-1].advice


async def test_a_publishable_key_is_told_as_such(connection: Connection, tmp_path: Path) -> None:
    (tmp_path / "key").write_text("pk_0123456789")
    found = await steps(connection)
    assert "publishable" in found[-1].detail and "sk_" in found[-1].advice


async def test_an_address_of_something_else_is_told(connection: Connection) -> None:
    found = await steps(replace(connection, url=f"{connection.url}/shop"))
    assert len(found) == 1 and "no admin API of Medusa 2" in found[0].detail


async def test_the_connection_test_goes_step_by_step(connection: Connection, server: MedusaServer) -> None:
    item = server.add("STEPS-1", allow_backorder=True)
    server.create_levels([item], 3, "West")
    found = await steps(replace(connection, url=f"{connection.url}/admin/"))
    assert all(step.ok for step in found)
    told = {step.name: step.detail for step in found}
    assert list(told) == ["address", "login", "locations", "location", "permission", "shop"]
    assert "East" in told["locations"] and "West" in told["locations"]
    assert "East" in told["location"] and "Default Sales Channel" in told["location"]
    assert "other locations" in told["shop"] and "since they allow backorders: 1" in told["shop"]


async def test_the_test_asks_for_a_channel_that_sells_from_the_location(
    connection: Connection, server: MedusaServer
) -> None:
    attic = server.ask("POST", "/admin/stock-locations", {"name": "Attic"})["stock_location"]["id"]
    found = await steps(replace(connection, options={"location": "Attic"}))
    assert "No sales channel sells" in next(step.detail for step in found if step.name == "location")
    server.delete_location(attic)


async def test_the_store_is_its_identity(cart: MedusaCart, server: MedusaServer) -> None:
    assert await cart.identity() == {"store": server.seed.store}


# --- orders ----------------------------------------------------------------------------------------------------------


async def test_orders_are_lines_of_items_with_their_location(cart: MedusaCart, server: MedusaServer) -> None:
    cup, plate = server.add_all(["ORDER-CUP", "ORDER-PLATE"])
    parts = [{"inventory_item_id": cup, "required_quantity": 2}, {"inventory_item_id": plate, "required_quantity": 1}]
    (kit,) = server.create_variants(["ORDER-KIT"], inventory_items=parts)
    (free,) = server.create_variants(["ORDER-FREE"], manage_inventory=False)
    order = server.place_order({server.variants_of(cup)[0]: 3, kit["id"]: 1, free["id"]: 5})
    canceled = server.place_order({server.variants_of(cup)[0]: 1})
    server.ask("POST", f"/admin/orders/{canceled['id']}/cancel")
    found = [line for line in await cart.orders_since(0) if line.order_ref in (order["id"], canceled["id"])]
    east, name = server.seed.locations["East"], str(order["display_id"])
    taken = found[0].taken_at
    assert sorted(found) == sorted(
        OrderLine(order["id"], item, quantity, taken, east, name) for item, quantity in ((cup, 3), (cup, 2), (plate, 1))
    )
    assert {row.ref: row.allocated for row in await cart.read([cup, plate])} == {cup: 5, plate: 1}
    offset = await cart.clock_offset()
    assert offset is not None and abs(offset) < 5
    assert await cart.orders_since(taken + 3600) == []


async def test_what_is_packed_of_an_order_is_still_a_line_of_it(cart: MedusaCart, server: MedusaServer) -> None:
    cup, plate = server.add_all(["PACK-CUP", "PACK-PLATE"])
    (variant,) = server.variants_of(cup)
    parts = [{"inventory_item_id": cup, "required_quantity": 2}, {"inventory_item_id": plate, "required_quantity": 1}]
    (kit,) = server.create_variants(["PACK-KIT"], inventory_items=parts)
    order = server.place_order({variant: 3, kit["id"]: 2})
    before = [line for line in await cart.orders_since(0) if line.order_ref == order["id"]]
    server.pack(order["id"], variant, 2)
    server.pack(order["id"], kit["id"], 1)
    after = [line for line in await cart.orders_since(0) if line.order_ref == order["id"]]
    assert sorted((line.listing_ref, line.quantity) for line in before) == sorted([(cup, 3), (cup, 4), (plate, 2)])
    assert sorted(after) == sorted(before)
    assert {line.location for line in after} == {server.seed.locations["East"]}
    # 2 cups, and 2 cups and a plate of a kit, have left; the rest is still reserved
    rows = {row.ref: (row.quantity, row.allocated) for row in await cart.read([cup, plate])}
    assert rows == {cup: (6, 3), plate: (9, 1)}


async def test_a_reservation_that_is_made_during_a_push_stays(cart: MedusaCart, server: MedusaServer) -> None:
    item = server.add("BUSY-1", 100)

    async def reserve() -> None:
        for _ in range(8):
            await asyncio.to_thread(server.reserve, item, 1)

    async def set_levels() -> None:
        for quantity in range(101, 109):
            await push(cart, PushItem(item, quantity))

    await asyncio.gather(reserve(), reserve(), set_levels())
    (row,) = await cart.read([item])
    assert (row.quantity, row.allocated) == (108, 16)


async def test_what_medusa_takes_that_is_wrong(server: MedusaServer) -> None:
    """The reasons for which the connector creates no level, and continues pages by number. Whoever sees this fail may do both."""
    item, closing = server.add("PROOF-1"), server.create_location("Proof")
    server.delete_location(closing)
    server.create_levels([item], 5, closing)
    assert server.stock(item, closing) == 5
    server.delete_variant(server.variants_of(item)[0])
    server.create_levels([item], 5)
    for query in ("id[$gt]=variant_0", "updated_after=1"):
        with pytest.raises(RefusedError) as refused:
            server.ask("GET", f"/admin/product-variants?{query}")
        assert refused.value.status == 400


async def test_an_answer_that_is_not_medusas_is_told(connection: Connection) -> None:
    cart = MedusaCart(connection)
    await cart.open()
    with pytest.raises(ContractError):
        await cart._api.get("/admin/no-such-thing")
    await cart.close()
