"""Goods in a location that is not for sale, against a real Tryton: Tryton itself counts them as stock like any other."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest

from invsync_tui.connectors.base import Connection, WarehouseRow
from invsync_tui.connectors.errors import NotConfiguredError
from invsync_tui.connectors.sources.tryton import TrytonSource
from tests.support.servers.tryton.server import Seeded, seed, served

pytestmark = pytest.mark.real


@asynccontextmanager
async def opened(connection: Connection) -> AsyncIterator[TrytonSource]:
    source = TrytonSource(connection)
    try:
        await source.open()
        yield source
    finally:
        await source.close()


async def stock(source: TrytonSource, warehouse: int, product: int) -> tuple[int, int]:
    """On hand and available."""
    rows = (await source.levels_page(WarehouseRow(str(warehouse), "", ""), None)).rows
    return next((row.on_hand, row.available) for row in rows if row.product_ref == str(product))


@pytest.fixture(scope="module")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seeded]:
    """A server of its own: elsewhere the whole catalog is compared."""
    with served(tmp_path_factory.mktemp("tryton")) as server:
        yield seed(server)


@pytest.fixture(scope="module")
def quarantine(seeded: Seeded) -> tuple[int, int]:
    """A product with 12 units in the east: 7 on the shelf, 3 in quarantine and 2 on a shelf of the quarantine."""
    server = seeded.server
    product = server.create_product("HELD-1")
    server.receive(product, seeded.east, 12)
    storage = server.storage(seeded.east)
    held = server.create("stock.location", name="Quarantine East", code="QE", type="storage", parent=storage)
    shelf = server.create("stock.location", name="Shelf 1", type="storage", parent=held)
    server.transfer(product, storage, held, 3)
    server.transfer(product, storage, shelf, 2)
    return product, held


@pytest.mark.parametrize("named", ["QE", " quarantine  east ", "id"])
async def test_goods_in_a_location_that_is_not_for_sale_are_not_counted(
    seeded: Seeded, quarantine: tuple[int, int], named: str
) -> None:
    product, held = quarantine
    async with opened(seeded.server.connection()) as source:
        assert await stock(source, seeded.east, product) == (12, 12)
    connection = seeded.server.connection(not_for_sale=str(held) if named == "id" else named)
    async with opened(connection) as source:
        assert await stock(source, seeded.east, product) == (7, 7)
        assert await stock(source, seeded.west, product) == (0, 0)
        since = await source.mark()
        # when: one unit comes back from the quarantine, and one is found bad
        seeded.server.transfer(product, held, seeded.server.storage(seeded.east), 1)
        back = {
            row.warehouse_ref: row.available
            for row in (await source.changed_page(since, None)).rows
            if row.product_ref == str(product)
        }
        assert back[str(seeded.east)] == 8
        seeded.server.transfer(product, seeded.server.storage(seeded.east), held, 1)
        assert await stock(source, seeded.east, product) == (7, 7)
        steps = {step.name: step.detail async for step in source.check()}
    assert steps["warehouses"].endswith("Not for sale: Quarantine East.")


async def test_a_location_that_is_not_there_any_more_is_not_sold_without_a_word(
    seeded: Seeded, quarantine: tuple[int, int]
) -> None:
    async with opened(seeded.server.connection(not_for_sale="QE, Damaged")) as source:
        with pytest.raises(NotConfiguredError, match="names 'Damaged'") as refused:
            await source.warehouses()
        assert "Quarantine East" in refused.value.advice
        with pytest.raises(NotConfiguredError, match="names 'Damaged'"):
            await stock(source, seeded.east, 1)
