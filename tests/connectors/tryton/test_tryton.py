"""What the Tryton source promises, against a real Tryton 8.2."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import httpx
import pytest

from invsync_tui.connectors.base import AliasRow, Connection, LevelRow, Page, ProductRow, WarehouseRow
from invsync_tui.connectors.errors import (
    MAX_TEXT,
    AuthError,
    ContractError,
    LockedOutError,
    NotConfiguredError,
    PermissionDeniedError,
    UnavailableError,
)
from invsync_tui.connectors.sources.tryton import TrytonSource, whole
from invsync_tui.connectors.sources.tryton.rpc import decode_time
from tests.support.servers.tryton.server import EAN_BLANK, EAN_RED, SHARED_ALIAS, USER_PASSWORD, Seeded, TrytonServer

pytestmark = pytest.mark.real


@asynccontextmanager
async def opened(connection: Connection) -> AsyncIterator[TrytonSource]:
    source = TrytonSource(connection)
    try:
        await source.open()
        yield source
    finally:
        await source.close()


async def everything(page: Callable[[str | None], Awaitable[Page[Any]]]) -> list[Any]:
    rows, cursor = [], None
    while True:
        got = await page(cursor)
        rows += got.rows
        cursor = got.next_cursor
        if cursor is None:
            return rows


async def levels(source: TrytonSource, warehouse: int) -> dict[int, LevelRow]:
    where = WarehouseRow(str(warehouse), "", "")
    return {int(row.product_ref): row for row in await everything(lambda c: source.levels_page(where, c))}


async def products(source: TrytonSource) -> dict[int, ProductRow]:
    return {int(row.ref): row for row in await everything(source.products_page)}


async def changed(source: TrytonSource, since: str) -> list[LevelRow]:
    return await everything(lambda cursor: source.changed_page(since, cursor))


def log_of_requests(source: TrytonSource, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """The JSON bodies that a source sends from now on."""
    seen: list[dict[str, Any]] = []
    once = source._rpc._http._once

    async def noted(method: str, path: str, **request: Any) -> Any:
        seen.append(request["json_body"])
        return await once(method, path, **request)

    monkeypatch.setattr(source._rpc._http, "_once", noted)
    return seen


def methods(seen: list[dict[str, Any]]) -> list[str]:
    return [body["method"] for body in seen]


def post(server: TrytonServer, method: str, *params: Any, **headers: str) -> httpx.Response:
    """A request of our own, past the connector."""
    body = {"id": 1, "method": method, "params": list(params)}
    return httpx.post(f"{server.url}/{server.database}/rpc/", json=body, headers=headers)


# --- the company -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def homeless(tryton_seeded: Seeded) -> str:
    """A user in the Stock group, but in no company."""
    tryton_seeded.server.create_user("homeless", company=None, groups=("Stock",))
    return "homeless"


async def test_a_login_without_a_company_is_refused_instead_of_reading_zeros(
    tryton_seeded: Seeded, homeless: str
) -> None:
    source = TrytonSource(tryton_seeded.server.connection(login=homeless))

    with pytest.raises(NotConfiguredError, match="every quantity would be 0"):
        await source.open()

    # The trap is real: the server answers 0 and no error.
    source._company = tryton_seeded.company
    assert {row.on_hand for row in (await levels(source, tryton_seeded.east)).values()} == {0}
    await source.close()


async def test_naming_a_company_does_not_help_a_login_that_belongs_to_none(
    tryton_seeded: Seeded, homeless: str
) -> None:
    connection = tryton_seeded.server.connection(login=homeless, company=str(tryton_seeded.company))
    with pytest.raises(NotConfiguredError):
        await TrytonSource(connection).open()


async def test_a_company_the_login_does_not_belong_to_is_refused(tryton_seeded: Seeded) -> None:
    with pytest.raises(NotConfiguredError, match="does not belong to company 4711"):
        await TrytonSource(tryton_seeded.server.connection(company="4711")).open()


async def test_a_company_can_be_named(tryton_seeded: Seeded) -> None:
    async with opened(tryton_seeded.server.connection(company=str(tryton_seeded.company))) as source:
        assert (await levels(source, tryton_seeded.west))[tryton_seeded.blue].on_hand == 7


async def test_nothing_is_read_before_it_is_open(tryton_seeded: Seeded) -> None:
    with pytest.raises(NotConfiguredError, match="not open"):
        await TrytonSource(tryton_seeded.server.connection()).products_page(None)


# --- quantities ------------------------------------------------------------------------------------------------------


async def test_every_quantity_is_asked_for_exactly_one_warehouse_of_one_company(
    tryton_seeded: Seeded, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened(tryton_seeded.server.connection()) as source:
        seen = log_of_requests(source, monkeypatch)
        await levels(source, tryton_seeded.east)
        await changed(source, "2000-01-01T00:00:00")

    reads = [body["params"] for body in seen if body["method"].endswith(".search_read")]
    contexts = [context for *_, names, context in reads if "quantity" in names]
    assert len(contexts) == 2 + 8  # moves, and then products, in two warehouses each
    assert all(len(context["locations"]) == 1 and context["company"] == tryton_seeded.company for context in contexts)


async def test_available_is_less_what_is_reserved_and_not_less_what_is_drafted(tryton_seeded: Seeded) -> None:
    async with opened(tryton_seeded.server.connection()) as source:
        found = await levels(source, tryton_seeded.east)

    blue, red = found[tryton_seeded.blue], found[tryton_seeded.red]
    assert (blue.on_hand, blue.available, blue.committed, blue.incoming) == (20, 16, 4, None)
    assert (red.on_hand, red.available, red.committed) == (5, 5, 0)


async def test_two_warehouses_are_never_added_up(tryton_seeded: Seeded) -> None:
    async with opened(tryton_seeded.server.connection()) as source:
        west = await levels(source, tryton_seeded.west)

    blue = west[tryton_seeded.blue]
    assert blue._replace(raw=None) == LevelRow(str(tryton_seeded.blue), str(tryton_seeded.west), 7, 7, 0)
    assert blue.raw is not None and blue.raw["quantity"] == 7.0
    assert west[tryton_seeded.red].available == 0


async def test_fractions_are_rounded_down(tryton_seeded: Seeded) -> None:
    async with opened(tryton_seeded.server.connection()) as source:
        assert (await levels(source, tryton_seeded.east))[tryton_seeded.flour].available == 2


@pytest.mark.parametrize(("quantity", "units"), [(2.75, 2), (16.9999999999, 17), (-0.5, -1), (0.0, 0), (1e12, 10**12)])
def test_rounding_down_is_not_fooled_by_floats(quantity: float, units: int) -> None:
    assert whole(quantity) == units


async def test_pages_are_complete_and_end(tryton_seeded: Seeded) -> None:
    async with opened(tryton_seeded.server.connection()) as source:
        source.capabilities = replace(source.capabilities, page_size=2)
        where = WarehouseRow(str(tryton_seeded.east), "", "")

        goods = [row.ref for row in await everything(source.products_page) if row.active and row.counted]
        assert goods == tryton_seeded.goods
        assert [r.product_ref for r in await everything(lambda c: source.levels_page(where, c))] == tryton_seeded.goods
        refs = {row.product_ref for row in await changed(source, "2000-01-01T00:00:00")}
        assert refs == set(tryton_seeded.goods)


# --- catalog -------------------------------------------------------------------------------------------------------


async def test_codes_and_aliases_are_reported_as_they_are(tryton_seeded: Seeded) -> None:
    async with opened(tryton_seeded.server.connection()) as source:
        found = await products(source)

    shared = AliasRow("CUSTOM", SHARED_ALIAS)
    red, blue = found[tryton_seeded.red], found[tryton_seeded.blue]
    assert (red.sku, red.name, red.aliases) == ("MUG-RED", "The MUG-", (AliasRow("EAN", EAN_RED), shared))
    assert (blue.sku, blue.aliases) == ("MUG-BLUE", (AliasRow("MPN", "B-77"), shared))


async def test_an_alias_of_two_products_is_reported_for_both(tryton_seeded: Seeded) -> None:
    async with opened(tryton_seeded.server.connection()) as source:
        found = await products(source)
    assert [r.ref for r in found.values() if AliasRow("CUSTOM", SHARED_ALIAS) in r.aliases] == [
        str(tryton_seeded.red),
        str(tryton_seeded.blue),
    ]


async def test_a_blank_code_is_no_sku_and_its_alias_remains(tryton_seeded: Seeded) -> None:
    async with opened(tryton_seeded.server.connection()) as source:
        blank = (await products(source))[tryton_seeded.blank]
    assert (blank.sku, blank.aliases) == (None, (AliasRow("EAN", EAN_BLANK),))


async def test_services_and_inactive_products_are_reported_as_such_and_have_no_levels(tryton_seeded: Seeded) -> None:
    async with opened(tryton_seeded.server.connection()) as source:
        found = {row.sku: (row.active, row.counted) for row in (await products(source)).values()}
        levels_of = {str(product) for product in await levels(source, tryton_seeded.east)}
    assert found == {
        "MUG-RED": (True, True),
        "MUG-BLUE": (True, True),
        "FLOUR": (True, True),
        None: (True, True),
        "ENGRAVING": (True, False),
        "GONE": (False, True),
    }
    assert levels_of == set(tryton_seeded.goods)


async def test_a_closed_warehouse_is_reported_as_inactive_and_not_as_gone(tryton_seeded: Seeded) -> None:
    server = tryton_seeded.server
    closed = server.create_warehouse("OLD", "Old")
    server.rpc("model.stock.location.write", [closed], {"active": False})

    async with opened(server.connection()) as source:
        assert await source.warehouses() == [
            WarehouseRow(str(tryton_seeded.east), "WH", "Warehouse"),
            WarehouseRow(str(tryton_seeded.west), "WEST", "West"),
            WarehouseRow(str(closed), "OLD", "Old", active=False),
        ]


async def test_an_answer_that_is_wrongly_labelled_gzip_is_read(tryton_seeded: Seeded) -> None:
    server = tryton_seeded.server
    async with opened(server.connection()) as source:
        fields = await source._rpc.call("model.product.product.fields_get", [], 0, {})
        headers = {**source._rpc._authorization(), "accept-encoding": "identity"}
        assert "quantity" in fields
        with pytest.raises(httpx.DecodingError):  # why the client's own Accept-Encoding must stay
            post(server, "model.product.product.fields_get", [], 0, {}, **headers)


def _now(server: TrytonServer, model: str = "product.product") -> str:
    """The database's now: the latest stamp on the products or identifiers."""
    field = "product" if model == "product.identifier" else "id"
    rows = server.find(model, [[field, ">", 0]], "write_date", "create_date")
    times = [row[stamp] for row in rows for stamp in ("write_date", "create_date") if row[stamp]]
    return max(decode_time(time, "") for time in times).isoformat()


