"""The sandbox source keeps the source protocol over real HTTP, and its errors are the tree's."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest

from invsync_tui.connectors.base import LevelRow, Page, ProductRow, Source, WarehouseRow
from invsync_tui.connectors.errors import AuthError, ContractError, PermissionDeniedError, UnavailableError
from invsync_tui.connectors.sources.sandbox import SandboxSource
from tests.support.servers.sandbox import WmsHandle, sandbox_wms

EAST = WarehouseRow("wh-1", "EAST", "")
PAGES_MOST = 50


@pytest.fixture
def server() -> Iterator[WmsHandle]:
    with sandbox_wms(products=2500) as running:
        yield running


@pytest.fixture
def wms(server: WmsHandle, monkeypatch: pytest.MonkeyPatch) -> Iterator[WmsHandle]:
    monkeypatch.setattr("invsync_tui.connectors.http.BACKOFF_FIRST", 0.01)
    yield server
    server.faults()


@asynccontextmanager
async def opened(wms: WmsHandle, **options: str) -> AsyncIterator[SandboxSource]:
    source = SandboxSource(wms.connection(**options))
    await source.open()
    try:
        yield source
    finally:
        await source.close()


async def all_products(source: Source) -> list[ProductRow]:
    rows: list[ProductRow] = []
    cursor: str | None = None
    for _ in range(PAGES_MOST):
        page = await source.products_page(cursor)
        rows += page.rows
        if (cursor := page.next_cursor) is None:
            return rows
    raise AssertionError("no last page")


async def all_levels(source: Source, warehouse: WarehouseRow) -> list[LevelRow]:
    rows: list[LevelRow] = []
    cursor: str | None = None
    for _ in range(PAGES_MOST):
        page = await source.levels_page(warehouse, cursor)
        rows += page.rows
        if (cursor := page.next_cursor) is None:
            return rows
    raise AssertionError("no last page")


async def test_every_product_comes_once_over_all_pages(wms: WmsHandle) -> None:
    async with opened(wms) as source:
        rows = await all_products(source)
        first = await source.products_page(None)
    assert len(rows) == len({row.ref for row in rows}) == len({row.sku for row in rows}) == 2500
    assert len(first.rows) == 1000 and first.total == 2500
    assert {alias.alias_type for alias in rows[0].aliases} == {"UPC", "ASIN", "MPN"}
    assert sum(bool(row.components) for row in rows) == 50


async def test_levels_that_name_no_warehouse_come_under_the_default(wms: WmsHandle) -> None:
    async with opened(wms) as source:
        places = await source.warehouses()
        levels = {place.code: await all_levels(source, place) for place in places}
    assert [place.ref for place in places] == ["", "wh-1", "wh-2", "wh-3"]
    assert {row.warehouse_ref for row in levels["DEFAULT"]} == {""}
    assert len(levels["EAST"]) == 2450
    assert all(row.on_hand == row.available + (row.committed or 0) for row in levels["EAST"])
    assert all(row.read_at for row in levels["EAST"])


async def test_a_change_is_in_the_delta_after_its_mark_only(wms: WmsHandle) -> None:
    async with opened(wms) as source:
        sku = (await source.products_page(None)).rows[5].sku
        assert sku
        before = await source.mark()
        wms.set_level(sku, "EAST", 41, committed=2)
        page = await source.changed_page(before, None)
        after = await source.changed_page(await source.mark(), None)
    assert [(row.available, row.on_hand) for row in page.rows if row.warehouse_ref == "wh-1"] == [(41, 43)]
    assert len({row.product_ref for row in page.rows}) == 1
    assert after.rows == [] and after.next_cursor is None


async def test_removed_products_and_forgotten_levels_are_gone() -> None:
    with sandbox_wms(products=60) as wms:
        async with opened(wms) as source:
            before = await all_products(source)
            wms.control("remove", {"first": 10})
            sku = before[20].sku
            assert sku
            wms.set_level(sku, "EAST", None)
            rows, levels = await all_products(source), await all_levels(source, EAST)
    assert len(rows) == 50
    assert not {row.product_ref for row in levels} & {before[20].ref, *(row.ref for row in before[:10])}


async def test_a_wrong_token_is_an_auth_error_and_is_not_repeated(
    wms: WmsHandle, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INVSYNC_SANDBOX_TOKEN", "wrong")
    asked = len(wms.requests())
    source = SandboxSource(wms.connection())
    with pytest.raises(AuthError):
        await source.open()
    steps = [step async for step in source.check()]
    await source.close()
    assert [step.ok for step in steps] == [False]
    assert len(wms.requests()) == asked + 2


async def test_the_connection_test_names_the_warehouses(wms: WmsHandle) -> None:
    source = SandboxSource(wms.connection())
    steps = [step async for step in source.check()]
    await source.close()
    assert [step.ok for step in steps] == [True, True]
    assert "EAST" in steps[1].detail


async def test_another_customers_stock_is_forbidden(wms: WmsHandle) -> None:
    with pytest.raises(PermissionDeniedError):
        async with opened(wms, customer="nobody"):
            pass


async def test_the_servers_limit_is_kept_without_one_refusal() -> None:
    with sandbox_wms(products=300, burst=5, per_second=50) as wms:
        async with opened(wms) as source:
            await asyncio.gather(*(source.products_page(None) for _ in range(30)))
            budget = source.budget()
        statuses = [request["status"] for request in wms.requests()]
    assert statuses == [200] * 31
    assert budget and budget.from_server and budget.limit == 5 and round(budget.per_second) == 50


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ({"kind": "cut"}, UnavailableError),
        ({"kind": "drop"}, UnavailableError),
        ({"kind": "status", "status": 500}, UnavailableError),
        ({"kind": "status", "status": 404}, ContractError),
        ({"kind": "half_json"}, ContractError),
        ({"kind": "empty"}, ContractError),
    ],
)
async def test_a_fault_at_page_two_leaves_page_one_readable(
    wms: WmsHandle, fault: dict[str, object], error: type[Exception]
) -> None:
    wms.faults({**fault, "path": "/levels", "page": 2})
    async with opened(wms) as source:
        first = await source.levels_page(EAST, None)
        with pytest.raises(error):
            await source.levels_page(EAST, first.next_cursor)
        wms.faults()
        second = await source.levels_page(EAST, first.next_cursor)
    assert len(first.rows) == len(second.rows) == 1000


async def test_a_fault_that_passes_is_not_noticed(wms: WmsHandle) -> None:
    wms.faults({"kind": "cut", "path": "/levels", "page": 2, "times": 2})
    async with opened(wms) as source:
        assert len(await all_levels(source, EAST)) == 2450


async def test_pages_can_lie(wms: WmsHandle) -> None:
    async def second(kind: str) -> Page[ProductRow]:
        wms.faults({"kind": kind, "path": "/products", "page": 2})
        return await source.products_page(first.next_cursor)

    async with opened(wms) as source:
        first = await source.products_page(None)
        assert (await second("repeat")).rows == first.rows
        nothing = await second("no_rows")
        assert (nothing.rows, nothing.next_cursor, nothing.total) == ([], None, 2500)
        bad = await second("bad_row")
        assert len(bad.rows) == 999 and [ref for ref, _ in bad.rejected] == ["P0001001"]
        wms.faults({"kind": "endless", "path": "/products"})
        with pytest.raises(AssertionError, match="no last page"):
            await all_products(source)
