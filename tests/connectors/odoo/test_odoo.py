"""What the Odoo source promises, against a real Odoo 19: by JSON-2, and by the JSON-RPC that Odoo 14 to 18 have."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

import pytest

from invsync_tui.connectors.base import AliasRow, ComponentRow, Connection, LevelRow, Page, ProductRow, WarehouseRow
from invsync_tui.connectors.errors import (
    AuthError,
    ConnectorError,
    ContractError,
    NotConfiguredError,
    PermissionDeniedError,
    UnavailableError,
)
from invsync_tui.connectors.sources.odoo import OdooSource
from tests.support.servers.odoo.server import ADMIN, ADMIN_PASSWORD, PLAIN_USER, STOCK_USER, USER_PASSWORD, OdooServer

pytestmark = pytest.mark.real

EAN, UPC = "4006381333931", "036000291452"


@dataclass(frozen=True, slots=True)
class Shop:
    """East has 20 mugs of which 4 are reserved, West 7; 2.75 kg of flour in East. The rest is catalog."""

    server: OdooServer
    east: int
    west: int
    mug: int
    flour: int
    blank: int
    service: int
    consumable: int
    gone: int

    @property
    def goods(self) -> list[str]:
        return [str(number) for number in sorted((self.mug, self.flour, self.blank))]


@pytest.fixture(scope="module")
def shop(odoo: OdooServer) -> Shop:
    """Documents as a stock clerk makes them."""
    odoo.rpc("res.config.settings", "execute", [odoo.create("res.config.settings", group_stock_multi_locations=True)])
    east, west = odoo.warehouse(), odoo.create_warehouse("WEST", "West")
    kilogram = odoo.reference("uom.product_uom_kgm")
    mug = odoo.create_product("MUG", barcode=EAN)
    flour = odoo.create_product("FLOUR", uom_id=kilogram)
    blank = odoo.create_product(None, barcode=UPC)
    service = odoo.create_product("ENGRAVING", type="service", is_storable=False)
    consumable = odoo.create_product("TAPE", is_storable=False)
    gone = odoo.create_product("GONE", active=False)
    odoo.receive(mug, east, 20)
    odoo.receive(mug, west, 7)
    odoo.receive(flour, east, 2.75)
    odoo.reserve(odoo.order(mug, east, 4))
    return Shop(odoo, east, west, mug, flour, blank, service, consumable, gone)


@asynccontextmanager
async def opened(connection: Connection) -> AsyncIterator[OdooSource]:
    source = OdooSource(connection)
    try:
        await source.open()
        yield source
    finally:
        await source.close()


@pytest.fixture(params=["json-2", "json-rpc"])
def connection(request: pytest.FixtureRequest, shop: Shop) -> Iterator[Connection]:
    """Both protocols; JSON-RPC with a password, as it still may be there."""
    if request.param == "json-2":
        yield shop.server.connection(overlap="0")
    else:
        yield shop.server.connection(ADMIN_PASSWORD, ADMIN, protocol="json-rpc", overlap="0")


async def everything(page: Callable[[str | None], Awaitable[Page[Any]]]) -> list[Any]:
    rows, cursor = [], None
    while True:
        got = await page(cursor)
        assert not got.rejected
        rows += got.rows
        cursor = got.next_cursor
        if cursor is None:
            return rows


async def levels(source: OdooSource, warehouse: int) -> dict[int, LevelRow]:
    where = WarehouseRow(str(warehouse), "", "")
    return {int(row.product_ref): row for row in await everything(lambda c: source.levels_page(where, c))}


async def products(source: OdooSource) -> dict[int, ProductRow]:
    return {int(row.ref): row for row in await everything(source.products_page)}


async def changed(source: OdooSource, since: str) -> dict[tuple[int, int], int]:
    """Available by product and warehouse."""
    rows = await everything(lambda cursor: source.changed_page(since, cursor))
    return {(int(row.product_ref), int(row.warehouse_ref)): row.available for row in rows}


# --- quantities ------------------------------------------------------------------------------------------------------


async def test_each_warehouse_has_its_own_quantity_less_what_is_reserved(shop: Shop, connection: Connection) -> None:
    async with opened(connection) as source:
        east, west = await levels(source, shop.east), await levels(source, shop.west)

    mug = east[shop.mug]
    assert (mug.on_hand, mug.available, mug.committed) == (20, 16, 4)
    assert (west[shop.mug].on_hand, west[shop.mug].available) == (7, 7)
    assert west[shop.flour].available == 0
    assert mug.raw is not None and mug.raw["free_qty"] == 16


async def test_the_context_keys_matter_and_only_one_of_them_is_heeded(shop: Shop) -> None:
    """The trap is real: the key of Odoo 14 to 17 gives the sum of all warehouses, without an error."""

    def read(**context: int) -> float:
        (row,) = shop.server.rpc("product.product", "read", [shop.mug], ["qty_available"], context=context)
        return float(row["qty_available"])

    assert [read(warehouse_id=shop.west), read(warehouse=shop.west)] == [7, 27]


async def test_an_odoo_that_ignores_the_warehouse_is_refused(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    # given: a server that heeds neither key, as one with a module that knows only its own
    from invsync_tui.connectors.sources.odoo.quantities import OdooWarehouse

    monkeypatch.setattr(OdooWarehouse, "context", lambda self, zone: {"warehouse": self.warehouse})
    source = OdooSource(shop.server.connection())
    # when, then
    with pytest.raises(NotConfiguredError, match="ignores which warehouse is asked for") as raised:
        await source.open()
    assert re.search(r"product \d+ has \d+ in warehouse", raised.value.what)  # other tests add products to the sample
    steps = [step async for step in source.check()]
    assert (steps[-1].name, steps[-1].ok) == ("quantities", False)
    await source.close()


async def test_an_odoo_that_gives_the_sum_for_each_location_too_is_refused(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    from invsync_tui.connectors.sources.odoo import quantities

    monkeypatch.setattr(quantities.OdooWarehouse, "context", lambda self, zone: {})
    read = quantities.ContextCheck._read
    monkeypatch.setattr(quantities.ContextCheck, "_read", lambda self, products, more: read(self, products, {}))
    with pytest.raises(NotConfiguredError, match="in each of 2 warehouses"):
        await OdooSource(shop.server.connection()).open()


async def test_a_fraction_is_rounded_down(shop: Shop) -> None:
    async with opened(shop.server.connection(overlap="0")) as source:
        assert (await levels(source, shop.east))[shop.flour].available == 2


async def test_pages_are_complete_and_end(shop: Shop) -> None:
    async with opened(shop.server.connection(overlap="0")) as source:
        everywhere = await products(source)
        at_once = await levels(source, shop.east)
        source.capabilities = replace(source.capabilities, page_size=2)
        assert await products(source) == everywhere
        assert await levels(source, shop.east) == at_once
        assert {str(product) for product, _ in await changed(source, "2000-01-01T00:00:00")} >= set(shop.goods)


# --- catalog ---------------------------------------------------------------------------------------------------------


async def test_codes_services_and_archived_products_are_reported_as_they_are(
    shop: Shop, connection: Connection
) -> None:
    async with opened(connection) as source:
        found = await products(source)
        counted = set(await levels(source, shop.east))

    mug, blank = found[shop.mug], found[shop.blank]
    assert (mug.sku, mug.name, mug.aliases) == ("MUG", "The MUG", (AliasRow("EAN", EAN),))
    assert (blank.sku, blank.aliases) == (None, (AliasRow("UPC", UPC),))
    states = {number: (found[number].active, found[number].counted) for number in (shop.service, shop.gone, shop.mug)}
    assert states == {shop.service: (True, False), shop.gone: (False, True), shop.mug: (True, True)}
    assert found[shop.consumable].counted is False
    assert {shop.mug, shop.flour, shop.blank} <= counted
    assert not {shop.service, shop.consumable, shop.gone} & counted


async def test_two_products_of_one_code_both_survive(shop: Shop) -> None:
    twins = [shop.server.create_product("TWIN"), shop.server.create_product("TWIN")]
    async with opened(shop.server.connection(overlap="0")) as source:
        assert [row.sku for number, row in (await products(source)).items() if number in twins] == ["TWIN", "TWIN"]


async def test_warehouses_of_the_company_archived_ones_among_them(shop: Shop) -> None:
    old = shop.server.create_warehouse("OLD", "Old")
    shop.server.write("stock.warehouse", old, active=False)
    async with opened(shop.server.connection()) as source:
        found = {row.ref: (row.code, row.active) for row in await source.warehouses()}
    assert (found[str(shop.west)], found[str(old)][1]) == (("WEST", True), False)


async def test_a_kit_is_its_components_also_inside_another_kit(shop: Shop) -> None:
    server = shop.server
    pair = server.create_product("PAIR", is_storable=False)
    gift = server.create_product("GIFT", is_storable=False)
    half = server.create_product("HALF", is_storable=False)
    for kit, parts in (
        (pair, [(shop.mug, 2), (shop.service, 1)]),
        (gift, [(pair, 3), (shop.blank, 1), (shop.consumable, 1)]),
        (half, [(shop.mug, 0.5)]),
    ):
        template = server.find("product.product", [["id", "=", kit]], "product_tmpl_id")[0]["product_tmpl_id"][0]
        lines = [[0, 0, {"product_id": part, "product_qty": amount}] for part, amount in parts]
        server.create("mrp.bom", product_tmpl_id=template, type="phantom", product_qty=1, bom_line_ids=lines)

    async with opened(shop.server.connection(overlap="0")) as source:
        page = await source.products_page(str(pair - 1))
        found = {int(row.ref): row for row in page.rows}
    assert (found[pair].counted, found[pair].components) == (True, (ComponentRow(str(shop.mug), 2),))
    assert found[gift].components == (ComponentRow(str(shop.mug), 6), ComponentRow(str(shop.blank), 1))
    assert half not in found
    assert any(ref == str(half) and "0.5 units" in why for ref, why in page.rejected)
    for kit in (pair, gift, half):
        server.rpc("mrp.bom", "unlink", [b["id"] for b in server.find("mrp.bom", [])] if kit == pair else [])
        server.write("product.product", kit, active=False)


async def test_a_kit_of_variants_needs_what_each_variant_needs(shop: Shop) -> None:
    server = shop.server
    attribute = server.create(
        "product.attribute", name="Color", value_ids=[[0, 0, {"name": n}] for n in ("Red", "Blue")]
    )
    values = [row["id"] for row in server.find("product.attribute.value", [["attribute_id", "=", attribute]])]
    line = {"attribute_id": attribute, "value_ids": [[6, 0, values]]}
    template = server.create("product.template", name="Set", attribute_line_ids=[[0, 0, line]])
    of_template = server.find("product.template.attribute.value", [["product_tmpl_id", "=", template]])
    lines = [
        [0, 0, {"product_id": part, "product_qty": 1, "bom_product_template_attribute_value_ids": [[6, 0, chosen]]}]
        for part, chosen in ((shop.mug, [of_template[0]["id"]]), (shop.blank, [of_template[1]["id"]]))
    ]
    bill = server.create("mrp.bom", product_tmpl_id=template, type="phantom", product_qty=1, bom_line_ids=lines)

    variants = [row["id"] for row in server.find("product.product", [["product_tmpl_id", "=", template]])]
    async with opened(shop.server.connection(overlap="0")) as source:
        found = await products(source)
    parts = [[part.ref for part in found[variant].components] for variant in variants]
    assert sorted(parts) == sorted([[str(shop.mug)], [str(shop.blank)]])
    server.rpc("mrp.bom", "unlink", [bill])


# --- documents and deltas --------------------------------------------------------------------------------------------


def long_ago(server: OdooServer, product: int) -> None:
    """All that was done to a product so far was done an hour ago: stamps have whole seconds, and tests are faster."""
    back = "SET write_date = write_date - interval '1 hour' WHERE"
    tables = ("stock_move", "stock_move_line", "stock_quant")
    template = f"(SELECT product_tmpl_id FROM product_product WHERE id = {product})"
    server.sql(
        "".join(f"UPDATE {table} {back} product_id = {product}; " for table in tables)
        + f"UPDATE product_product {back} id = {product}; UPDATE product_template {back} id = {template}"
    )


async def test_a_delta_after_each_document_has_what_a_stock_clerk_would_say(shop: Shop) -> None:
    # given
    server = shop.server
    cup = server.create_product("CUP")
    steps: list[tuple[str, Callable[[], Any], int, int]] = [
        ("received", lambda: server.receive(cup, shop.east, 10), 10, 0),
        ("counted: 2 are broken", lambda: server.count(cup, server.stock(shop.east), 8), 8, 0),
        ("transferred", lambda: server.transfer(cup, shop.east, shop.west, 3), 5, 3),
    ]
    async with opened(server.connection(overlap="0")) as source:

        async def after(work: Callable[[], Any]) -> tuple[Any, tuple[int | None, int | None]]:
            long_ago(server, cup)
            server.write("product.product", shop.blank, weight=1.0)
            since = await source.mark()
            assert (cup, shop.east) not in await changed(source, since)
            result = work()
            found = await changed(source, since)
            return result, (found.get((cup, shop.east)), found.get((cup, shop.west)))

        for name, work, east, west in steps:
            assert (await after(work))[1] == (east, west), name
        # when: an order is confirmed, reserved, delivered and partly returned
        picking, seen = await after(lambda: server.order(cup, shop.east, 4))
        assert seen == (5, 3)
        assert (await after(lambda: server.reserve(picking)))[1] == (1, 3)
        assert (await after(lambda: server.reserve_only(picking, 1)))[1] == (4, 3)
        assert (await after(lambda: server.release(picking)))[1] == (5, 3)
        assert (await after(lambda: server.finish(picking)))[1] == (1, 3)
        assert (await levels(source, shop.east))[cup].on_hand == 1
        assert (await after(lambda: server.give_back(picking, 2)))[1] == (3, 3)
        # when: sold out. Its quants are deleted, which a delta by quants would not see
        last = server.order(cup, shop.east, 3)
        assert (await after(lambda: server.finish(last)))[1] == (0, 3)
        server.rpc("stock.quant", "action_view_quants")  # the clean-up of empty quants
        since = await source.mark()
        assert (await levels(source, shop.east))[cup].available == 0
        # when it is archived
        server.write("product.product", cup, active=False)
        rows = await everything(lambda cursor: source.changed_products_page(since, cursor))
        assert [(row.sku, row.active) for row in rows if row.ref == str(cup)] == [("CUP", False)]
        assert cup not in await levels(source, shop.east)


async def test_a_sell_out_is_seen_when_its_quant_is_gone(shop: Shop) -> None:
    server = shop.server
    cap = server.create_product("CAP")
    server.receive(cap, shop.east, 2)
    async with opened(shop.server.connection(overlap="0")) as source:
        long_ago(server, cap)
        since = await source.mark()
        server.finish(server.order(cap, shop.east, 2))
        server.sql(f"DELETE FROM stock_quant WHERE product_id = {cap}")
        assert (await changed(source, since))[cap, shop.east] == 0


@pytest.mark.parametrize("table", ["stock_quant", "stock_move_line"])
async def test_a_delta_sees_what_is_written_without_a_move(shop: Shop, table: str) -> None:
    server = shop.server
    jar = server.create_product(f"JAR-{table}")
    server.receive(jar, shop.east, 2)
    async with opened(server.connection(overlap="0")) as source:
        long_ago(server, jar)
        server.write("product.product", shop.blank, weight=2.0)
        since = await source.mark()
        assert (jar, shop.east) not in await changed(source, since)
        server.sql(f"UPDATE {table} SET write_date = now() AT TIME ZONE 'UTC' WHERE product_id = {jar}")
        assert (await changed(source, since))[jar, shop.east] == 2


async def test_a_delta_has_only_what_changed_and_a_mark_looks_back(shop: Shop, connection: Connection) -> None:
    async with opened(connection) as source:
        far = await source.mark()
        server_now = shop.server.sql("SELECT now() AT TIME ZONE 'UTC'")
        assert far[:13] <= server_now.replace(" ", "T")[:13]
        assert await changed(source, "2999-01-01T00:00:00") == {}
        with pytest.raises(ContractError, match="not a mark"):
            await source.changed_page("yesterday", None)
    async with opened(replace(connection, options={**connection.options, "overlap": "3600"})) as source:
        assert shop.mug in {product for product, _ in await changed(source, far)}


async def test_a_changed_code_or_bill_of_materials_is_in_the_delta_of_products(shop: Shop) -> None:
    server = shop.server
    renamed = server.create_product("OLD-CODE")
    async with opened(shop.server.connection(overlap="0")) as source:
        since = await source.mark()
        server.write("product.product", renamed, default_code="NEW-CODE", barcode="X-1")
        rows = await everything(lambda cursor: source.changed_products_page(since, cursor))
        (row,) = [row for row in rows if row.ref == str(renamed)]
        assert (row.sku, row.aliases) == ("NEW-CODE", (AliasRow("BARCODE", "X-1"),))
    server.write("product.product", renamed, barcode=False)


async def test_waiting_deliveries_can_be_subtracted(shop: Shop) -> None:
    server = shop.server
    bowl = server.create_product("BOWL")
    server.receive(bowl, shop.east, 10)
    picking = server.order(bowl, shop.east, 4)
    for option, available in (("ignore", 10), ("subtract", 6)):
        async with opened(server.connection(waiting_deliveries=option)) as source:
            assert (await levels(source, shop.east))[bowl].available == available
    server.cancel(picking)
    async with opened(server.connection(waiting_deliveries="subtract")) as source:
        assert (await levels(source, shop.east))[bowl].available == 10


async def test_goods_in_the_output_zone_count_unless_only_the_stock_location_is_asked_for(shop: Shop) -> None:
    server = shop.server
    plate = server.create_product("PLATE")
    view = server.find("stock.warehouse", [["id", "=", shop.west]], "view_location_id")[0]["view_location_id"][0]
    zone = server.create("stock.location", name="Inspection", location_id=view, usage="internal")
    server.count(plate, zone, 5)
    server.count(plate, server.stock(shop.west), 3)
    for option, available in (("warehouse", 8), ("stock", 3)):
        async with opened(server.connection(zone=option)) as source:
            assert (await levels(source, shop.west))[plate].available == available


# --- companies and logins ---------------------------------------------------------------------------------------------


async def test_a_second_company_has_its_own_warehouses_stock_and_identity(shop: Shop) -> None:
    server = shop.server
    other = server.create_company("Second")
    theirs = OdooServer(server.server, server.database, server.folder, other)
    warehouse = theirs.create_warehouse("SECND", "Of the second")
    theirs.receive(shop.mug, warehouse, 3)

    async with opened(server.connection()) as first, opened(server.connection(company=str(other))) as second:
        assert (await first.identity())["company"] == "1"
        assert (await first.identity()) != (await second.identity())
        assert "database id" in await first.identity()
        assert str(warehouse) in [row.ref for row in await second.warehouses()]
        assert (await levels(second, warehouse))[shop.mug].available == 3
        assert str(warehouse) not in [row.ref for row in await first.warehouses()]
        assert (await levels(first, shop.east))[shop.mug].available == 16
        everywhere = await changed(second, "2000-01-01T00:00:00")
        assert not {place for _, place in everywhere} & {shop.east, shop.west}


async def test_a_company_that_the_user_is_not_allowed_is_refused(shop: Shop) -> None:
    source = OdooSource(shop.server.connection(company="4711"))
    with pytest.raises(NotConfiguredError, match="is not allowed company 4711"):
        await source.open()
    await source.close()


async def failure(connection: Connection) -> ConnectorError:
    source = OdooSource(connection)
    with pytest.raises(ConnectorError) as raised:
        await source.open()
    with pytest.raises(ConnectorError):
        await source.open()
    steps = [step async for step in source.check()]
    assert not steps[-1].ok and steps[-1].advice
    await source.close()
    assert "Traceback" not in raised.value.text
    return raised.value


async def test_a_wrong_password_and_a_wrong_key_are_refused_once(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    for wrong in (
        shop.server.connection("wrong-password", ADMIN, protocol="json-rpc"),
        shop.server.connection("an-api-key-that-does-not-exist"),
        shop.server.connection("ein Schlüssel"),
    ):
        error = await failure(wrong)
        assert isinstance(error, AuthError)
        assert "API" in error.advice


async def test_a_wrong_database_is_told_from_a_wrong_login(shop: Shop) -> None:
    by_rpc = await failure(shop.server.connection(ADMIN_PASSWORD, ADMIN, protocol="json-rpc", database="nowhere"))
    by_key = await failure(shop.server.connection(database="nowhere"))
    assert isinstance(by_rpc, NotConfiguredError) and isinstance(by_key, UnavailableError)
    for error in (by_rpc, by_key):
        assert "no database" in error.what and "option database" in error.advice


async def test_a_user_with_a_second_factor_needs_an_api_key(shop: Shop) -> None:
    server = shop.server
    user = server.create_user("careful", STOCK_USER)
    server.sql(f"UPDATE res_users SET totp_secret = 'JBSWY3DPEHPK3PXP' WHERE id = {user}")
    server.rpc("res.users", "write", [user], {"name": "careful"})
    error = await failure(server.connection(USER_PASSWORD, "careful", protocol="json-rpc"))
    assert isinstance(error, AuthError) and "two-factor" in error.advice
    key = server.api_key(user)
    for options in ({"protocol": "json-rpc"}, {}):
        async with opened(server.connection(key, "careful", **options)) as source:
            assert (await levels(source, shop.east))[shop.mug].available == 16


async def test_a_stock_user_may_do_all_and_a_plain_user_is_told_what_is_missing(shop: Shop) -> None:
    server = shop.server
    clerk, plain = server.create_user("clerk", STOCK_USER), server.create_user("plain", PLAIN_USER)
    source = OdooSource(server.connection(server.api_key(clerk)))
    steps = [step async for step in source.check()]
    assert [(step.name, step.ok) for step in steps] == [
        (name, True) for name in ("server", "login", "company", "inventory", "warehouses", "quantities", "stock moves")
    ]
    assert "My Company (1)" in steps[2].detail and "kits are read" in steps[3].detail
    await source.open()
    assert "database id" not in await source.identity()
    assert await source.mark()
    await source.close()

    source = OdooSource(server.connection(server.api_key(plain)))
    steps = [step async for step in source.check()]
    assert (steps[-1].name, steps[-1].ok) == ("inventory", False)
    assert "Inventory: User" in steps[-1].advice
    with pytest.raises(PermissionDeniedError):
        await source.open()
    await source.close()


# --- locations whose goods are not for sale ----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def quarantine(shop: Shop) -> tuple[int, int]:
    """A product with 12 units in the east, 2 of them reserved: 7 on the shelf, 3 in quarantine, 2 on a shelf of it."""
    server, stock = shop.server, shop.server.stock(shop.east)
    product = server.create_product("HELMET")
    server.receive(product, shop.east, 12)
    held = server.create("stock.location", name="Quarantine", location_id=stock, usage="internal")
    shelf = server.create("stock.location", name="Shelf Q1", location_id=held, usage="internal")
    server.move_within(product, shop.east, stock, held, 3)
    server.move_within(product, shop.east, stock, shelf, 2)
    server.reserve(server.order(product, shop.east, 2))
    return product, held


@pytest.mark.parametrize("zone", ["warehouse", "stock"])
@pytest.mark.parametrize("named", ["quarantine", "path", "id"])
async def test_goods_in_a_location_that_is_not_for_sale_are_not_counted(
    shop: Shop, connection: Connection, quarantine: tuple[int, int], named: str, zone: str
) -> None:
    product, held = quarantine
    # given: Odoo itself counts them
    async with opened(connection) as source:
        level = (await levels(source, shop.east))[product]
        assert (level.on_hand, level.available) == (12, 10)
    path = shop.server.find("stock.location", [["id", "=", held]], "complete_name")[0]["complete_name"]
    word = {"path": path, "id": str(held)}.get(named, named)
    options = {**connection.options, "not_for_sale": f"{word}, ", "zone": zone}
    async with opened(replace(connection, options=options)) as source:
        level = (await levels(source, shop.east))[product]
        assert (level.on_hand, level.available) == (7, 5)
        assert (await levels(source, shop.west))[product].available == 0
        since = await source.mark()
        # when: one unit comes back from the quarantine
        shop.server.move_within(product, shop.east, held, shop.server.stock(shop.east), 1)
        assert (await changed(source, since))[product, shop.east] == 6
        shop.server.move_within(product, shop.east, shop.server.stock(shop.east), held, 1)
        steps = {step.name: step.detail async for step in source.check()}
    assert steps["warehouses"].endswith("Not for sale: Quarantine.")


@pytest.mark.parametrize("word", ["Damaged", "Stock"])
async def test_a_location_that_is_not_there_any_more_is_not_sold_without_a_word(
    shop: Shop, connection: Connection, quarantine: tuple[int, int], word: str
) -> None:
    options = {**connection.options, "not_for_sale": f"quarantine,{word}"}
    with pytest.raises(NotConfiguredError, match=f"names '{word}'") as refused:
        async with opened(replace(connection, options=options)):
            pass
    assert "Quarantine" in refused.value.advice