async def test_a_delta_brings_products_whose_codes_change_hands(tryton_seeded: Seeded) -> None:
    # given
    server = tryton_seeded.server
    one, other = server.create_product("SWAP-1"), server.create_product("SWAP-2")
    async with opened(server.connection(overlap="0")) as source:
        since = _now(server)
        assert (await everything(lambda c: source.changed_products_page(since, c))) == []
        # when: the two swap their codes, which are unique, and one gets an alias
        for product, code in ((one, "SWAP-3"), (other, "SWAP-1"), (one, "SWAP-2")):
            server.rpc("model.product.product.write", [product], {"suffix_code": code})
        # then
        rows = await everything(lambda c: source.changed_products_page(since, c))
        assert {(row.ref, row.sku) for row in rows} == {(str(one), "SWAP-2"), (str(other), "SWAP-1")}
        # when: an identifier alone is added
        since = _now(server)
        server.create("product.identifier", product=one, type=None, code="NEW-ALIAS")
        (row,) = await everything(lambda c: source.changed_products_page(since, c))
        assert (row.ref, row.aliases) == (str(one), (AliasRow("CUSTOM", "NEW-ALIAS"),))
        # when: the other is deactivated
        since = _now(server, "product.identifier")
        for product in (one, other):
            server.deactivate(product)
        rows = await everything(lambda c: source.changed_products_page(since, c))
        assert [row.active for row in rows] == [False, False]
        for product in (one, other):
            server.rpc("model.product.product.delete", [product])


async def test_another_company_has_another_identity(tryton_seeded: Seeded) -> None:
    async with opened(tryton_seeded.server.connection()) as source:
        first, again = await source.identity(), await source.identity()
    assert first == again
    assert first["database"] == tryton_seeded.server.database
    assert "company created" in first


# --- changes ---------------------------------------------------------------------------------------------------------


async def test_a_delta_sees_exactly_the_product_that_changed(tryton_seeded: Seeded) -> None:
    server = tryton_seeded.server
    async with opened(server.connection(overlap="0")) as source:
        since = await source.mark()
        assert await changed(source, since) == []

        server.set_stock(tryton_seeded.red, tryton_seeded.west, 9)
        rows = await changed(source, since)
        server.set_stock(tryton_seeded.red, tryton_seeded.west, 0)

    assert [(r.product_ref, r.warehouse_ref, r.available) for r in rows] == [
        (str(tryton_seeded.red), str(tryton_seeded.east), 5),
        (str(tryton_seeded.red), str(tryton_seeded.west), 9),
    ]


async def test_a_delta_sees_a_reservation_and_its_release(tryton_seeded: Seeded) -> None:
    server = tryton_seeded.server
    async with opened(server.connection(overlap="0")) as source:
        available = []
        since = await source.mark()
        shipment = server.reserve(tryton_seeded.blank, tryton_seeded.east, 1)
        available += [r.available for r in await changed(source, since) if r.warehouse_ref == str(tryton_seeded.east)]
        since = await source.mark()
        server.release(shipment)
        available += [r.available for r in await changed(source, since) if r.warehouse_ref == str(tryton_seeded.east)]
    assert available == [2, 3]


async def test_a_delta_looks_back_for_transactions_that_commit_late(tryton_seeded: Seeded) -> None:
    async with opened(tryton_seeded.server.connection()) as source:
        assert {row.product_ref for row in await changed(source, await source.mark())} == set(tryton_seeded.goods)


async def test_a_text_that_is_no_mark_is_a_contract_error(tryton_seeded: Seeded) -> None:
    async with opened(tryton_seeded.server.connection()) as source:
        with pytest.raises(ContractError, match="not a mark"):
            await source.changed_page("", None)


async def test_without_the_stock_group_levels_are_read_but_no_delta(tryton_seeded: Seeded) -> None:
    server = tryton_seeded.server
    server.create_user("reader", company=tryton_seeded.company)
    connection = server.connection(login="reader")
    async with opened(connection) as source:
        assert (await levels(source, tryton_seeded.east))[tryton_seeded.blue].available == 16
        assert await source.mark() == ""
        with pytest.raises(PermissionDeniedError, match="not allowed"):
            await source.changed_page("2000-01-01T00:00:00", None)

    *_, last = [step async for step in TrytonSource(connection).check()]
    assert (last.name, last.ok) == ("stock moves", False)
    assert "group Stock" in last.advice


# --- logins ----------------------------------------------------------------------------------------------------------


async def test_a_refused_signs_in_as_never_sent_again(tryton_seeded: Seeded, monkeypatch: pytest.MonkeyPatch) -> None:
    tryton_seeded.server.create_user("typo", company=tryton_seeded.company)
    source = TrytonSource(tryton_seeded.server.connection(login="typo", password="not this one"))
    seen = log_of_requests(source, monkeypatch)

    for _ in range(3):
        with pytest.raises(AuthError) as refused:
            await source.open()
    await source.close()

    assert methods(seen) == ["common.db.login"]
    assert "not this one" not in str(refused.value)


async def test_a_locked_out_signs_in_as_told_from_a_wrong_password(tryton_seeded: Seeded) -> None:
    server = tryton_seeded.server
    server.create_user("locked", company=tryton_seeded.company)
    for _ in range(4):
        with pytest.raises(AuthError):
            await TrytonSource(server.connection(login="locked", password="wrong")).open()

    with pytest.raises(LockedOutError, match="429"):
        await TrytonSource(server.connection(login="locked", password=USER_PASSWORD)).open()


async def test_an_expired_session_is_renewed_once(tryton_seeded: Seeded, monkeypatch: pytest.MonkeyPatch) -> None:
    async with opened(tryton_seeded.server.connection()) as source:
        seen = log_of_requests(source, monkeypatch)
        tryton_seeded.server.end_sessions()
        assert len(await source.warehouses()) >= 2
    assert methods(seen)[:3] == [
        "model.stock.location.search_read",
        "common.db.login",
        "model.stock.location.search_read",
    ]


async def test_closing_ends_the_session_on_the_server(tryton_seeded: Seeded) -> None:
    server = tryton_seeded.server
    async with opened(server.connection()) as source:
        headers = source._rpc._authorization()
    assert post(server, "model.res.user.get_preferences", True, {}, **headers).status_code == 401


async def test_an_unknown_database_says_that_it_may_also_be_a_busy_one(
    tryton_server: TrytonServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = TrytonSource(tryton_server.connection(database="no-such"))
    seen = log_of_requests(source, monkeypatch)
    with pytest.raises(UnavailableError) as refused:
        await source.open()
    assert "name" in refused.value.advice
    assert "locked" in refused.value.advice
    assert len(seen) == 1


# --- errors inside good answers --------------------------------------------------------------------------------------


async def test_an_error_inside_a_good_answer_is_an_error(tryton_seeded: Seeded) -> None:
    async with opened(tryton_seeded.server.connection()) as source:
        with pytest.raises(ContractError, match="nofield"):
            await source._rpc.search_read("product.product", [], ["nofield"], {})


async def test_a_method_that_is_not_exposed_is_a_missing_permission(tryton_seeded: Seeded) -> None:
    async with opened(tryton_seeded.server.connection()) as source:
        with pytest.raises(PermissionDeniedError, match="403"):
            await source._rpc.call("model.product.product.products_by_location", [tryton_seeded.east], {})


async def test_a_huge_validation_error_is_cut(tryton_seeded: Seeded) -> None:
    async with opened(tryton_seeded.server.connection()) as source:
        with pytest.raises(ContractError) as refused:
            await source._rpc.call("model.product.identifier.create", [{"code": "x"}], {})
    assert len(refused.value.what) <= MAX_TEXT
    assert "product" in refused.value.what.lower()


# --- the connection test ---------------------------------------------------------------------------------------------


async def test_the_connection_test_names_what_it_saw(tryton_seeded: Seeded) -> None:
    source = TrytonSource(tryton_seeded.server.connection())
    steps = [step async for step in source.check()]
    await source.close()
    assert [(step.name, step.ok) for step in steps] == [
        (name, True) for name in ("server", "login", "company", "warehouses", "stock moves")
    ]
    assert "Tryton 8.2" in steps[0].detail
    assert "2 seen: WH Warehouse, WEST West." in steps[3].detail


async def test_the_connection_test_stops_at_the_first_failure(tryton_seeded: Seeded, homeless: str) -> None:
    source = TrytonSource(tryton_seeded.server.connection(login=homeless))
    steps = [step async for step in source.check()]
    await source.close()
    assert [step.ok for step in steps] == [True, True, False]
    assert "current" in steps[-1].advice
